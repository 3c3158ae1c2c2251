import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { App } from "../../src/app.ts";
import { playToKafka } from "../../src/cli/demo-kafka.ts";
import { FLIGHT_FILES } from "../../src/cli/paths.ts";
import { createKafkaSource } from "../../src/ingest/kafka-source.ts";
import type { Message } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import { readVersions } from "../../src/store/versions.ts";
import { spawnDriftwatch } from "../support/daemon.ts";
import { flightConfig, storeOfFlights } from "../support/flight-app.ts";
import { kafkaForTest, kafkaSkipReason, type KafkaForTest, nativeTopics } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";

const END = "2013-04-15";

type Event = { readonly type: "prediction" | "label"; readonly id: string; readonly time: string };

/** What happened before `END`, read from the files alone. */
const events = FLIGHT_FILES.flatMap((file) =>
  gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event)
    .filter(({ time }) => time < END),
);
const predictions = events.filter(({ type }) => type === "prediction").length;
const labels = events.filter(({ type }) => type === "label").length;

/** What this process writes to stdout until the test ends; its progress is kept from the terminal. */
function watchStdout(): () => string {
  let written = "";
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    written += String(chunk);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => [stdout, stderr].forEach((spy) => spy.mockRestore()));
  return () => written;
}

type Topics = { readonly predictions: string; readonly labels: string };

async function freshTopics(): Promise<{ kafka: KafkaForTest; topics: Topics }> {
  const kafka = await kafkaForTest();
  const topics = { predictions: kafka.unique("predictions"), labels: kafka.unique("labels") };
  onTestFinished(async () => {
    await kafka.admin.deleteTopics({ topics: Object.values(topics) });
    await kafka.close();
  });
  return { kafka, topics };
}

const isRead = (partitions: readonly { drained: boolean }[]) => partitions.length === 6 && partitions.every(({ drained }) => drained);

async function readAll(kafka: KafkaForTest, topics: Topics): Promise<Message[]> {
  const read: Message[] = [];
  const source = createKafkaSource({
    settings: { brokers: kafka.brokers, group: kafka.unique("group"), clientId: "test", topics: nativeTopics(topics) },
    log: silentLog,
    onFatal: (error) => expect.unreachable(String(error)),
    now: Date.now,
  });
  await source.start(async (messages) => {
    read.push(...messages);
  });
  await until("every partition to be read", () => isRead(source.status().partitions), 60_000);
  await source.stop();
  return read;
}

describe.skipIf(kafkaSkipReason())(`the demo into Kafka${kafkaSkipReason() ? ` (skipped: ${kafkaSkipReason()})` : ""}`, () => {
  test("makes the topics, and each partition holds its events in the order of their times, by id", async () => {
    const { kafka, topics } = await freshTopics();
    const stdout = watchStdout();
    expect(await playToKafka({ brokers: kafka.brokers, topics, until: END, json: true })).toBe(0);
    expect(JSON.parse(stdout())).toEqual({ predictions, labels, seconds: expect.any(Number) });
    const described = await kafka.admin.fetchTopicMetadata({ topics: Object.values(topics) });
    expect(described.topics.map((topic) => topic.partitions.length)).toEqual([3, 3]);

    const sent = (await readAll(kafka, topics)).map(({ origin, bytes, timestamp }) => ({
      ...origin,
      timestamp: timestamp ?? 0,
      event: JSON.parse(Buffer.from(bytes ?? []).toString()) as Event,
    }));
    expect(sent.map(({ event }) => `${event.type} ${event.id}`).sort()).toEqual(events.map(({ type, id }) => `${type} ${id}`).sort());
    const newest = new Map<string, string>();
    const partitionOfId = new Map<string, number>();
    for (const { topic, partition, event } of sent) {
      expect(topic).toBe(event.type === "label" ? topics.labels : topics.predictions);
      const place = `${topic}/${partition}`;
      expect(event.time >= (newest.get(place) ?? "")).toBe(true);
      newest.set(place, event.time);
      expect(partitionOfId.get(event.id) ?? partition).toBe(partition);
      partitionOfId.set(event.id, partition);
    }
    expect([...newest.keys()]).toHaveLength(6);
    // As of 2013 they would be past the topic's retention already.
    expect(Math.min(...sent.map(({ timestamp }) => timestamp))).toBeGreaterThan(Date.UTC(2026, 0));
  }, 180_000);

  test("a daemon that reads the topics counts every event once, however often it is played", async () => {
    const { kafka, topics } = await freshTopics();
    watchStdout();
    for (const _ of ["once", "again"]) expect(await playToKafka({ brokers: kafka.brokers, topics, until: END, json: true })).toBe(0);

    const settings = { brokers: kafka.brokers, group: kafka.unique("group"), clientId: "test", topics: nativeTopics(topics) };
    const { app } = await startProgram(flightConfig(await storeOfFlights(), { kafka: settings }));
    const partitions = (running: App) => running.sources.flatMap((source) => source.status().partitions);
    await until("every partition to be read", () => isRead(partitions(app)), 120_000);
    await app.tick();
    expect(app.pipeline.counters()).toMatchObject({ accepted: 2 * (predictions + labels), rejected: new Map() });
    const versions = await readVersions(app.store, "flight-delay");
    expect(versions.map(({ version, rows, labelled }) => [version, rows, labelled])).toEqual([["2013-q1", predictions, labels]]);
  }, 180_000);
});

test("without a broker it says so, and what to do", async () => {
  const { exited, stderr, stdout } = spawnDriftwatch(scratchDirectory(), ["demo", "--kafka", "127.0.0.1:1"]);
  expect(await exited, stderr()).toBe(1);
  expect(stdout()).toBe("");
  expect(stderr()).toMatch(/^error: No Kafka broker answered at 127\.0\.0\.1:1: .*\n {2}hint: Check that Kafka is running/m);
});
