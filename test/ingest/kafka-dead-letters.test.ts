import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDeadLetterTopic } from "../../src/ingest/kafka-dead-letters.ts";
import { openKafkaReader } from "../../src/ingest/kafka-reader.ts";
import { createPipeline } from "../../src/ingest/pipeline.ts";
import { createLog, silentLog } from "../../src/log.ts";
import { readDeadLetterPage } from "../../src/store/dead-letters.ts";
import { kafkaForTest, kafkaSkipReason, nativeTopics } from "../support/kafka.ts";
import { readTopic } from "../support/kafka-topic.ts";
import { message, models, NOW, prediction, useStore } from "./examples.ts";

const store = useStore();

describe.skipIf(kafkaSkipReason() !== null)("the topic of dead letters", () => {
  it("has refused messages as they came, before the call ends, with where from and why", async () => {
    const kafka = await kafkaForTest();
    onTestFinished(() => kafka.close());
    const topic = kafka.unique("letters");
    const settings = { brokers: kafka.brokers, clientId: "driftwatch-test" };
    const letters = createDeadLetterTopic({ settings, topic, log: silentLog, now: Date.now });
    onTestFinished(() => letters.close());
    const pipeline = createPipeline({ store: store(), models, clock: () => NOW, liveClock: true, log: silentLog, onRefused: letters.send });
    const noise = Buffer.from([0x7b, 0xff, 0x00, 0xfe]);
    const hostile = 'odd "name"\r\nx-header: é.ndjson';
    await pipeline.ingest([
      message(prediction, { offset: "1" }),
      { ...message(null, { offset: "2" }), bytes: noise },
      message(null, { offset: "3" }),
      message("x".repeat(900_000), { source: "file", topic: hostile, partition: 0, offset: "4" }),
      message({ ...prediction, model: "nobody" }, { source: "http", topic: "", partition: 0, offset: "5" }),
    ]);
    const found = await readTopic(kafka, topic, 4);
    const place = (one: (typeof found)[number]) => Number(one.headers["driftwatch-offset"]);
    const shown = (value: Buffer | null) => (value !== null && value.length > 100 ? value.length : value);
    expect(found.sort((a, b) => place(a) - place(b)).map(({ value, headers }) => ({ ...headers, bytes: shown(value) }))).toEqual([
      { ...headers("invalid_json", "kafka", "events", "3", "2"), bytes: noise },
      { ...headers("empty", "kafka", "events", "3", "3"), bytes: null },
      { ...headers("invalid_json", "file", encodeURIComponent(hostile), "0", "4"), bytes: 900_000 },
      { ...headers("unregistered_model", "http", "", "0", "5"), bytes: expect.any(Number) },
    ]);
    expect(letters.unsent()).toBe(0);

    // Messages that come again are not told of twice.
    await pipeline.ingest([message("{", { offset: "2" })], { partition: "replay" });
    const reader = await openKafkaReader({
      settings: { ...settings, group: "g", topics: nativeTopics({ predictions: topic, labels: topic }) },
      log: silentLog,
      now: Date.now,
    });
    onTestFinished(() => reader.close());
    expect((await reader.retained([topic])).reduce((sum, { to }) => sum + to, 0n)).toBe(4n);
  }, 120_000);
});

function headers(reason: string, source: string, topic: string, partition: string, offset: string) {
  return {
    "driftwatch-reason": reason,
    "driftwatch-source": source,
    "driftwatch-topic": topic,
    "driftwatch-partition": partition,
    "driftwatch-offset": offset,
  };
}

describe("a topic that does not answer", () => {
  it("is given up, then left alone for a while; the rows are stored, and what it missed is counted", async () => {
    // It takes connections, and never says a word.
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void mute.close());
    const lines: string[] = [];
    let now = NOW;
    const letters = createDeadLetterTopic({
      settings: { brokers: [`127.0.0.1:${(mute.address() as AddressInfo).port}`], clientId: "driftwatch-test" },
      topic: "letters",
      log: createLog((line) => lines.push(line)),
      now: () => now,
      patience: 200,
    });
    const pipeline = createPipeline({ store: store(), models, clock: () => NOW, liveClock: true, log: silentLog, onRefused: letters.send });
    const refuse = (offset: string) => pipeline.ingest([message("{", { topic: "mute", offset })]);
    const failures = () => lines.filter((line) => line.includes("dead letters could not be sent"));
    expect((await refuse("1")).rejected).toHaveLength(1);
    expect([letters.unsent(), failures().length]).toEqual([1, 1]);
    await refuse("2");
    expect([letters.unsent(), failures().length]).toEqual([2, 1]);
    now += 31_000;
    await refuse("3");
    expect([letters.unsent(), failures().length]).toEqual([3, 2]);
    const rows = await readDeadLetterPage(store(), {}, 100, null);
    expect(rows.filter((one) => one.origin.topic === "mute")).toHaveLength(3);
    await letters.close();
  });
});
