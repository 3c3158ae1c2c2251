import kafkajs from "kafkajs";
import { expect, onTestFinished, test } from "vitest";
import { readCompose } from "../support/compose.ts";
import { freePorts, ownBrokerUnavailable, startBrokerWith } from "../support/kafka-broker.ts";

const reason = ownBrokerUnavailable();
if (reason !== null) console.warn(`\n${"!".repeat(100)}\n!!! THE STACK'S KAFKA IS NOT STARTED: ${reason}\n${"!".repeat(100)}\n`);

/** As the image reads its environment: KAFKA_LOG_DIRS is log.dirs. What concerns the machine and not the broker is left out. */
function propertiesOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => name.startsWith("KAFKA_") && name !== "KAFKA_HEAP_OPTS")
      .map(([name, value]) => [name.slice("KAFKA_".length).toLowerCase().replaceAll("_", "."), value]),
  );
}

test.skipIf(reason !== null)(
  "a broker starts with the settings of the stack, and each listener sends its clients back to itself",
  async () => {
    const [inside, controller, host] = await freePorts();
    const moved = (value: string) =>
      value
        .replace(/(?:0\.0\.0\.0|kafka):9092\b/g, `127.0.0.1:${inside}`)
        .replace(/(?:0\.0\.0\.0|kafka):9093\b/g, `127.0.0.1:${controller}`)
        .replace(/(?:0\.0\.0\.0|localhost):29092\b/g, `127.0.0.1:${host}`);
    const written = propertiesOf(readCompose().services["kafka"]?.environment ?? {});
    expect(written).toMatchObject({
      "advertised.listeners": "INSIDE://kafka:9092,HOST://localhost:29092",
      "log.dirs": "/var/lib/kafka/data",
      "auto.create.topics.enable": "false",
    });
    const broker = await startBrokerWith([`127.0.0.1:${inside}`], (logs) => ({
      ...Object.fromEntries(Object.entries(written).map(([key, value]) => [key, moved(value)])),
      "log.dirs": logs,
    }));
    onTestFinished(() => broker.stop());

    for (const port of [inside, host]) {
      const kafka = new kafkajs.Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: kafkajs.logLevel.NOTHING });
      const admin = kafka.admin();
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      expect(brokers.map((one) => `${one.host}:${one.port}`)).toEqual([`127.0.0.1:${port}`]);
      // A group needs the internal topics, which one broker must be enough for.
      const topic = `events-${port}`;
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 3, replicationFactor: 1 }] });
      await admin.setOffsets({ groupId: `group-${port}`, topic, partitions: [{ partition: 0, offset: "0" }] });
      await admin.disconnect();
    }
  },
  120_000,
);
