import kafkajs from "kafkajs";
import { until } from "./kafka-until.ts";
import type { KafkaForTest } from "./kafka.ts";

type Found = { readonly value: Buffer | null; readonly headers: Record<string, string> };

/** The messages of a topic from its beginning, once there are as many as expected. */
export async function readTopic(kafka: KafkaForTest, topic: string, count: number): Promise<Found[]> {
  const client = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: kafka.unique("look") });
  const found: Found[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { value, headers = {} } }) => {
        found.push({ value, headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])) });
      },
    });
    await until(`${count} messages of ${topic}`, () => found.length >= count, 30_000);
    return found;
  } finally {
    await consumer.disconnect();
  }
}
