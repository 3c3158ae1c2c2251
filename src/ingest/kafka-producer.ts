import kafkajs from "kafkajs";
import type { Log } from "../log.ts";
import type { Clock } from "../model/time.ts";
import { createKafkaClient, type KafkaConnection } from "./kafka-client.ts";
import { SourceError } from "./source.ts";

export type OutgoingMessage = {
  readonly topic: string;
  readonly key: string;
  readonly bytes: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
};

export type KafkaProducer = {
  /** Resolves once all replicas in sync have the messages. What has one key stays in order. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
};

/** As many as the hint for a missing topic asks for. */
const PARTITIONS = 3;

/** Connects, and makes the topics that are missing. Rejects with a SourceError. */
export async function openKafkaProducer(options: {
  settings: KafkaConnection;
  topics: readonly string[];
  log: Log;
  now: Clock;
}): Promise<KafkaProducer> {
  const { settings, topics, log, now } = options;
  const where = settings.brokers.join(", ");
  const client = createKafkaClient(settings, { retries: 3, restart: () => false, log, now });
  const producer = client.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  const close = () => producer.disconnect();
  try {
    await producer.connect();
  } catch (cause) {
    throw new SourceError(
      `No Kafka broker answered at ${where}: ${textOf(cause)}.`,
      "Check that Kafka is running there, and that this machine may reach it.",
      { cause },
    );
  }
  const admin = client.admin();
  try {
    await admin.connect();
    const present = await admin.listTopics();
    const missing = topics.filter((topic) => !present.includes(topic)).map((topic) => ({ topic, numPartitions: PARTITIONS }));
    if (missing.length > 0) await admin.createTopics({ topics: missing, waitForLeaders: true });
  } catch (cause) {
    await close();
    throw new SourceError(
      `Kafka at ${where} did not make the topics ${topics.join(" and ")}: ${textOf(cause)}.`,
      "Make them yourself, or see that this client may. A broker must also advertise an address that is reachable from here.",
      { cause },
    );
  } finally {
    await admin.disconnect();
  }

  async function send(messages: readonly OutgoingMessage[]): Promise<void> {
    const used = [...new Set(messages.map(({ topic }) => topic))];
    try {
      await producer.sendBatch({
        acks: -1,
        compression: kafkajs.CompressionTypes.GZIP,
        // No timestamps: with those of the events, old ones would fall to the topic's retention at once.
        topicMessages: used.map((topic) => ({
          topic,
          messages: messages
            .filter((message) => message.topic === topic)
            .map(({ key, bytes, headers }) => ({
              key,
              value: bytes === null ? null : Buffer.from(bytes),
              ...(headers ? { headers } : {}),
            })),
        })),
      });
    } catch (cause) {
      throw new SourceError(
        `Kafka at ${where} did not take the messages: ${textOf(cause)}.`,
        "Check the broker's log. What was sent before is there, and sending it again is harmless.",
        { cause },
      );
    }
  }

  return { send, close };
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
