import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";
import { inject } from "vitest";
import type { KafkaTopic, NativeTopics } from "../../src/model/settings.ts";
import { kafkaUnavailable } from "./kafka-broker.ts";
import type { KafkaState } from "./kafka-global-setup.ts";
import { until } from "./kafka-until.ts";

/** A message with more to it than its value. `timestamp` is in milliseconds, as text. */
type KafkaRecord = {
  readonly value: string;
  readonly key?: string;
  readonly timestamp?: string;
  readonly headers?: Readonly<{ [name: string]: string | string[] }>;
};

export type KafkaForTest = {
  readonly brokers: readonly string[];
  readonly admin: Admin;
  /** A name nobody else uses, for a topic or a group. */
  unique(prefix: string): string;
  /** Makes a topic with a name of its own. */
  createTopic(partitions: number, config?: Readonly<Record<string, string>>): Promise<string>;
  produce(topic: string, partition: number, values: readonly (string | null | KafkaRecord)[]): Promise<void>;
  /** The committed offset, or null. */
  committed(group: string, topic: string, partition: number): Promise<string | null>;
  close(): Promise<void>;
};

/** The topics of our own events, as the configuration has them. */
export function nativeTopics({ predictions, labels }: NativeTopics): readonly KafkaTopic[] {
  return [...new Set([predictions, labels])].map((topic) => ({ topic, adapter: null }));
}

/** Why the Kafka tests of this run are skipped, said loudly; null where they run. */
export function kafkaSkipReason(): string | null {
  const reason = kafkaUnavailable();
  if (reason !== null) console.warn(`\n${"!".repeat(100)}\n!!! KAFKA TESTS ARE SKIPPED: ${reason}\n${"!".repeat(100)}\n`);
  return reason;
}

/** The broker of this run, started by the first who asks. Close it after use. */
export async function kafkaForTest(): Promise<KafkaForTest> {
  const brokers = await brokersOfThisRun();
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  const topics: string[] = [];
  const unique = (prefix: string) => `${prefix}-${randomBytes(6).toString("hex")}`;

  return {
    brokers,
    admin,
    unique,
    async createTopic(partitions, config = {}) {
      const topic = unique("events");
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
      });
      topics.push(topic);
      return topic;
    },
    async produce(topic, partition, values) {
      await producer.send({
        topic,
        messages: values.map((value) => ({ partition, ...(typeof value === "string" || value === null ? { value } : value) })),
      });
    },
    async committed(group, topic, partition) {
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const offset = offsets?.partitions.find((entry) => entry.partition === partition)?.offset;
      return offset === undefined || offset.startsWith("-") ? null : offset;
    },
    async close() {
      if (topics.length > 0) await admin.deleteTopics({ topics });
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
}

async function brokersOfThisRun(): Promise<readonly string[]> {
  const directory = inject("kafkaDirectory");
  await writeFile(path.join(directory, "wanted"), "");
  const file = path.join(directory, "state.json");
  // Maven may have to fetch 46 MB first.
  await until("the Kafka broker of this run", () => existsSync(file), 180_000);
  const state = JSON.parse(await readFile(file, "utf8")) as KafkaState;
  if ("error" in state) throw new Error(state.error);
  return state.brokers;
}
