import { gunzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { createKafkaSource } from "../../src/ingest/kafka-source.ts";
import type { Message } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DAY } from "../../src/model/time.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { episodes, FLIGHTS, startFlightApp, storeOfFlights, type Episode } from "../support/flight-app.ts";
import { kafkaForTest, kafkaSkipReason, nativeTopics } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { serveApp } from "../support/serve-app.ts";

/** Five weeks, the bad one among them: enough for daily and weekly windows, and for an alert to fire and resolve. */
const UPTO = "2013-05-06";

type Sent = { readonly type: string; readonly time: string };
const predictions = linesOf("predictions.ndjson.gz");
const labels = linesOf("labels.ndjson.gz");
let expected: Outcome;

type Outcome = { readonly measurements: unknown[]; readonly episodes: Episode[] };

function linesOf(file: string): string[] {
  const lines = gunzipSync(readFileSync(join(FLIGHTS, file)))
    .toString()
    .trim()
    .split("\n");
  return lines.filter((line) => timeOf(line) < UPTO);
}

function timeOf(line: string): string {
  return (JSON.parse(line) as Sent).time;
}

function byTime(lines: readonly string[]): string[] {
  return [...lines].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
}

/** Runs one way of bringing the events in, from a store without any, and returns all that came of it, revisions aside. */
async function outcomeOf(bring: (app: App) => Promise<void>): Promise<Outcome> {
  const { app, transitions } = await startFlightApp(await storeOfFlights());
  await bring(app);
  app.watermarks.finish();
  await app.tick();
  const measurements = (await readMeasurements(app.store, { model: "flight-delay" })).map(comparable);
  await app.stop();
  return { measurements, episodes: episodes(transitions) };
}

function comparable(measurement: Measurement): unknown {
  return { ...measurement, revision: null };
}

async function ingestAll(app: App, lines: readonly string[]): Promise<void> {
  for (let start = 0; start < lines.length; start += 5_000) {
    const { rejected } = await app.pipeline.ingest(lines.slice(start, start + 5_000).map((line, index) => message(line, start + index)));
    expect(rejected).toEqual([]);
  }
}

function message(line: string, offset: number): Message {
  return { origin: { source: "file", topic: "test", partition: 0, offset: String(offset) }, bytes: Buffer.from(line), timestamp: null };
}

/** Shuffled, but only among events of the same UTC day; seeded, so that a failure repeats. */
function shuffledWithinDays(lines: readonly string[]): string[] {
  const random = mulberry32(20_130_401);
  return lines
    .map((line) => ({ line, day: Math.floor(Date.parse(timeOf(line)) / DAY), order: random() }))
    .sort((a, b) => a.day - b.day || a.order - b.order)
    .map(({ line }) => line);
}

describe("the same events give the same measurements and alerts", () => {
  test("in order of time: what the others are held against", async () => {
    expected = await outcomeOf((app) => ingestAll(app, byTime([...predictions, ...labels])));
    expect(expected.measurements.length).toBeGreaterThan(3_000);
    expect(expected.episodes.map((episode) => episode.rule)).toContain("accuracy-drop");
  }, 300_000);

  test("delivered twice", async () => {
    const all = byTime([...predictions, ...labels]);
    expect(await outcomeOf((app) => ingestAll(app, [...all, ...all]))).toEqual(expected);
  }, 300_000);

  test("shuffled within each day", async () => {
    expect(await outcomeOf((app) => ingestAll(app, shuffledWithinDays([...predictions, ...labels])))).toEqual(expected);
  }, 300_000);

  test("R8 labels before predictions", async () => {
    expect(await outcomeOf((app) => ingestAll(app, [...labels, ...predictions]))).toEqual(expected);
  }, 300_000);

  test("measured day by day as they come, rather than at the end", async () => {
    const outcome = await outcomeOf(async (app) => {
      let day: string[] = [];
      for (const line of byTime([...predictions, ...labels])) {
        if (day[0] !== undefined && timeOf(day[0]).slice(0, 10) !== timeOf(line).slice(0, 10)) {
          await ingestAll(app, day);
          await app.tick();
          day = [];
        }
        day.push(line);
      }
      await ingestAll(app, day);
    });
    expect(outcome).toEqual(expected);
  }, 300_000);

  test("through POST /v1/events", async () => {
    const outcome = await outcomeOf(async (app) => {
      const server = await serveApp(app);
      const all = byTime([...predictions, ...labels]);
      for (let start = 0; start < all.length; start += 2_000) {
        const body = all.slice(start, start + 2_000).join("\n");
        const response = await fetch(`${server.url}/v1/events`, {
          method: "POST",
          headers: { "content-type": "application/x-ndjson" },
          body,
        });
        expect(await response.json()).toEqual({ accepted: Math.min(2_000, all.length - start), rejected: [] });
      }
      await server.close();
    });
    expect(outcome).toEqual(expected);
  }, 300_000);

  test.skipIf(kafkaSkipReason())(
    `through Kafka, three partitions a topic${kafkaSkipReason() ? ` (skipped: ${kafkaSkipReason()})` : ""}`,
    async () => {
      const kafka = await kafkaForTest();
      const topics = { predictions: await kafka.createTopic(3), labels: await kafka.createTopic(3) };
      for (const [topic, lines] of [
        [topics.predictions, predictions],
        [topics.labels, labels],
      ] as const) {
        for (let start = 0; start < lines.length; start += 1_000)
          await kafka.produce(topic, (start / 1_000) % 3, lines.slice(start, start + 1_000));
      }
      const source = createKafkaSource({
        settings: { brokers: kafka.brokers, group: kafka.unique("group"), clientId: "test", topics: nativeTopics(topics) },
        log: silentLog,
        onFatal: (error) => expect.unreachable(String(error)),
        now: Date.now,
      });
      const outcome = await outcomeOf(async (app) => {
        await source.start(async (messages) => {
          await app.pipeline.ingest(messages);
        });
        await until(
          "every partition is read to its end",
          () => source.status().partitions.length === 6 && source.status().partitions.every((partition) => partition.drained),
          120_000,
        );
        await source.stop();
        expect(app.pipeline.counters().accepted).toBe(predictions.length + labels.length);
      });
      await kafka.close();
      expect(outcome).toEqual(expected);
    },
    300_000,
  );
});
