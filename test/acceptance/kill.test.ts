import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { FLIGHTS } from "../support/flight-app.ts";
import { kafkaForTest, kafkaSkipReason } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";

type Version = { version: string; rows: number; labelled: number };
type Performance = {
  items: {
    metric: string;
    rows: { current: number };
    labelled: number;
    detail: { confusion: Record<"tp" | "fp" | "fn" | "tn", number> };
  }[];
};
type Status = { ingest: { predictions: number; labels: number }; sources: { partitions: { drained: boolean }[] }[] };

/** What the API should say of April, counted here from the files alone. */
function countApril() {
  const read = (file: string) =>
    gunzipSync(readFileSync(join(FLIGHTS, file)))
      .toString()
      .trim()
      .split("\n");
  const predictions = read("predictions.ndjson.gz").filter((line) => (JSON.parse(line) as { time: string }).time < "2013-05-01");
  const predicted = new Map(
    predictions.map((line) => JSON.parse(line) as { id: string; prediction: string }).map(({ id, prediction }) => [id, prediction]),
  );
  const labels = read("labels.ndjson.gz").filter((line) => predicted.has((JSON.parse(line) as { id: string }).id));
  const confusion = { tp: 0, fp: 0, fn: 0, tn: 0 };
  for (const line of labels) {
    const { id, label } = JSON.parse(line) as { id: string; label: string };
    confusion[`${predicted.get(id) === label ? "t" : "f"}${predicted.get(id) === "late" ? "p" : "n"}`] += 1;
  }
  return { predictions, labels, confusion };
}

test.skipIf(kafkaSkipReason())(
  "killed with -9 in the middle of a topic, the daemon loses nothing and doubles nothing",
  async () => {
    const { predictions, labels, confusion } = countApril();
    const kafka = await kafkaForTest();
    const topics = { predictions: await kafka.createTopic(3), labels: await kafka.createTopic(3) };
    for (const [topic, lines] of [
      [topics.predictions, predictions],
      [topics.labels, labels],
    ] as const) {
      for (let start = 0; start < lines.length; start += 500)
        await kafka.produce(topic, (start / 500) % 3, lines.slice(start, start + 500));
    }
    const directory = scratchDirectory();
    writeFileSync(
      join(directory, "driftwatch.yaml"),
      `clock: replay
store: {path: ./data}
kafka: {brokers: [${kafka.brokers.map((broker) => JSON.stringify(broker)).join(", ")}], group: ${kafka.unique("group")}, topics: {predictions: ${topics.predictions}, labels: ${topics.labels}}}
models:
  flight-delay:
    task: binary
    positive: late
    baselines: {training: {by_version: {"2013-q1": {file: ${JSON.stringify(join(FLIGHTS, "reference-2013-q1.ndjson.gz"))}}}}}
alerts: []
`,
    );

    const first = await startDaemon(directory);
    const taken = async (daemon: Daemon) => {
      const { ingest } = await daemon.get<Status>("/v1/status");
      return ingest.predictions + ingest.labels;
    };
    await until("some events to be stored", async () => (await taken(first)) > 1_000, 60_000);
    const atKill = await taken(first);
    first.process.kill("SIGKILL");
    await first.exited;
    expect(atKill).toBeLessThan(predictions.length + labels.length);

    const second = await startDaemon(directory);
    const counted = async () => {
      const { versions } = await second.get<{ versions: Version[] }>("/v1/models/flight-delay");
      return versions.map(({ version, rows, labelled }) => [version, rows, labelled]);
    };
    const drained = async () =>
      (await second.get<Status>("/v1/status")).sources.every(
        (source) => source.partitions.length === 6 && source.partitions.every((partition) => partition.drained),
      );
    await until("every partition to be read", drained, 120_000);
    await until(
      "all of April to be counted",
      async () => JSON.stringify(await counted()) === JSON.stringify([["2013-q1", predictions.length, labels.length]]),
      60_000,
    ).catch(async () => {
      expect(await counted()).toEqual([["2013-q1", predictions.length, labels.length]]);
    });
    const { items } = await second.get<Performance>(
      "/v1/models/flight-delay/performance?compute=true&from=2013-04-01T00:00:00Z&to=2013-05-01T00:00:00Z&metric=accuracy",
    );
    expect(items.map((item) => [item.rows.current, item.labelled, item.detail.confusion])).toEqual([
      [predictions.length, labels.length, confusion],
    ]);

    second.process.kill("SIGTERM");
    expect(await second.exited).toBe(0);
    await kafka.close();
  },
  300_000,
);
