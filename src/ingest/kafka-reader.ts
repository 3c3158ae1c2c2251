import { randomBytes } from "node:crypto";
import type { Batch, Consumer } from "kafkajs";
import type { Log } from "../log.ts";
import type { KafkaSettings } from "../model/settings.ts";
import { MINUTE, SECOND, type Clock } from "../model/time.ts";
import { createKafkaClient } from "./kafka-client.ts";
import { explainRefusal, isUnknownTopic, textOf } from "./kafka-failure.ts";
import { toMessage } from "./kafka-message.ts";
import { keyOf } from "./kafka-partitions.ts";
import { sleep } from "./patience.ts";
import { SourceError, type Message } from "./source.ts";

/** Messages of one partition from an offset up to, and without, another. */
export type Stretch = { readonly topic: string; readonly partition: number; readonly from: bigint; readonly to: bigint };

export type KafkaReader = {
  /** What is retained of the topics now. */
  retained(topics: readonly string[]): Promise<Stretch[]>;
  /** How far the configured group is, by partition (`topic/partition`); a partition it never committed is absent. */
  committed(topics: readonly string[]): Promise<Map<string, bigint>>;
  /** Hands over every message of some stretches that is still there, in order within each partition. Never commits anything. */
  read(stretches: readonly Stretch[], take: (messages: readonly Message[]) => Promise<void> | void): Promise<void>;
  close(): Promise<void>;
};

/** Without a message for so long, something is wrong. */
const PATIENCE = MINUTE;

/** Reads topics beside the program, as a group of its own that is gone afterwards. Rejects with a SourceError. */
export async function openKafkaReader(options: { settings: KafkaSettings; log: Log; now: Clock }): Promise<KafkaReader> {
  const { settings, log, now } = options;
  const where = settings.brokers.join(", ");
  const client = createKafkaClient(settings, { retries: 3, restart: () => false, log, now });
  const admin = client.admin();
  const adapters = new Map(settings.topics.map(({ topic, adapter }) => [topic, adapter]));

  /** In words, where Kafka has none of its own. */
  async function asking<Answer>(what: string, work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof SourceError) throw cause;
      throw (
        explainRefusal(settings, cause)?.reason ??
        new SourceError(
          isUnknownTopic(cause)
            ? `A Kafka topic does not exist: ${what}.`
            : `Kafka at ${where} did not answer (${what}): ${textOf(cause)}.`,
          "Check kafka.brokers and kafka.topics, and that this machine may reach the brokers.",
          { cause },
        )
      );
    }
  }

  const retained = (topics: readonly string[]) =>
    asking(topics.join(", "), async () => {
      const found: Stretch[] = [];
      for (const topic of new Set(topics))
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
          found.push({ topic, partition, from: BigInt(low), to: BigInt(high) });
      return found.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
    });

  const committed = (topics: readonly string[]) =>
    asking("committed offsets", async () => {
      const found = new Map<string, bigint>();
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId: settings.group, topics: [...new Set(topics)] }))
        for (const { partition, offset } of partitions) if (!offset.startsWith("-")) found.set(keyOf(topic, partition), BigInt(offset));
      return found;
    });

  async function read(stretches: readonly Stretch[], take: (messages: readonly Message[]) => Promise<void> | void): Promise<void> {
    const wanted = new Map(stretches.filter(({ from, to }) => from < to).map((one) => [keyOf(one.topic, one.partition), one]));
    if (wanted.size === 0) return;
    // Beside the program's group by name, so that a right given for a prefix covers it.
    const groupId = `${settings.group}.reader.${randomBytes(6).toString("hex")}`;
    const consumer = client.consumer({ groupId, allowAutoTopicCreation: false, retry: {}, maxWaitTimeInMs: SECOND / 4 });
    try {
      await asking("reading", () => readWith(consumer, wanted, adapters, take));
    } finally {
      await consumer.disconnect().catch(() => {});
      // A group without members is forgotten by the brokers anyway, only later.
      await admin.deleteGroups([groupId]).catch(() => {});
    }
  }

  async function close(): Promise<void> {
    await admin.disconnect().catch(() => {});
  }

  await asking("connecting", () => admin.connect());
  return { retained, committed, read, close };
}

async function readWith(
  consumer: Consumer,
  wanted: ReadonlyMap<string, Stretch>,
  adapters: ReadonlyMap<string, string | null>,
  take: (messages: readonly Message[]) => Promise<void> | void,
): Promise<void> {
  const left = new Map(wanted);
  const ended = new AbortController();
  let movedAt = performance.now();
  let failure: { readonly cause: unknown } | null = null;
  const end = (cause?: unknown): void => {
    if (cause !== undefined) failure ??= { cause };
    ended.abort();
  };
  const reach = (topic: string, partition: number, next: bigint): void => {
    movedAt = performance.now();
    const stretch = left.get(keyOf(topic, partition));
    if (stretch && next < stretch.to) return;
    consumer.pause([{ topic, partitions: [partition] }]);
    left.delete(keyOf(topic, partition));
    if (left.size === 0) end();
  };
  const readBatch = async (batch: Batch): Promise<void> => {
    const stretch = left.get(keyOf(batch.topic, batch.partition));
    const messages = batch.messages.filter(({ offset }) => stretch && BigInt(offset) >= stretch.from && BigInt(offset) < stretch.to);
    await take(messages.map((message) => toMessage(batch, message, adapters.get(batch.topic) ?? null)));
    reach(batch.topic, batch.partition, BigInt(batch.lastOffset()) + 1n);
  };
  // What kafkajs filters out (control records, aborted transactions) reaches no handler.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
    if (batchSize === 0) reach(topic, partition, BigInt(lastOffset) + 1n);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => end(payload.error));
  await consumer.connect();
  await consumer.subscribe({ topics: [...new Set([...wanted.values()].map(({ topic }) => topic))], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, heartbeat, isStale }) => {
      if (ended.signal.aborted || isStale()) return;
      try {
        await readBatch(batch);
      } catch (cause) {
        // kafkajs would try the batch again; it is the taker that cannot.
        return end(cause);
      }
      await heartbeat();
    },
  });
  for (const { topic, partition, from } of wanted.values()) consumer.seek({ topic, partition, offset: String(from) });
  while (!ended.signal.aborted) {
    if (performance.now() - movedAt > PATIENCE)
      end(
        new SourceError(
          `Kafka gave no message for ${PATIENCE / SECOND} s: ${[...left.keys()].slice(0, 5).join(", ")}.`,
          "An open transaction may hold the end of a partition back; try again once it is done, and look at the broker's log.",
        ),
      );
    await sleep(SECOND, ended.signal);
  }
  if (failure !== null) throw (failure as { readonly cause: unknown }).cause;
}
