"""Sends events from a thread of its own. A request only puts its event into a queue; when that is full, the event is dropped and counted."""

import logging
import queue
import threading
from collections.abc import Callable

import driftwatch_events
from confluent_kafka import KafkaException, Producer

log = logging.getLogger("uvicorn.error")

Deliver = Callable[[list[dict]], int]
"""Delivers events, and returns how many of them were refused."""


class Sender:
    def __init__(self, deliver: Deliver, most: int = 10_000) -> None:
        self.counts = {"sent": 0, "refused": 0, "dropped": 0}
        self._deliver = deliver
        self._lock = threading.Lock()
        self._queue: queue.Queue[dict | None] = queue.Queue(most)
        self._thread = threading.Thread(target=self._run, name="driftwatch", daemon=True)
        self._thread.start()

    def offer(self, build: Callable[..., dict], **fields: object) -> None:
        """Never waits and never raises: an event that cannot be is no reason to fail a request."""
        try:
            self._queue.put_nowait(build(**fields))
        except queue.Full:
            self._count("dropped", 1)
        except driftwatch_events.EventError as error:
            self._count("refused", 1)
            log.warning("no event for driftwatch: %s", error)

    def waiting(self) -> int:
        return self._queue.qsize()

    def close(self, timeout: float = 10) -> None:
        """Sends what is left, for as long as there is time."""
        try:
            self._queue.put(None, timeout=timeout)
        except queue.Full:
            return
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            batch, is_last = self._next_batch()
            if batch:
                self._send(batch)
            if is_last:
                return

    def _next_batch(self) -> tuple[list[dict], bool]:
        """All that waits, as far as one request may well hold it."""
        batch: list[dict] = []
        event = self._queue.get()
        while event is not None:
            batch.append(event)
            if len(batch) == 1_000 or self._queue.empty():
                return batch, False
            event = self._queue.get()
        return batch, True

    def _send(self, batch: list[dict]) -> None:
        try:
            refused = self._deliver(batch)
        except (driftwatch_events.SendError, KafkaException) as error:
            self._count("dropped", len(batch))
            log.warning("%d events are lost: %s", len(batch), error)
            return
        self._count("refused", refused)
        self._count("sent", len(batch) - refused)

    def _count(self, what: str, events: int) -> None:
        with self._lock:
            self.counts[what] += events


def over_http(url: str, token: str | None) -> Deliver:
    def deliver(batch: list[dict]) -> int:
        rejected = driftwatch_events.send(url, batch, token=token).rejected
        for one in rejected[:3]:
            log.warning("driftwatch refused an event (%s): %s", one.reason, one.message)
        return len(rejected)

    return deliver


def over_kafka(brokers: str) -> Deliver:
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "compression.type": "zstd", "linger.ms": 50})

    def deliver(batch: list[dict]) -> int:
        failures: list[str] = []

        def delivered(error: object, _: object) -> None:
            if error is not None:
                failures.append(str(error))

        for event in batch:
            key, value = driftwatch_events.to_kafka_message(event)
            topic = "driftwatch.labels" if event["type"] == "label" else "driftwatch.predictions"
            producer.produce(topic, value, key, on_delivery=delivered)
        producer.flush()
        if failures:
            log.warning("Kafka did not take %d events: %s", len(failures), failures[0])
        return len(failures)

    return deliver
