import kafkajs from "kafkajs";
import { onTestFinished } from "vitest";
import { startKafkaBroker } from "../support/kafka-broker.ts";

/** A broker with driftwatch's topics, gone after the test. Its address. */
export async function startKafkaWithTopics(): Promise<string> {
  const broker = await startKafkaBroker();
  onTestFinished(() => broker.stop());
  const admin = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = ["driftwatch.predictions", "driftwatch.labels"].map((topic) => ({ topic, numPartitions: 3 }));
  await admin.createTopics({ topics, waitForLeaders: true });
  await admin.disconnect();
  return broker.brokers.join(",");
}
