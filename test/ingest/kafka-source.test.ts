import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import kafkajs from "kafkajs";
import snappy from "snappy";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decompressSnappy } from "../../src/ingest/kafka-codecs.ts";
import { createKafkaSource } from "../../src/ingest/kafka-source.ts";
import type { KafkaTuning } from "../../src/ingest/kafka-source.ts";
import { SourceError } from "../../src/ingest/source.ts";
import type { EventSource } from "../../src/ingest/source.ts";
import { createLog, silentLog } from "../../src/log.ts";
import { allDrained, collector, createGate, describeEventSource, numbered } from "../contract/event-source.ts";
import { kafkaForTest, kafkaSkipReason, nativeTopics } from "../support/kafka.ts";
import type { KafkaForTest } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";

const FAST: Partial<KafkaTuning> = {
  maxWaitTimeInMs: 100,
  heartbeatInterval: 200,
  progressInterval: 100,
  retryPause: 20,
  maxRetryPause: 100,
};

describe("snappy from a Java client", () => {
  const block = (text: string) => {
    const compressed = snappy.compressSync(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(compressed.length);
    return Buffer.concat([length, compressed]);
  };
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);

  it("is read in blocks; bare snappy is read as it is", async () => {
    expect((await decompressSnappy(Buffer.concat([header, block("one, "), block("two")]))).toString()).toBe("one, two");
    expect((await decompressSnappy(snappy.compressSync("bare"))).toString()).toBe("bare");
  });

  it("is refused where a block is cut short", async () => {
    await expect(decompressSnappy(Buffer.concat([header, block("one").subarray(0, -1)]))).rejects.toThrow("cut short");
  });
});

describe.skipIf(kafkaSkipReason() !== null)("the Kafka source", () => {
  let kafka: KafkaForTest;
  const sources: EventSource[] = [];

  const createSource = (
    topic: string,
    group: string,
    more: { tuning?: Partial<KafkaTuning>; labels?: string; log?: typeof silentLog; onFatal?: (reason: SourceError) => void } = {},
  ) => {
    const source = createKafkaSource({
      settings: {
        brokers: kafka.brokers,
        group,
        clientId: "driftwatch-test",
        topics: nativeTopics({ predictions: topic, labels: more.labels ?? topic }),
      },
      log: more.log ?? silentLog,
      onFatal: more.onFatal ?? (() => {}),
      now: Date.now,
      tuning: { ...FAST, ...more.tuning },
    });
    sources.push(source);
    return source;
  };

  beforeAll(async () => {
    kafka = await kafkaForTest();
  }, 200_000);
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.stop()));
  });
  afterAll(async () => {
    await kafka.close();
  });

  describeEventSource("Kafka", async () => {
    const topic = await kafka.createTopic(3);
    const group = kafka.unique("group");
    return {
      partitions: [0, 1, 2].map((partition) => `${topic}/${partition}`),
      put: (key, values) => kafka.produce(topic, Number(key.split("/").at(-1)), values),
      createSource: () => createSource(topic, group),
    };
  });

  it("commits at the broker, and only once the handler resolved", async () => {
    const topic = await kafka.createTopic(1);
    const group = kafka.unique("group");
    await kafka.produce(topic, 0, numbered(4));
    const gate = createGate();
    let calls = 0;
    await createSource(topic, group).start(async () => {
      calls += 1;
      await gate.opened;
    });
    await until("the handler to be called", () => calls === 1);
    expect(await kafka.committed(group, topic, 0)).toBeNull();
    gate.open();
    await until("the commit", async () => (await kafka.committed(group, topic, 0)) === "4");
  });

  it("reads two topics, each of its own kind", async () => {
    const [predictions, labels] = [await kafka.createTopic(1), await kafka.createTopic(1)];
    await kafka.produce(predictions, 0, ["prediction"]);
    await kafka.produce(labels, 0, ["label"]);
    const { handle, texts, total } = collector();
    await createSource(predictions, kafka.unique("group"), { labels }).start(handle);
    await until("both", () => total() === 2);
    expect([texts(`${predictions}/0`), texts(`${labels}/0`)]).toEqual([["prediction"], ["label"]]);
  });

  it("shares partitions within a group, and loses nothing when a member leaves", async () => {
    const topic = await kafka.createTopic(4);
    const group = kafka.unique("group");
    const seen = new Set<string>();
    const handle = async (messages: readonly { readonly bytes: Uint8Array | null }[]) => {
      for (const { bytes } of messages) seen.add(Buffer.from(bytes ?? []).toString());
    };
    const [one, two] = [createSource(topic, group), createSource(topic, group)];
    await one.start(handle);
    expect(one.status().partitions).toHaveLength(4);

    let sent = 0;
    const enough = new AbortController();
    const producer = (async () => {
      for (; !enough.signal.aborted; sent += 20)
        await Promise.all([0, 1, 2, 3].map((partition) => kafka.produce(topic, partition, numbered(5, `${sent}-${partition}`))));
    })();
    await two.start(handle);
    await until("two partitions each", () => one.status().partitions.length === 2 && two.status().partitions.length === 2);
    const keys = [one, two].flatMap((source) => source.status().partitions.map(({ key }) => key));
    expect(new Set(keys).size).toBe(4);
    await until("messages under two readers", () => sent > 400);
    await two.stop();
    await until("all partitions back", () => one.status().partitions.length === 4);
    enough.abort();
    await producer;
    await until("the end", () => allDrained(one, 4));
    await until("every message", () => seen.size === sent);
  });

  it("hears of a rebalance while a handler is at work, and still commits what that handler did", async () => {
    const topic = await kafka.createTopic(2);
    const group = kafka.unique("group");
    for (const partition of [0, 1]) await kafka.produce(topic, partition, numbered(3));
    const gate = createGate();
    const calls: string[] = [];
    const handle = async (_messages: unknown, { key }: { key: string }) => {
      calls.push(key);
      await gate.opened;
    };
    let heard = false;
    const log = createLog((line) => (heard ||= /rebalanc/.test(line)));
    const [one, two] = [createSource(topic, group, { log }), createSource(topic, group)];
    await one.start(handle);
    await until("both partitions in hand", () => calls.length === 2);
    const joining = two.start(handle);
    await until("a heartbeat to tell of it", () => heard);
    gate.open();
    await joining;
    await until("both to be done", () => allDrained(one, 1) && allDrained(two, 1));
    expect(calls).toHaveLength(2);
  });

  it("R10 is replaced when its handler hangs, and its late commit changes nothing", async () => {
    const topic = await kafka.createTopic(1);
    const group = kafka.unique("group");
    await kafka.produce(topic, 0, numbered(3));
    const gate = createGate();
    let hanging = 0;
    // 6 s is the least a broker grants unless told otherwise.
    const tuning = { sessionTimeout: 6000, rebalanceTimeout: 6000, heartbeatFor: 0 };
    const lame = createSource(topic, group, { tuning });
    await lame.start(async () => {
      hanging += 1;
      await gate.opened;
    });
    await until("the handler to hang", () => hanging === 1);
    const { handle, total } = collector();
    const sound = createSource(topic, group, { tuning: { sessionTimeout: 6000, rebalanceTimeout: 6000 } });
    await sound.start(handle);
    await until("the other to read it", () => total() === 3);
    await kafka.produce(topic, 0, numbered(2, "later"));
    await until("the other to go on", async () => (await kafka.committed(group, topic, 0)) === "5");
    gate.open();
    await until(
      "both to be in the group",
      () => lame.status().running && lame.status().partitions.length + sound.status().partitions.length === 1,
    );
    expect(await kafka.committed(group, topic, 0)).toBe("5");
  });

  it.each(["gzip", "snappy", "lz4", "zstd"])("R16 reads what a Java broker compressed with %s", async (codec) => {
    const topic = await kafka.createTopic(1, { "compression.type": codec });
    const values = numbered(3000, "some text that repeats itself, some text that repeats itself, ");
    await kafka.produce(topic, 0, values);
    const fatal: SourceError[] = [];
    const { handle, texts, total } = collector();
    await createSource(topic, kafka.unique("group"), { onFatal: (reason) => fatal.push(reason) }).start(handle);
    await until(`${codec} to be read`, () => total() === values.length || fatal.length > 0);
    expect(fatal.map(({ message }) => message)).toEqual([]);
    expect(texts(`${topic}/0`)).toEqual(values);
  });

  it("R15 counts exactly what was deleted before it was read, once", async () => {
    const topic = await kafka.createTopic(1);
    const group = kafka.unique("group");
    await kafka.produce(topic, 0, numbered(10));
    const before = collector();
    const first = createSource(topic, group);
    await first.start(before.handle);
    await until("a commit", async () => (await kafka.committed(group, topic, 0)) === "10");
    await first.stop();

    await kafka.produce(topic, 0, numbered(30, "later"));
    await kafka.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "27" }] });
    const lines: string[] = [];
    const after = collector();
    const second = createSource(topic, group, { log: createLog((line) => lines.push(line)) });
    await second.start(after.handle);
    await until("the rest to be drained", () => allDrained(second, 1) && after.total() === 13);
    expect(second.status()).toMatchObject({ gaps: 1, lost: 17 });
    expect(after.texts(`${topic}/0`)[0]).toBe("later-17");
    expect(lines.filter((line) => line.includes("were gone")).map((line) => JSON.parse(line))).toMatchObject([
      { expected: "10", found: "27", lost: "17" },
    ]);
  });

  it("is drained, and not stuck, where everything that waited was deleted", async () => {
    const topic = await kafka.createTopic(1);
    const group = kafka.unique("group");
    await kafka.produce(topic, 0, numbered(4));
    const before = collector();
    const first = createSource(topic, group);
    await first.start(before.handle);
    await until("a commit", async () => (await kafka.committed(group, topic, 0)) === "4");
    await first.stop();

    await kafka.produce(topic, 0, numbered(6));
    await kafka.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "-1" }] });
    const second = createSource(topic, group);
    const after = collector();
    await second.start(after.handle);
    await until("drained", () => allDrained(second, 1));
    await kafka.produce(topic, 0, ["next"]);
    await until("the next message", () => after.total() === 1);
    expect(second.status()).toMatchObject({ gaps: 1, lost: 6 });
  });

  it("is drained behind an aborted transaction, which no handler ever sees", async () => {
    const topic = await kafka.createTopic(1);
    const client = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({
      transactionalId: kafka.unique("tx"),
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const { handle, texts } = collector();
    const group = kafka.unique("group");
    const source = createSource(topic, group);
    await source.start(handle);
    const committed = await producer.transaction();
    await committed.send({ topic, messages: [{ value: "kept" }] });
    await committed.commit();
    const aborted = await producer.transaction();
    await aborted.send({ topic, messages: [{ value: "withdrawn" }] });
    await aborted.abort();
    await producer.disconnect();
    await until("the end", () => allDrained(source, 1) && source.status().partitions[0]?.highWatermark === "4");
    expect(texts(`${topic}/0`)).toEqual(["kept"]);
    expect(source.status()).toMatchObject({ gaps: 0, lost: 0 });
    // Nor is it left for the next reader, or for a watchdog to wonder at.
    await until("the commit behind it", async () => (await kafka.committed(group, topic, 0)) === "4");
  });

  it("says once and clearly that the consumer is gone for good", async () => {
    const topic = await kafka.createTopic(1, { "compression.type": "lz4" });
    const lz4 = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4];
    const fatal: SourceError[] = [];
    const source = createSource(topic, kafka.unique("group"), { onFatal: (reason) => fatal.push(reason) });
    try {
      kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = () => {
        throw Object.assign(new Error("no such codec here"), { name: "KafkaJSNotImplemented" });
      };
      await source.start(async () => {});
      await kafka.produce(topic, 0, ["x"]);
      await until("the end of it", () => fatal.length > 0);
    } finally {
      kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = lz4;
    }
    expect(fatal.map(({ message }) => message)).toEqual([expect.stringContaining("no such codec here")]);
    expect(source.status()).toMatchObject({ running: false, error: expect.stringContaining("no such codec here") as string });
  });

  it("leaves no socket and no timer behind", async () => {
    const topic = await kafka.createTopic(2);
    await kafka.produce(topic, 0, numbered(10));
    const held = () => process.getActiveResourcesInfo().filter((resource) => resource.startsWith("TCP") || resource === "Timeout").length;
    const before = held();
    const { handle, total } = collector();
    const source = createSource(topic, kafka.unique("group"));
    await source.start(handle);
    await until("ten messages", () => total() === 10);
    expect(held()).toBeGreaterThan(before);
    await source.stop();
    await until("sockets and timers to be gone", () => held() <= before);
  });

  it("says that a topic is missing, and how to make it", async () => {
    const topic = kafka.unique("nowhere");
    const failure = await createSource(topic, kafka.unique("group"))
      .start(async () => {})
      .catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(SourceError);
    expect(failure).toMatchObject({
      message: `The Kafka topic ${topic} does not exist.`,
      hint: expect.stringContaining(`--create --topic ${topic}`) as string,
    });
  });
});

describe("the Kafka source without a broker", () => {
  it("says within its time that nobody answers, and where", async () => {
    const port = await closedPort();
    const source = createKafkaSource({
      settings: { brokers: [`127.0.0.1:${port}`], group: "g", clientId: "c", topics: nativeTopics({ predictions: "p", labels: "l" }) },
      log: silentLog,
      onFatal: () => {},
      now: Date.now,
      tuning: { connectWithin: 2500 },
    });
    const begun = performance.now();
    const failure = await source.start(async () => {}).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(SourceError);
    expect(failure).toMatchObject({
      message: expect.stringMatching(`127.0.0.1:${port}.*ECONNREFUSED`) as string,
      hint: expect.stringContaining("kafka.brokers") as string,
    });
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(source.status()).toMatchObject({ running: false, error: expect.stringContaining(String(port)) as string });
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
