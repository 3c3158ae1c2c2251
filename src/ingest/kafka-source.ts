import type { EachBatchPayload } from "kafkajs";
import type { Log } from "../log.ts";
import type { KafkaSettings } from "../model/settings.ts";
import { MINUTE, SECOND } from "../model/time.ts";
import type { Clock, Millis } from "../model/time.ts";
import { createKafkaClient } from "./kafka-client.ts";
import { explainRefusal, hintOf, textOf } from "./kafka-failure.ts";
import { toMessage } from "./kafka-message.ts";
import { createPartitions, keyOf, type Partition } from "./kafka-partitions.ts";
import { createInsist, probe } from "./kafka-probe.ts";
import { stalled, watch, type Watch } from "./kafka-watchdog.ts";
import { sleep, within } from "./patience.ts";
import { SourceError, type BatchHandler, type EventSource } from "./source.ts";

/** What only tests have a reason to change. */
export type KafkaTuning = {
  readonly sessionTimeout: Millis;
  readonly rebalanceTimeout: Millis;
  readonly heartbeatInterval: Millis;
  /** A handler older than this is not vouched for any more: the group may give its partitions to somebody else. */
  readonly heartbeatFor: Millis;
  readonly maxBytesPerPartition: number;
  readonly maxBytes: number;
  readonly maxWaitTimeInMs: Millis;
  readonly concurrency: number;
  /** How often the broker is asked how far the group is, and where the partitions end. */
  readonly progressInterval: Millis;
  /** How long messages may wait while nothing moves. After that somebody else should start us again. */
  readonly stalledFor: Millis;
  /** How long a start may look for the brokers. */
  readonly connectWithin: Millis;
  /** How long the group may take to let us in; a member that died holds everybody up for `rebalanceTimeout`. */
  readonly joinWithin: Millis;
  /** The pause after a handler rejected: doubled each time, up to `maxRetryPause`. */
  readonly retryPause: Millis;
  readonly maxRetryPause: Millis;
};

const TUNING: KafkaTuning = {
  sessionTimeout: 45 * SECOND,
  rebalanceTimeout: 90 * SECOND,
  heartbeatInterval: 3 * SECOND,
  heartbeatFor: 30 * SECOND,
  // kafkajs takes an answer apart within one turn of the event loop, two microseconds a message: no more of them than
  // leave heartbeats and requests their time, and enough for large inserts.
  maxBytesPerPartition: 2 * 1024 * 1024,
  maxBytes: 6 * 1024 * 1024,
  maxWaitTimeInMs: SECOND,
  concurrency: 4,
  progressInterval: 2 * SECOND,
  stalledFor: 90 * SECOND,
  connectWithin: 10 * SECOND,
  joinWithin: 2 * MINUTE,
  retryPause: SECOND / 2,
  maxRetryPause: 10 * SECOND,
};

export type KafkaSourceOptions = {
  readonly settings: KafkaSettings;
  readonly log: Log;
  /** Called once, when the consumer is gone and will not come back by itself. */
  readonly onFatal: (reason: SourceError) => void;
  readonly now: Clock;
  /**
   * Whether what a batch was refused for is over. Until then it is kept and not fetched again: fetching a batch over and over,
   * only to find that the store is still away, would leave the memory of one beside that of the next. Absent: always.
   */
  readonly isReady?: () => Promise<boolean>;
  readonly tuning?: Partial<KafkaTuning>;
};

/** A source that reads the configured topics as a member of a consumer group. */
export function createKafkaSource(options: KafkaSourceOptions): EventSource {
  const { settings, log, onFatal, now, isReady = async () => true, tuning: overrides } = options;
  const tuning = { ...TUNING, ...overrides };
  const adapters = new Map(settings.topics.map(({ topic, adapter }) => [topic, adapter]));
  const topics = [...adapters.keys()];
  const client = (retries: number) => createKafkaClient(settings, { retries, restart: () => !stopping, log, now });
  // Few retries: what the admin client asks is asked again anyway.
  const admin = client(2).admin();
  const consumer = client(5).consumer({
    groupId: settings.group,
    retry: {},
    allowAutoTopicCreation: false,
    sessionTimeout: tuning.sessionTimeout,
    rebalanceTimeout: tuning.rebalanceTimeout,
    heartbeatInterval: tuning.heartbeatInterval,
    maxBytesPerPartition: tuning.maxBytesPerPartition,
    maxBytes: tuning.maxBytes,
    maxWaitTimeInMs: tuning.maxWaitTimeInMs,
  });

  const partitions = createPartitions({ admin, group: settings.group, log });
  /** Settles once the committed offsets of the present assignment are known. */
  let assigned: Promise<void> = Promise.resolve();
  /** Settles once what held no message for anybody is committed, one after the other; batches wait for it: no position may go back. */
  let skipped: Promise<void> = Promise.resolve();
  let running = false;
  let started = false;
  let stopping = false;
  let error: string | null = null;
  let gone = false;
  /** The ends could not be read, and that was said. */
  let blind = false;
  let watched: Watch | null = null;
  let progressTimer: NodeJS.Timeout | undefined;
  let progressRound: Promise<void> = Promise.resolve();
  const stopSignal = new AbortController();
  const insist = createInsist(settings, tuning.connectWithin, stopSignal.signal);

  /** Tells once that reading is over. Nothing below it is trusted to come back by itself. */
  function end(reason: SourceError): void {
    if (gone || stopping) return;
    gone = true;
    running = false;
    error = reason.message;
    for (const state of partitions.all()) state.drained = false;
    onFatal(reason);
  }

  /** One look at the broker, over connections of its own: what the consumer believes of itself is not asked. */
  async function updateProgress(): Promise<void> {
    try {
      const seen = await within(MINUTE, partitions.look(running));
      blind = false;
      watched = watch(watched, now(), seen, 3 * tuning.progressInterval);
    } catch (cause) {
      if (stopping) return;
      for (const state of partitions.all()) state.drained = false;
      if (!blind) log.warn("kafka: the ends of the partitions could not be read", { error: textOf(cause) });
      blind = true;
      // Nobody can read from a broker that does not answer.
      watched = null;
      return;
    }
    const waiting = stalled(watched, tuning.stalledFor);
    if (waiting.length === 0) return;
    end(
      new SourceError(
        `The Kafka consumer has not moved for ${tuning.stalledFor / SECOND} s while messages wait: ${waiting.slice(0, 5).join(", ")}${waiting.length > 5 ? ", …" : ""}.`,
        "Start the program again; reading goes on from the last commit. If this comes back, look for what holds up the store, or the group.",
      ),
    );
  }

  function scheduleProgress(pause: Millis): void {
    progressTimer = setTimeout(() => {
      progressRound = updateProgress().finally(() => stopping || scheduleProgress(tuning.progressInterval));
    }, pause);
  }

  /** Moves past what holds no message for anybody. */
  async function skip(topic: string, partition: number, next: bigint): Promise<void> {
    await assigned;
    const state = partitions.get(topic, partition);
    if (!state) return;
    await partitions.countGap(state, next);
    state.next = next;
    await consumer.commitOffsets([{ topic, partition, offset: String(next) }]);
  }

  async function readBatch(payload: EachBatchPayload, handle: BatchHandler): Promise<void> {
    const { batch } = payload;
    await Promise.all([assigned, skipped]);
    const state = partitions.get(batch.topic, batch.partition);
    const first = batch.firstOffset();
    if (!state || first === null || payload.isStale() || !payload.isRunning()) return;
    // Told of a rebalance in the meantime, this throws and spares a batch that would come again anyway.
    await payload.heartbeat();

    state.inHand = true;
    state.drained = false;
    try {
      await partitions.countGap(state, BigInt(first));
      state.next = BigInt(first);
      const next = BigInt(batch.lastOffset()) + 1n;
      const drained = next >= BigInt(batch.highWatermark);
      const handled = await withHeartbeats(payload, async () => {
        try {
          await handle(
            batch.messages.map((message) => toMessage(batch, message, adapters.get(batch.topic) ?? null)),
            { key: keyOf(batch.topic, batch.partition), drained },
          );
        } catch (cause) {
          await pauseAfterFailure(payload, state, first, cause);
          return false;
        }
        await payload.commitOffsetsIfNecessary({
          topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, offset: String(next) }] }],
        });
        payload.resolveOffset(batch.lastOffset());
        return true;
      });
      if (!handled) return;
      state.failure = null;
      state.failures = 0;
      state.next = next;
      state.committed = String(next);
      if (state.high === null || BigInt(batch.highWatermark) > state.high) state.high = BigInt(batch.highWatermark);
      state.drained = next >= state.high;
    } finally {
      state.inHand = false;
    }
  }

  /** Left unresolved, the batch is fetched again. Thrown at kafkajs instead, five failures in a lifetime would end the consumer. */
  async function pauseAfterFailure(payload: EachBatchPayload, state: Partition, first: string, cause: unknown): Promise<void> {
    state.failure = textOf(cause);
    const pause = Math.min(tuning.retryPause * 2 ** state.failures, tuning.maxRetryPause);
    state.failures += 1;
    log.error("kafka: a batch could not be handled and will come again", {
      partition: keyOf(state.topic, state.partition),
      first,
      pauseMs: pause,
      error: state.failure,
    });
    do {
      // Whoever rejects is no sleeper: it is the store that is away, and waiting for it is right.
      watched = null;
      await sleep(pause, stopSignal.signal);
      if (stopping || gone) return;
      // Nothing is in hand that a successor could repeat, so the place in the group is kept.
      await payload.heartbeat();
    } while (!(await isReady()));
  }

  /** A failed heartbeat is thrown only after the work, so that what is durable by then is committed: the next owner is spared a repeat. */
  async function withHeartbeats<T>(payload: EachBatchPayload, work: () => Promise<T>): Promise<T> {
    const since = now();
    const failed: unknown[] = [];
    const timer = setInterval(() => {
      if (failed.length > 0 || now() - since >= tuning.heartbeatFor) return;
      payload.heartbeat().catch((cause: unknown) => failed.push(cause));
    }, tuning.heartbeatInterval);
    try {
      const result = await work();
      if (failed.length > 0) throw failed[0];
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  async function run(handle: BatchHandler): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    const joined = new Promise<void>((resolve, reject) => {
      stopSignal.signal.addEventListener("abort", () => reject(new SourceError("Kafka: stopped while starting.", "Start again.")), {
        once: true,
      });
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        if (!gone) [running, error] = [true, null];
        assigned = partitions.assign(payload.memberAssignment);
        log.info("kafka: joined the group", { group: settings.group, partitions: partitions.keys().slice(0, 50) });
        void assigned.then(resolve);
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        running = false;
        error = textOf(payload.error);
        for (const state of partitions.all()) state.drained = false;
        if (payload.restart || stopping) return;
        const reason =
          explainRefusal(settings, payload.error)?.reason ??
          new SourceError(`The Kafka consumer stopped for good: ${error}`, hintOf(payload.error), { cause: payload.error });
        if (started) end(reason);
        else reject(reason);
      });
    });
    joined.catch(() => {});
    // What kafkajs filters out (aborted and control records) reaches no handler, but moves the position, here and at the broker.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      if (batchSize > 0) return;
      skipped = skipped
        .then(() => skip(topic, partition, BigInt(lastOffset) + 1n))
        .catch((cause: unknown) => {
          log.warn("kafka: a position could not be committed", { partition: keyOf(topic, partition), error: textOf(cause) });
        });
    });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: tuning.concurrency,
      eachBatch: (payload) => readBatch(payload, handle),
    });
    await within(tuning.joinWithin, joined).catch((cause: unknown) => {
      if (cause instanceof SourceError) throw cause;
      throw new SourceError(
        `The Kafka group ${settings.group} let nobody in within ${tuning.joinWithin / SECOND} s${error === null ? "" : `: ${error}`}.`,
        "A broker must advertise an address that is reachable from here; another member of the group may be hanging.",
        { cause },
      );
    });
    started = true;
  }

  async function leave(): Promise<void> {
    stopping = true;
    stopSignal.abort();
    clearTimeout(progressTimer);
    // Without a broker a farewell fails, and there is nobody left to tell.
    await consumer.disconnect().catch((cause: unknown) => log.warn("kafka: leaving the group failed", { error: textOf(cause) }));
    await progressRound;
    await admin.disconnect().catch(() => {});
    running = false;
    partitions.clear();
  }

  let stopped: Promise<void> | undefined;
  return {
    name: "kafka",
    async start(handle) {
      try {
        await probe(admin, settings, topics, insist);
        // Before kafkajs joins: where it finds its offset deleted it commits the earliest there is, and the gap is gone.
        await insist(() => partitions.readCommitted(topics));
        await run(handle);
      } catch (cause) {
        error = textOf(cause);
        await (stopped ??= leave());
        throw cause instanceof SourceError
          ? cause
          : new SourceError(`Kafka: ${textOf(cause)}`, "Check the broker's log and kafka.brokers.", { cause });
      }
      scheduleProgress(0);
    },
    stop: () => (stopped ??= leave()),
    status: () => ({
      running,
      error: error ?? partitions.all().find((state) => state.failure !== null)?.failure ?? null,
      partitions: partitions.statuses(),
      ...partitions.gaps(),
    }),
  };
}
