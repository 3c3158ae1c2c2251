import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { createApp, type App, type AppOptions } from "../../src/app.ts";
import { connect } from "../../src/cli/connect.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/log.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import type { Store } from "../../src/store/store.ts";
import { workplace } from "../config/workplace.ts";
import { startDaemon, spawnDriftwatch } from "../support/daemon.ts";
import { kafkaForTest, kafkaSkipReason } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { createToyModel } from "../support/toy-model.ts";
import { cli, type Outcome } from "./terminal.ts";

const START = Date.UTC(2024, 4, 1);

/** Every kind of event there is, with what should become of them. */
function produced() {
  const toy = createToyModel();
  const days = [0, 1, 2].map((day) => toy.day(START + day * DAY, { rows: 60 }));
  const predictions = days.flatMap((day) => day.predictions);
  const labels = days.flatMap((day) => day.labels);
  const [first, second] = predictions as [(typeof predictions)[number], (typeof predictions)[number]];
  return {
    predictions: [
      ...predictions,
      // The same again, another one under a known id (in its hour, and weeks later), and a request that failed.
      first,
      first,
      { ...first, score: 0.111 },
      { ...second, time: new Date(START + 20 * DAY).toISOString() },
      { type: "prediction", id: "failed", model: "toy", version: "2", time: new Date(START + HOUR).toISOString(), status: "error" },
    ].map((event) => JSON.stringify(event)),
    // The last ten have no label; two are about nothing that is known, one is revised, one comes twice.
    labels: [
      ...labels.slice(0, -10),
      { ...labels[0], id: "nobody-1" },
      { ...labels[0], id: "nobody-2" },
      { ...labels[1], label: "yes", revision: 3 },
      labels[2],
    ].map((event) => JSON.stringify(event)),
    bad: ["not json", "{}", JSON.stringify({ ...first, model: "unknown" }), JSON.stringify({ ...first, time: "yesterday" })],
  };
}

const PREDICTIONS = { read: 185, stored: 181, repeated: 2, superseded: 2, rejected: 0, waiting: 0, lost: 0, doubled: 0, in_flight: 0 };
const LABELS = { read: 174, stored: 170, repeated: 1, superseded: 1, rejected: 0, waiting: 2, lost: 0, doubled: 0, in_flight: 0 };
const REASONS = { invalid_json: 1, missing_field: 1, unregistered_model: 1, invalid_field: 1 };

type Report = {
  accounted: boolean;
  lost: number;
  doubled: number;
  in_flight: number;
  sources: {
    name: string;
    read: number;
    refused: Record<string, number>;
    reasons: Record<string, number>;
    events: (Record<string, number> & { model: string; type: string })[];
  }[];
  elsewhere: Record<string, unknown>[];
  models: { due: number; buckets: number; miscounts: { bucket: string; what: string; counted: number; rows: number }[] }[];
  troubles: { what: string; model: string | null; at: string | null; note: string }[];
};

function place(kafka = ""): { directory: string; file: string } {
  const reference = createToyModel(3).day(START - 30 * DAY, { rows: 400 });
  const rows = reference.predictions.map((one, index) => JSON.stringify({ ...one, label: reference.labels[index]?.label }));
  const directory = workplace({
    "driftwatch.yaml": `clock: replay
store: {path: ./data}
${kafka}
models:
  toy: {task: binary, positive: "yes", bucket: 1h, labels: {expected_within: 2h}, baselines: {training: {file: training.ndjson}}}
alerts: []
`,
    "training.ndjson": rows.join("\n"),
  });
  return { directory, file: join(directory, "driftwatch.yaml") };
}

function loaded(file: string) {
  const found = loadConfig({ file, env: {}, shippedAlerts: "" });
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  return found.config;
}

const reportOf = ({ out }: Outcome): Report => JSON.parse(out) as Report;
const typed = (report: Report, source: number, type: string) => report.sources[source]?.events.find((one) => one.type === type);

describe("files", () => {
  let first: Promise<string> | null = null;

  /** Once for all tests: each has a copy of its own. */
  async function ingestOnce(): Promise<string> {
    const { directory, file } = place();
    const { predictions, labels, bad } = produced();
    writeFileSync(join(directory, "predictions.ndjson.gz"), gzipSync([...predictions, ...bad].join("\n")));
    writeFileSync(join(directory, "labels.ndjson"), labels.join("\n"));
    const files = ["labels.ndjson", "predictions.ndjson.gz"].map((name) => join(directory, name));
    const { out } = await cli(["ingest", ...files, "-c", file], { connect });
    expect(out).toContain(`${predictions.length + labels.length} events taken, 4 rejected`);
    return directory;
  }

  async function ingested() {
    const directory = scratchDirectory();
    cpSync(await (first ??= ingestOnce()), directory, { recursive: true });
    const file = join(directory, "driftwatch.yaml");
    const files = { predictions: join(directory, "predictions.ndjson.gz"), labels: join(directory, "labels.ndjson") };
    const ask = (...argv: string[]) => cli([...argv, "-c", file], { connect });
    /** Changes what is stored behind the program's back. */
    const tamper = async (change: (store: Store) => Promise<void>) => {
      const app = await createApp(loaded(file), { log: silentLog, sources: [], tickEvery: null });
      try {
        await change(app.store);
      } finally {
        await app.stop();
      }
    };
    const verify = () => ask("verify", "--json", files.predictions, files.labels);
    return { file, files, ask, verify, tamper };
  }

  it("of every kind of event are accounted for, event by event and count by count", async () => {
    const { ask, files, verify } = await ingested();
    const result = await verify();
    const report = reportOf(result);
    expect(report).toMatchObject({ accounted: true, lost: 0, doubled: 0, in_flight: 0, troubles: [], elsewhere: [] });
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(report.sources.map(({ name, read }) => [name, read])).toEqual([
      ["predictions.ndjson.gz", PREDICTIONS.read + 4],
      ["labels.ndjson", LABELS.read],
    ]);
    // Eleven without a label: the ten, and the failed request.
    expect(typed(report, 0, "prediction")).toMatchObject({ ...PREDICTIONS, unlabelled: 11 });
    expect(typed(report, 1, "label")).toMatchObject(LABELS);
    expect(report.sources[0]).toMatchObject({ refused: { rejected: 4, lost: 0, in_flight: 0 }, reasons: REASONS });
    expect(report.models).toMatchObject([{ due: 0, miscounts: [] }]);
    expect(report.models[0]?.buckets).toBeGreaterThan(60);

    const told = await ask("verify", files.predictions, files.labels);
    expect(told).toMatchObject({ code: 0, err: "Every event is accounted for.\n" });
    expect(told.out).toMatch(/^predictions\.ndjson\.gz +toy +predictions +185 +181 +2 +2 /m);
    expect(told.out).toMatch(/^labels\.ndjson +toy +labels +174 +170 +1 +1 +0 +2 /m);
    expect(told.out).toMatch(/^predictions\.ndjson\.gz +unregistered_model +1$/m);
  });

  it("name what is from elsewhere, and what a file holds that was never taken", async () => {
    const { ask, files } = await ingested();
    writeFileSync(files.labels, `${JSON.stringify({ type: "label", id: "failed", model: "toy", label: "no" })}\n`);
    const part = await ask("verify", "--json", files.labels);
    expect(part.code).toBe(1);
    expect(reportOf(part)).toMatchObject({
      lost: 1,
      elsewhere: [{ stored: 181, doubled: 0 }],
      troubles: [{ what: "lost", model: "toy", at: "labels.ndjson/0@1" }],
    });
    expect((await ask("verify", files.labels)).err).toMatch(/^1 event lost\.\n {2}hint: /);
  });

  const tamperings: [string, (store: Store) => Promise<void>, Partial<Report>, RegExp][] = [
    [
      "predictions that are gone",
      (store) => store.execute("ALTER TABLE predictions DELETE WHERE id LIKE '2024-05-02-1%' SETTINGS mutations_sync = 2"),
      { lost: 11 + 11, doubled: 0 },
      /^predictions\.ndjson\.gz\/0@\d+: the prediction is not in the store/,
    ],
    [
      "labels that are gone",
      (store) => store.execute("ALTER TABLE outcomes DELETE WHERE id LIKE '2024-05-02-1%' SETTINGS mutations_sync = 2"),
      { lost: 11, doubled: 0 },
      /^labels\.ndjson\/0@\d+: the label is not in the store/,
    ],
    [
      "labels that wait and are gone",
      (store) => store.execute("ALTER TABLE waiting_labels DELETE WHERE id = 'nobody-1' SETTINGS mutations_sync = 2"),
      { lost: 1, doubled: 0 },
      /^labels\.ndjson\/0@\d+: the label is not in the store/,
    ],
    [
      "a conflict that nobody settled",
      (store) => store.execute("ALTER TABLE superseded DELETE WHERE 1 SETTINGS mutations_sync = 2"),
      { lost: 0, doubled: 2 },
      /: more than one prediction of this id counts/,
    ],
    [
      "a prediction that was set aside for nothing",
      (store) =>
        store.execute(
          "INSERT INTO superseded (model, time, id, precedence) SELECT model, time, id, precedence FROM predictions WHERE id = '2024-05-02-7'",
        ),
      { lost: 1, doubled: 0 },
      /: the prediction is stored, but noted as superseded/,
    ],
  ];

  it.each(tamperings)("tell of %s", async (_, change, found, note) => {
    const { verify, tamper } = await ingested();
    await tamper(change);
    const result = await verify();
    expect(result.code).toBe(1);
    const report = reportOf(result);
    expect(report).toMatchObject(found);
    expect(report.troubles.map((one) => `${one.at}: ${one.note}`)).toContainEqual(expect.stringMatching(note));
  });

  const recount = (table: string, changes: string) => (store: Store) =>
    store.execute(`INSERT INTO ${table} SELECT * REPLACE (${changes}, generation + 1 AS generation) FROM ${table} FINAL WHERE model = 'toy'
      AND toUnixTimestamp(bucket) = ${(START + 10 * HOUR) / 1000} ${table === "service_counts" ? "" : "AND baseline = ''"}`);

  it.each([
    ["requests", recount("service_counts", "requests * 2 AS requests")],
    ["feature rows", recount("feature_counts", "rows * 2 AS rows, missing + rows AS missing")],
    ["feature cells", recount("feature_counts", "unparsable + 1 AS unparsable")],
    ["outcomes", recount("outcome_counts", "predictions * 2 AS predictions")],
    ["labelled", recount("outcome_counts", "labelled * 2 AS labelled, mapApply((cell, rows) -> (cell, rows * 2), cells) AS cells")],
  ])("tell of doubled counts: %s", async (what, change) => {
    const { verify, tamper, ask, files } = await ingested();
    await tamper(change);
    const result = await verify();
    expect(result.code).toBe(1);
    const report = reportOf(result);
    expect(report).toMatchObject({ lost: 0, doubled: 0 });
    const [model] = report.models;
    expect(model?.miscounts.map((one) => [one.what, one.bucket])).toEqual([[what, "2024-05-01T10:00:00Z"]]);
    expect(model?.miscounts[0]?.counted).not.toBe(model?.miscounts[0]?.rows);
    expect((await ask("verify", files.predictions)).out).toMatch(new RegExp(`^miscounted +toy +2024-05-01T10:00:00Z +${what}: `, "m"));
  });

  it("refuse what is not there, and ask for something to read", async () => {
    const { file, directory } = place();
    expect(await cli(["verify", "-c", file, join(directory, "nothing")], { connect })).toMatchObject({ code: 1, out: "" });
    expect(await cli(["verify", "-c", file], { connect })).toMatchObject({ code: 2, err: expect.stringContaining("configure `kafka:`") });
  });
});

describe.skipIf(kafkaSkipReason() !== null)("topics", () => {
  async function filled() {
    const kafka = await kafkaForTest();
    onTestFinished(() => kafka.close());
    const topics = { predictions: await kafka.createTopic(3), labels: await kafka.createTopic(2) };
    const group = kafka.unique("group");
    const brokers = kafka.brokers.map((broker) => JSON.stringify(broker)).join(", ");
    const { directory, file } = place(
      `kafka: {brokers: [${brokers}], group: ${group}, topics: {predictions: ${topics.predictions}, labels: ${topics.labels}}}`,
    );
    const { predictions, labels, bad } = produced();
    for (const [index, line] of [...labels].entries()) await kafka.produce(topics.labels, index % 2, [line]);
    for (const partition of [0, 1, 2])
      await kafka.produce(
        topics.predictions,
        partition,
        [...predictions, ...bad].filter((_, index) => index % 3 === partition),
      );
    const isCommitted = async () => {
      const committed = async (topic: string) =>
        (await Promise.all([0, 1, 2].map(async (partition) => Number((await kafka.committed(group, topic, partition)) ?? 0)))).reduce(
          (a, b) => a + b,
        );
      return (await committed(topics.predictions)) === PREDICTIONS.read + 4 && (await committed(topics.labels)) === LABELS.read;
    };
    return { kafka, topics, group, directory, file, isCommitted };
  }

  async function run(file: string, options: Partial<AppOptions>, use: (app: App) => Promise<void>) {
    const app = await createApp(loaded(file), { log: silentLog, tickEvery: null, ...options });
    try {
      await app.start();
      await use(app);
    } finally {
      await app.stop();
    }
  }

  it("are in flight until they are taken, then accounted for; what is lost is named by its offset", async () => {
    const { kafka, topics, group, file, isCommitted } = await filled();
    const verify = () => cli(["verify", "--json", "-c", file], { connect });
    const before = await verify();
    expect(before.code).toBe(0);
    expect(reportOf(before)).toMatchObject({ accounted: true, lost: 0, in_flight: PREDICTIONS.read + LABELS.read + 4 });

    await run(file, {}, async (app) => {
      await until("everything to be committed", isCommitted);
      // Stored, but nothing is settled yet.
      expect(app.pipeline.counters().labels).toBe(LABELS.read);
    });
    const unsettled = reportOf(await verify());
    expect(unsettled).toMatchObject({ accounted: true, lost: 0, doubled: 0, in_flight: expect.any(Number) });
    expect(typed(unsettled, 1, "label")).toMatchObject({ in_flight: LABELS.read - LABELS.superseded });
    expect(unsettled.models[0]?.due).toBeGreaterThan(60);

    await run(file, { sources: [] }, async (app) => {
      app.watermarks.finish();
      await app.tick();
    });
    const settled = await verify();
    const report = reportOf(settled);
    expect(report).toMatchObject({ accounted: true, lost: 0, doubled: 0, in_flight: 0, troubles: [], elsewhere: [] });
    expect(typed(report, 0, "prediction")).toMatchObject({ ...PREDICTIONS, unlabelled: 11 });
    expect(typed(report, 1, "label")).toMatchObject(LABELS);
    expect(report.sources[0]?.reasons).toEqual(REASONS);
    expect(report.models).toMatchObject([{ due: 0, miscounts: [] }]);

    // Neither of the groups that read left a trace.
    expect((await kafka.admin.listGroups()).groups.filter(({ groupId }) => groupId.startsWith(`${group}.`))).toEqual([]);

    const app = await createApp(loaded(file), { log: silentLog, sources: [], tickEvery: null });
    await app.store.execute("ALTER TABLE predictions DELETE WHERE id = 'failed' SETTINGS mutations_sync = 2");
    await app.store.execute("ALTER TABLE dead_letters DELETE WHERE reason = 'unregistered_model' SETTINGS mutations_sync = 2");
    await app.stop();
    const after = await verify();
    expect(after.code).toBe(1);
    expect(reportOf(after)).toMatchObject({ lost: 2, doubled: 0 });
    expect(reportOf(after).troubles).toEqual([
      { what: "lost", model: "toy", at: expect.stringMatching(`^${topics.predictions}/\\d@\\d+$`), note: expect.any(String) },
      {
        what: "lost",
        model: null,
        at: expect.stringMatching(`^${topics.predictions}/\\d@\\d+$`),
        note: expect.stringContaining("unregistered_model"),
      },
    ]);
  }, 180_000);

  test("are verified beside the daemon, through its API, by the built program", async () => {
    const { directory, isCommitted } = await filled();
    const daemon = await startDaemon(directory);
    await until("everything to be committed", isCommitted, 60_000);
    const verify = async () => {
      const command = spawnDriftwatch(directory, ["verify", "--json"]);
      const code = await command.exited;
      return { code, report: JSON.parse(command.stdout()) as Report, err: command.stderr() };
    };
    const done = async () => (await verify()).report.models.every((model) => model.due === 0);
    await until("everything to be counted", done, 60_000);
    const { code, report, err } = await verify();
    expect([code, err]).toEqual([0, ""]);
    expect(report).toMatchObject({ accounted: true, lost: 0, doubled: 0, in_flight: 0 });
    expect(typed(report, 0, "prediction")).toMatchObject(PREDICTIONS);
    daemon.process.kill("SIGTERM");
    expect(await daemon.exited).toBe(0);
  }, 180_000);
});
