import { setTimeout as setTimeoutAsync } from "node:timers/promises";
import type { Batch, EachBatchPayload, KafkaMessage } from "kafkajs";
import type { Log } from "../log.ts";
import type { KafkaSettings } from "../model/settings.ts";
import { MINUTE, SECOND } from "../model/time.ts";
import type { Clock, Millis } from "../model/time.ts";
import { createKafkaClient } from "./kafka-client.ts";
import { SourceError, type BatchHandler, type EventSource, type Message } from "./source.ts";

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
  /** How often the ends of the partitions are asked for. */
  readonly progressInterval: Millis;
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
  maxBytesPerPartition: 4 * 1024 * 1024,
  maxBytes: 32 * 1024 * 1024,
  maxWaitTimeInMs: SECOND,
  concurrency: 4,
  progressInterval: 2 * SECOND,
  connectWithin: 10 * SECOND,
  joinWithin: 2 * MINUTE,
  retryPause: SECOND / 2,
  maxRetryPause: 10 * SECOND,
};

type Partition = {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read, where it is known. */
  next: bigint | null;
  committed: string | null;
  high: bigint | null;
  drained: boolean;
  inHand: boolean;
  /** Why the handler rejected last; null once it resolved. */
  failure: string | null;
  failures: number;
};

export type KafkaSourceOptions = {
  readonly settings: KafkaSettings;
  readonly log: Log;
  /** Called once, when the consumer is gone and will not come back by itself. */
  readonly onFatal: (reason: SourceError) => void;
  readonly now: Clock;
  readonly tuning?: Partial<KafkaTuning>;
};

/** A source that reads the configured topics as a member of a consumer group. */
export function createKafkaSource({ settings, log, onFatal, now, tuning: overrides }: KafkaSourceOptions): EventSource {
  const tuning = { ...TUNING, ...overrides };
  const topics = [...new Set([settings.topics.predictions, settings.topics.labels])];
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

  let partitions = new Map<string, Partition>();
  /** Settles once the committed offsets of the present assignment are known. */
  let assigned: Promise<void> = Promise.resolve();
  let running = false;
  let started = false;
  let stopping = false;
  let error: string | null = null;
  let committedAtStart: ReadonlyMap<string, string> = new Map();
  let gaps = 0;
  let lost = 0n;
  /** The ends could not be read, and that was said. */
  let blind = false;
  let progressTimer: NodeJS.Timeout | undefined;
  let progressRound: Promise<void> = Promise.resolve();
  const stopSignal = new AbortController();

  async function readCommitted(ofTopics: readonly string[]): Promise<Map<string, string>> {
    const committed = new Map<string, string>();
    for (const { topic, partitions: offsets } of await admin.fetchOffsets({ groupId: settings.group, topics: [...ofTopics] })) {
      // Negative: nothing committed yet.
      for (const { partition, offset } of offsets) if (!offset.startsWith("-")) committed.set(keyOf(topic, partition), offset);
    }
    return committed;
  }

  async function assign(assignment: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const before = partitions;
    const mine = new Map<string, Partition>();
    for (const [topic, numbers] of Object.entries(assignment)) {
      for (const partition of numbers) {
        const key = keyOf(topic, partition);
        mine.set(
          key,
          before.get(key) ?? {
            topic,
            partition,
            next: null,
            committed: null,
            high: null,
            drained: false,
            inHand: false,
            failure: null,
            failures: 0,
          },
        );
      }
    }
    partitions = mine;
    if (mine.size === 0) return;
    const atStart = committedAtStart;
    committedAtStart = new Map();
    try {
      for (const [key, offset] of await readCommitted(Object.keys(assignment))) {
        const state = mine.get(key);
        if (!state) continue;
        state.committed = offset;
        state.next = BigInt(atStart.get(key) ?? offset);
      }
    } catch (cause) {
      // Without them reading goes on all the same; only a gap right at the start would pass unseen.
      log.warn("kafka: the committed offsets could not be read", { error: textOf(cause) });
    }
  }

  /** Asks for the ends of all partitions: the only way to learn that an empty one is drained. */
  async function updateProgress(): Promise<void> {
    const present = partitions;
    try {
      for (const topic of new Set([...present.values()].map((state) => state.topic))) {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
          const state = present.get(keyOf(topic, partition));
          if (!state) continue;
          const next = state.next === null || state.next < BigInt(low) ? BigInt(low) : state.next;
          if (state.high === null || BigInt(high) > state.high) state.high = BigInt(high);
          state.drained = !state.inHand && running && next >= state.high;
        }
      }
      blind = false;
    } catch (cause) {
      if (stopping) return;
      for (const state of present.values()) state.drained = false;
      if (!blind) log.warn("kafka: the ends of the partitions could not be read", { error: textOf(cause) });
      blind = true;
    }
  }

  function scheduleProgress(pause: Millis): void {
    progressTimer = setTimeout(() => {
      progressRound = updateProgress().finally(() => stopping || scheduleProgress(tuning.progressInterval));
    }, pause);
  }

  /** A hole in the offsets is a loss where the log now begins later than we had read; compaction leaves holes that are none. */
  async function countGap(state: Partition, first: bigint): Promise<void> {
    if (state.next === null || first === state.next) return;
    const facts = { partition: keyOf(state.topic, state.partition), expected: String(state.next), found: String(first) };
    if (first < state.next) {
      state.high = null;
      log.warn("kafka: offsets went back; was the topic deleted and made anew, or the group reset?", facts);
      return;
    }
    const ends = await admin.fetchTopicOffsets(state.topic);
    const low = BigInt(ends.find(({ partition }) => partition === state.partition)?.low ?? first);
    const missing = (low < first ? low : first) - state.next;
    if (missing <= 0n) return;
    gaps += 1;
    lost += missing;
    log.error("kafka: messages were gone before they could be read; is retention shorter than the lag?", {
      ...facts,
      lost: String(missing),
    });
  }

  async function readBatch(payload: EachBatchPayload, handle: BatchHandler): Promise<void> {
    const { batch } = payload;
    await assigned;
    const state = partitions.get(keyOf(batch.topic, batch.partition));
    const first = batch.firstOffset();
    if (!state || first === null || payload.isStale() || !payload.isRunning()) return;
    // Told of a rebalance in the meantime, this throws and spares a batch that would come again anyway.
    await payload.heartbeat();

    state.inHand = true;
    state.drained = false;
    try {
      await countGap(state, BigInt(first));
      state.next = BigInt(first);
      const next = BigInt(batch.lastOffset()) + 1n;
      const drained = next >= BigInt(batch.highWatermark);
      const handled = await withHeartbeats(payload, async () => {
        try {
          await handle(
            batch.messages.map((message) => toMessage(batch, message)),
            { key: keyOf(batch.topic, batch.partition), drained },
          );
        } catch (cause) {
          await pauseAfterFailure(state, first, cause);
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
  async function pauseAfterFailure(state: Partition, first: string, cause: unknown): Promise<void> {
    state.failure = textOf(cause);
    const pause = Math.min(tuning.retryPause * 2 ** state.failures, tuning.maxRetryPause);
    state.failures += 1;
    log.error("kafka: a batch could not be handled and will come again", {
      partition: keyOf(state.topic, state.partition),
      first,
      pauseMs: pause,
      error: state.failure,
    });
    await sleep(pause, stopSignal.signal);
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

  /** Kafka may be starting beside us, so a refusal is given until `connectWithin` to turn into an answer. */
  async function connect(): Promise<void> {
    const deadline = performance.now() + tuning.connectWithin;
    for (let refusal: unknown; ;) {
      const attempt = admin.connect().catch((cause: unknown) => {
        refusal = cause;
        throw cause;
      });
      try {
        return await within(deadline - performance.now(), attempt);
      } catch (cause) {
        // The refusal tells more than the deadline does.
        if (stopping || performance.now() >= deadline) throw refusal ?? cause;
      }
      await sleep(Math.min(SECOND / 2, Math.max(0, deadline - performance.now())), stopSignal.signal);
    }
  }

  /** Rejects unless the brokers answer and every topic is there. */
  async function probe(): Promise<void> {
    const where = settings.brokers.join(", ");
    try {
      await connect();
    } catch (cause) {
      throw new SourceError(
        `No Kafka broker answered at ${where}: ${textOf(cause)}.`,
        "Check that Kafka is running, that kafka.brokers names it, and that this machine may reach it. A broker must also advertise an address that is reachable from here.",
        { cause },
      );
    }
    for (const topic of topics) {
      try {
        await admin.fetchTopicMetadata({ topics: [topic] });
      } catch (cause) {
        if (!isUnknownTopic(cause))
          throw new SourceError(
            `Kafka at ${where} did not describe the topic ${topic}: ${textOf(cause)}.`,
            "Check the broker's log, and that this client may read the topic.",
            { cause },
          );
        throw new SourceError(
          `The Kafka topic ${topic} does not exist.`,
          `Create it: kafka-topics.sh --bootstrap-server ${settings.brokers[0] ?? "localhost:9092"} --create --topic ${topic} --partitions 3`,
          { cause },
        );
      }
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
        running = true;
        error = null;
        assigned = assign(payload.memberAssignment);
        log.info("kafka: joined the group", { group: settings.group, partitions: [...partitions.keys()].slice(0, 50) });
        void assigned.then(resolve);
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        running = false;
        error = textOf(payload.error);
        for (const state of partitions.values()) state.drained = false;
        if (payload.restart || stopping) return;
        const reason = new SourceError(
          `The Kafka consumer stopped for good: ${error}`,
          "Restart the program once the cause is mended; reading goes on from the last commit.",
          { cause: payload.error },
        );
        if (started) onFatal(reason);
        else reject(reason);
      });
    });
    joined.catch(() => {});
    // What kafkajs filters out (aborted and control records) reaches no handler, but moves the position.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const state = partitions.get(keyOf(payload.topic, payload.partition));
      if (state && payload.batchSize === 0) state.next = BigInt(payload.lastOffset) + 1n;
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
    partitions = new Map();
  }

  let stopped: Promise<void> | undefined;
  return {
    name: "kafka",
    async start(handle) {
      try {
        await probe();
        // Before kafkajs joins: where it finds its offset deleted it commits the earliest there is, and the gap is gone.
        committedAtStart = await readCommitted(topics);
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
      error: error ?? [...partitions.values()].find((state) => state.failure !== null)?.failure ?? null,
      partitions: [...partitions].map(([key, { committed, high, drained }]) => ({
        key,
        committed,
        highWatermark: high === null ? null : String(high),
        drained,
      })),
      gaps,
      lost: Number(lost),
    }),
  };
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function toMessage(batch: Batch, message: KafkaMessage): Message {
  const timestamp = Number(message.timestamp);
  return {
    origin: { source: "kafka", topic: batch.topic, partition: batch.partition, offset: message.offset },
    bytes: message.value,
    timestamp: timestamp >= 0 ? timestamp : null,
  };
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isUnknownTopic(cause: unknown): boolean {
  for (let at = cause; at instanceof Error; at = at.cause) {
    if ((at as { type?: unknown }).type === "UNKNOWN_TOPIC_OR_PARTITION") return true;
  }
  return false;
}

function within<T>(limit: Millis, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = setTimeoutAsync(limit, undefined, { signal: done.signal }).then(() => {
    throw new Error("no answer in time");
  });
  return Promise.race([work, late]).finally(() => done.abort());
}

/** Ends early, and without an error, when `signal` is given. */
async function sleep(pause: Millis, signal: AbortSignal): Promise<void> {
  await setTimeoutAsync(pause, undefined, { signal }).catch(() => {});
}
