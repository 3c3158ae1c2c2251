import { randomBytes } from "node:crypto";
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";
import { freePorts, serverProperties, startBrokerWith } from "./kafka-broker.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export type FaultyKafka = {
  /** The way tests go: always open. */
  readonly direct: string;
  /** The way the program goes, through `proxy`; the broker sends those who come this way back to it. */
  readonly brokers: readonly string[];
  readonly proxy: TcpProxy;
  readonly admin: Admin;
  unique(prefix: string): string;
  createTopic(partitions: number): Promise<string>;
  produce(topic: string, partition: number, values: readonly string[], compression?: number): Promise<void>;
  stop(): Promise<void>;
};

/** A broker of its own for failures of the way to it. */
export async function startFaultyKafka(): Promise<FaultyKafka> {
  const [port, controller, hidden] = await freePorts();
  const proxy = await startTcpProxy(() => hidden);
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller},FAULTY://127.0.0.1:${hidden}`;
  const broker = await startBrokerWith([`127.0.0.1:${port}`], (logs) => ({
    ...serverProperties(port, controller, logs),
    listeners,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port},FAULTY://127.0.0.1:${proxy.port}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAULTY:PLAINTEXT",
  }));
  const kafka = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  const unique = (prefix: string) => `${prefix}-${randomBytes(6).toString("hex")}`;
  return {
    direct: `127.0.0.1:${port}`,
    brokers: [`127.0.0.1:${proxy.port}`],
    proxy,
    admin,
    unique,
    async createTopic(partitions) {
      const topic = unique("events");
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }] });
      return topic;
    },
    async produce(topic, partition, values, compression = kafkajs.CompressionTypes.None) {
      await producer.send({ topic, compression, messages: values.map((value) => ({ partition, value })) });
    },
    async stop() {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
      await broker.stop();
      await proxy.stop();
    },
  };
}
