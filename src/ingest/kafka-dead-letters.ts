import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import { SECOND, type Clock, type Millis } from "../model/time.ts";
import type { KafkaConnection } from "./kafka-client.ts";
import { textOf } from "./kafka-failure.ts";
import { openKafkaProducer, type KafkaProducer, type OutgoingMessage } from "./kafka-producer.ts";
import type { Refused } from "./pipeline.ts";

/** Bytes sent as one batch: brokers take a megabyte of each partition, unless told otherwise. */
const BATCH_BYTES = 512 * 1024;
/** How long taking events may be held up by one batch of letters, and how long a topic that failed is left alone. */
const PATIENCE = 5 * SECOND;
const PAUSE = 30 * SECOND;

export type DeadLetterTopic = {
  /** Resolves once the letters are with all replicas in sync, or it is given up; never rejects. */
  send(refused: readonly Refused[]): Promise<void>;
  /** Letters that the topic did not take. */
  unsent(): number;
  close(): Promise<void>;
};

/**
 * Refused messages as they came, on a topic of their own, for those who want to look at them there. The rows of the
 * store are what counts: a topic that fails costs a moment, then is left alone for a while, and what it missed is only counted.
 */
export function createDeadLetterTopic(options: {
  settings: KafkaConnection;
  topic: string;
  log: Log;
  now: Clock;
  patience?: Millis;
}): DeadLetterTopic {
  const { settings, topic, log, now, patience = PATIENCE } = options;
  let producer: Promise<KafkaProducer> | null = null;
  let pausedUntil = 0;
  let unsent = 0;

  async function send(refused: readonly Refused[]): Promise<void> {
    if (now() < pausedUntil) {
      unsent += refused.length;
      return;
    }
    let sent = 0;
    const given = new AbortController();
    const late = sleep(patience, undefined, { signal: given.signal }).then(() => {
      throw new Error(`it took longer than ${patience / SECOND} s`);
    });
    try {
      const work = sendAll(refused, (count) => (sent += count), given.signal);
      // Who comes too late has nobody to tell.
      work.catch(() => {});
      await Promise.race([work, late]);
    } catch (cause) {
      unsent += refused.length - sent;
      pausedUntil = now() + PAUSE;
      log.error("kafka: dead letters could not be sent to their topic; they are in the store", {
        topic,
        letters: refused.length - sent,
        error: textOf(cause),
        again_in_s: PAUSE / SECOND,
      });
      await forget();
    } finally {
      given.abort();
      late.catch(() => {});
    }
  }

  async function sendAll(refused: readonly Refused[], onSent: (count: number) => void, given: AbortSignal): Promise<void> {
    producer ??= openKafkaProducer({ settings, topics: [topic], log, now });
    const open = await producer;
    for (const batch of batches(refused.map((one) => letter(topic, one)))) {
      if (given.aborted) return;
      await open.send(batch);
      onSent(batch.length);
    }
  }

  /** A connection that failed is not used again. */
  async function forget(): Promise<void> {
    const failed = producer;
    producer = null;
    void failed?.then((open) => open.close()).catch(() => {});
  }

  return {
    send,
    unsent: () => unsent,
    async close() {
      await producer?.then((open) => open.close()).catch(() => {});
    },
  };
}

function letter(topic: string, { message: { origin, bytes }, reason }: Refused): OutgoingMessage {
  return {
    topic,
    key: `${encodeURIComponent(origin.topic)}/${origin.partition}`,
    bytes,
    headers: {
      "driftwatch-reason": reason,
      "driftwatch-source": origin.source,
      // A Kafka topic is written as it is; the name of a file may hold anything.
      "driftwatch-topic": encodeURIComponent(origin.topic),
      "driftwatch-partition": String(origin.partition),
      "driftwatch-offset": origin.offset,
    },
  };
}

function* batches(letters: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let batch: OutgoingMessage[] = [];
  let bytes = 0;
  for (const one of letters) {
    const size = (one.bytes?.length ?? 0) + 256;
    if (batch.length > 0 && bytes + size > BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(one);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
