import { readFileSync } from "node:fs";
import { expect, describe, onTestFinished, test } from "vitest";
import { createApp, type App } from "../../src/app.ts";
import { createSite } from "../../src/cli/serve.ts";
import { VERSION } from "../../src/cli/version.ts";
import { createCounters } from "../../src/ingest/counters.ts";
import { silentLog } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { Config, ModelSettings } from "../../src/model/settings.ts";
import { HOUR, MINUTE } from "../../src/model/time.ts";
import { readDiskBytes } from "../../src/store/disk.ts";
import { StoreError, type Store } from "../../src/store/store.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { startFront } from "../support/clickhouse-front.ts";
import { byLabels, parseExposition, valueOf, type Family } from "../support/exposition.ts";
import { flightConfig } from "../support/flight-app.ts";
import { HOSTILE_NAMES } from "../support/hostile-text.ts";
import { until } from "../support/kafka-until.ts";
import { promtool, promtoolSkipReason } from "../support/promtool.ts";
import { exampleRetraining } from "../support/retraining.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { serveApp } from "../support/serve-app.ts";
import { startWatchedProgram } from "../support/watched-program.ts";

const noPromtool = promtoolSkipReason() !== null;

const prediction = (changes: object = {}) => ({
  type: "prediction",
  id: "twice",
  model: "toy",
  version: "1",
  time: "2026-06-04T10:00:00Z",
  features: { amount: 10, colour: "red" },
  prediction: "yes",
  score: 0.9,
  ...changes,
});

/** Three days, then two on which the data and the accuracy have moved, with some trouble among the events of one. */
async function livePastAnAlert() {
  const program = await startWatchedProgram();
  const scrapes = [await program.scrape()];
  for (const day of [1, 2, 3]) await program.live(day);
  scrapes.push(await program.scrape());
  await program.live(4, { shift: 5, wrong: 0.4 }, [
    "not json",
    "{}",
    "[1, 2",
    { ...prediction(), model: "nobody's" },
    prediction(),
    prediction({ time: "2026-06-04T11:00:00Z" }),
    prediction({ id: "more", surprise: 1, another: 2 }),
    prediction({ id: "again", surprise: 3 }),
    '{"type":"prediction","id":"broken","model":"toy","version":"1","time":"2026-06-04T10:00:00Z","prediction":"\\ud800"}',
  ]);
  scrapes.push(await program.scrape());
  await program.live(5, { shift: 5, wrong: 0.4 });
  scrapes.push(await program.scrape());
  return { ...program, scrapes };
}

async function counted(app: App, sql: string): Promise<Record<string, number>> {
  const rows = await app.store.query<{ what: string; hits: number }>(sql);
  return Object.fromEntries(rows.map(({ what, hits }) => [what, hits]));
}

test("after some days of work every figure is what the store, the receiver and the program say", async () => {
  const { app, hooks, scrape, url } = await livePastAnAlert();
  const seen = await scrape();
  const total = async (sql: string) => (await counted(app, `SELECT '' AS what, ${sql}`))[""];

  expect(valueOf(seen, "driftwatch_build_info", { version: VERSION })).toBe(1);
  expect(valueOf(seen, "driftwatch_ready")).toBe(1);

  // The events, held against the tables. The conflicting prediction is a row beside the one that holds.
  expect(valueOf(seen, "driftwatch_events_accepted_total", { type: "prediction" })).toBe(
    await total("count() AS hits FROM predictions FINAL"),
  );
  expect(await total("count() AS hits FROM superseded FINAL")).toBe(1);
  expect(valueOf(seen, "driftwatch_events_accepted_total", { type: "label" })).toBe(await total("count() AS hits FROM outcomes FINAL"));
  expect(valueOf(seen, "driftwatch_events_conflicts_total")).toBe(1);
  expect(valueOf(seen, "driftwatch_events_unknown_fields_total")).toBe(3);
  const letters = await counted(app, "SELECT reason AS what, count() AS hits FROM dead_letters FINAL GROUP BY what");
  expect(byLabels(seen, "driftwatch_events_rejected_total")).toEqual(letters);
  expect(letters).toEqual({ invalid_json: 2, missing_field: 1, unregistered_model: 1 });
  const ingested = app.pipeline.counters();
  expect(valueOf(seen, "driftwatch_events_received_total")).toBe(ingested.received);
  expect(valueOf(seen, "driftwatch_events_received_bytes_total")).toBe(ingested.bytes);
  expect([ingested.replacedTexts, ingested.derivedIds, ingested.retries]).toEqual(
    ["events_repaired_texts", "events_derived_ids", "store_retries"].map((name) => valueOf(seen, `driftwatch_${name}_total`)),
  );
  expect(ingested.replacedTexts).toBe(1);

  // The passes.
  expect(byLabels(seen, "driftwatch_ticks_total")).toEqual({ ok: 5 });
  expect(valueOf(seen, "driftwatch_tick_duration_seconds_count")).toBe(5);
  expect(valueOf(seen, "driftwatch_last_successful_tick_timestamp_seconds")).toBe(Date.UTC(2026, 5, 6, 7) / 1000);
  const passes = await counted(
    app,
    `SELECT ['buckets_counted', 'windows_measured', 'measurements_written'][n] AS what,
       sum([buckets_counted, windows_measured, measurements][n]) AS hits FROM ticks ARRAY JOIN [1, 2, 3] AS n GROUP BY what`,
  );
  for (const [what, hits] of Object.entries(passes)) expect([what, valueOf(seen, `driftwatch_${what}_total`)]).toEqual([what, hits]);
  // A measurement that was written again has the next revision.
  expect(valueOf(seen, "driftwatch_measurements_written_total")).toBe(await total("sum(revision) AS hits FROM measurements FINAL"));
  expect(valueOf(seen, "driftwatch_watermark_timestamp_seconds", { model: "toy" })).toBe((app.watermark("toy") ?? Number.NaN) / 1000);

  // The alerts, and who was told.
  const transitions = await counted(
    app,
    "SELECT concat(rule, ' ', severity, ' ', to_state) AS what, count() AS hits FROM alert_transitions FINAL GROUP BY what",
  );
  expect(byLabels(seen, "driftwatch_alert_transitions_total")).toEqual(transitions);
  expect(transitions).toMatchObject({
    "accuracy-drop critical firing": 1,
    "feature-drift warning pending": 1,
    "feature-drift warning firing": 1,
  });
  expect(byLabels(seen, "driftwatch_alerts")).toEqual({ "toy firing": 2 });
  const deliveries = await counted(
    app,
    "SELECT concat(channel, ' ', outcome) AS what, count() AS hits FROM deliveries FINAL WHERE attempt > 0 GROUP BY what",
  );
  expect(byLabels(seen, "driftwatch_notifications_total")).toEqual(deliveries);
  // How often the busy one was tried depends on when the outbox looked.
  expect(deliveries).toEqual({ "ops sent": 2, "busy retry": expect.any(Number), "strict failed": 2 });
  expect(deliveries["busy retry"]).toBeGreaterThanOrEqual(2);
  expect(hooks.requests.filter(({ path }) => path.endsWith("/ops"))).toHaveLength(2);
  expect(byLabels(seen, "driftwatch_outbox_waiting_transitions")).toEqual({ busy: 2 });
  const oldest = await total("toUnixTimestamp64Milli(min(created_at)) AS hits FROM alert_transitions FINAL WHERE notEmpty(notify)");
  expect(byLabels(seen, "driftwatch_outbox_oldest_waiting_timestamp_seconds")).toEqual({ busy: (oldest ?? 0) / 1000 });
  expect(byLabels(seen, "driftwatch_retrain_decisions_total")).toEqual({ "toy started": 1 });
  expect(await counted(app, "SELECT state AS what, count() AS hits FROM retrain_runs FINAL GROUP BY what")).toEqual({ started: 1 });

  // The store itself: none but these have rows, and every insert was timed.
  const rows = byLabels(seen, "driftwatch_store_inserted_rows_total");
  expect(rows).toMatchObject({ predictions: valueOf(seen, "driftwatch_events_accepted_total", { type: "prediction" }), ticks: 5 });
  for (const table of Object.keys(rows))
    expect([table, valueOf(seen, "driftwatch_store_statement_duration_seconds_count", { operation: "insert", table }) ?? 0]).toEqual([
      table,
      expect.toSatisfy((count: number) => count > 0),
    ]);
  expect(valueOf(seen, "driftwatch_store_statement_duration_seconds_count", { operation: "query", table: "" })).toBeGreaterThan(50);
  expect(byLabels(seen, "driftwatch_store_errors_total")).toEqual({});

  // Asked for beside the scrapes, so a later one has it.
  await until("the size on disk", async () => valueOf(await scrape(), "driftwatch_store_disk_bytes") !== null);
  const bytes = valueOf(await scrape(), "driftwatch_store_disk_bytes") ?? 0;
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(10 * (await readDiskBytes(app.store)));

  const answer = await fetch(`${url}/metrics`, {
    headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4" },
  });
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
}, 120_000);

test.skipIf(noPromtool)(
  "promtool finds nothing to say, before any work and after it",
  async () => {
    const { app, url } = await livePastAnAlert();
    const fresh = await createApp(app.config, { log: silentLog, tickEvery: null, effects: false });
    onTestFinished(() => fresh.stop());
    for (const text of [(await fresh.metrics.scrape()).text, await (await fetch(`${url}/metrics`)).text()])
      expect(promtool(["check", "metrics"], text)).toEqual({ code: 0, said: "" });
    // It would have something to say.
    expect(promtool(["check", "metrics"], "# TYPE wrong_total gauge\nwrong_total 1\n").code).not.toBe(0);
  },
  120_000,
);

test("counters only grow", async () => {
  const { scrapes, scrape, live } = await livePastAnAlert();
  await live(6);
  scrapes.push(await scrape());
  const counts = (families: ReadonlyMap<string, Family>) =>
    new Map(
      [...families.values()]
        .filter(({ type }) => type !== "gauge")
        .flatMap(({ samples }) => samples.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value] as const)),
    );
  let grown = 0;
  for (const [index, families] of scrapes.slice(1).entries()) {
    const before = counts(scrapes[index] ?? new Map());
    const after = counts(families);
    for (const [series, value] of before) {
      expect([series, after.get(series) ?? -1]).toEqual([series, expect.toSatisfy((now: number) => now >= value)]);
      if ((after.get(series) ?? 0) > value) grown += 1;
    }
  }
  expect(grown).toBeGreaterThan(100);
}, 120_000);

test("a restart begins at 0, knows how alerts stand, and counts on from there", async () => {
  const { app, live } = await livePastAnAlert();
  const before = parseExposition((await app.metrics.scrape()).text);
  expect(byLabels(before, "driftwatch_alerts")).toEqual({ "toy firing": 2 });
  await live(6);
  const recovering = parseExposition((await app.metrics.scrape()).text);
  await app.stop();
  const next = await createApp(app.config, { clock: () => Date.UTC(2026, 5, 7, 8), log: silentLog, tickEvery: null });
  onTestFinished(() => next.stop());
  const early = parseExposition((await next.metrics.scrape()).text);
  expect(valueOf(early, "driftwatch_ready")).toBe(0);
  await next.start();
  const after = parseExposition((await next.metrics.scrape()).text);
  expect(valueOf(after, "driftwatch_ready")).toBe(1);
  expect(byLabels(after, "driftwatch_alert_transitions_total")).toEqual({});
  expect(byLabels(after, "driftwatch_alerts")).toEqual(byLabels(recovering, "driftwatch_alerts"));
  const statuses = await counted(
    next,
    "SELECT concat(model, ' ', state) AS what, count() AS hits FROM alert_statuses FINAL WHERE state IN ('pending', 'firing', 'recovering') GROUP BY what",
  );
  expect(byLabels(after, "driftwatch_alerts")).toEqual(statuses);
  expect(statuses).not.toEqual({ "toy firing": 2 });
}, 120_000);

test("a scrape works while the store is failing, and says so", async () => {
  const front = await startFront();
  const program = await startWatchedProgram({ store: front.settings });
  await program.live(1);
  const before = await program.scrape();
  expect(byLabels(before, "driftwatch_ticks_total")).toEqual({ ok: 1 });
  await front.stop();
  program.wait(1);
  await expect(program.app.tick()).rejects.toThrow("cannot be reached");
  const after = await program.scrape();
  expect(byLabels(after, "driftwatch_ticks_total")).toEqual({ ok: 1, failed: 1 });
  expect(valueOf(after, "driftwatch_tick_duration_seconds_count")).toBe(2);
  for (const name of ["driftwatch_last_successful_tick_timestamp_seconds", "driftwatch_windows_measured_total"])
    expect([name, valueOf(after, name)]).toEqual([name, valueOf(before, name)]);
  expect(valueOf(after, "driftwatch_store_errors_total", { operation: "query", retryable: "true" })).toBeGreaterThan(0);
  expect(byLabels(before, "driftwatch_store_errors_total")).toEqual({});
  expect((await fetch(`${program.url}/v1/alerts`)).status).toBe(503);
}, 120_000);

describe("names from a configuration, whatever they are made of", () => {
  // Pairs that a careless join of label values would take for one.
  const names = [
    ...HOSTILE_NAMES.filter((name) => name !== ""),
    "a,state:firing",
    "a",
    "a,state:firing,",
    '"} 1\nforged_total{x="',
    "a\r\nb",
  ];

  test("are labels, each its own, and nothing else", async () => {
    const [flight] = [...flightConfig("").models.values()] as [ModelSettings];
    const config: Config = {
      ...flightConfig(scratchDirectory()),
      models: new Map(names.map((name) => [name, { ...flight, name, baselines: [], bucket: HOUR, lateness: MINUTE }])),
      channels: new Map(
        names.map((name) => [name, { type: "webhook", name, repeatEvery: null, url: "http://127.0.0.1:9/", secret: null }]),
      ),
      rules: flightConfig("")
        .rules.slice(0, 1)
        .flatMap((rule) => names.map((name) => ({ ...rule, name, notify: [] }))),
      retraining: new Map(
        names.map((model) => [
          model,
          exampleRetraining({ model, launcher: { type: "webhook", url: "http://127.0.0.1:9/", secret: null }, dryRun: true }),
        ]),
      ),
    };
    const app = await createApp(config, { log: silentLog, sources: [], tickEvery: null });
    onTestFinished(() => app.stop());
    await app.start();
    app.watermarks.finish();
    await app.pipeline.ingest(
      names.map((model, index) => ({
        origin: { source: "http", topic: "", partition: 0, offset: String(index) },
        bytes: Buffer.from(
          JSON.stringify({
            ...prediction({ model }),
            time: "2013-06-04T10:00:00Z",
            ...Object.fromEntries(Array.from({ length: 10 }, (_, field) => [`${model}_total ${field}`, 1])),
          }),
        ),
        timestamp: null,
      })),
    );
    await app.tick();
    const { text } = await app.metrics.scrape();
    const seen = parseExposition(text);
    const expected = [...names].sort();
    for (const [metric, label, per] of [
      ["driftwatch_watermark_timestamp_seconds", "model", 1],
      ["driftwatch_alerts", "model", 3],
      ["driftwatch_alert_transitions_total", "rule", 5],
      ["driftwatch_notifications_total", "channel", 3],
      ["driftwatch_outbox_waiting_transitions", "channel", 1],
      ["driftwatch_retrain_decisions_total", "model", 5],
      ["driftwatch_retrain_outcomes_total", "model", 7],
    ] as const) {
      const samples = seen.get(metric)?.samples ?? [];
      expect([metric, samples.length]).toEqual([metric, per * names.length]);
      expect([...new Set(samples.map(({ labels }) => labels[label] ?? ""))].sort()).toEqual(expected);
    }
    expect([...seen.keys()].filter((name) => !/^(driftwatch|process|nodejs)_/.test(name))).toEqual([]);
    // More names than are kept apart.
    expect(valueOf(seen, "driftwatch_events_unknown_fields_total")).toBe(10 * names.length);
    if (!noPromtool) expect(promtool(["check", "metrics"], text)).toEqual({ code: 0, said: "" });
  }, 60_000);
});

test("a token with the scope read is asked for where tokens are configured; the document says so", async () => {
  const config = flightConfig(scratchDirectory(), { models: new Map(), rules: [], retraining: new Map() });
  const app = await createApp(
    {
      ...config,
      http: {
        ...config.http,
        tokens: [
          { name: "prometheus", token: "t-read", scopes: ["read"] },
          { name: "serving", token: "t-ingest", scopes: ["ingest"] },
        ],
      },
    },
    { log: silentLog, sources: [], tickEvery: null },
  );
  onTestFinished(() => app.stop());
  const server = await serveApp(app);
  onTestFinished(() => server.close());
  const asked = async (authorization?: string) => {
    const answer = await fetch(`${server.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } });
    return [answer.status, (await answer.text()).includes("driftwatch_ready")];
  };
  expect(await asked()).toEqual([401, false]);
  expect(await asked("Bearer wrong")).toEqual([401, false]);
  expect(await asked("Bearer t-ingest")).toEqual([403, false]);
  expect(await asked("Bearer t-read")).toEqual([200, true]);
  const document = (await (await createSite(app, { log: silentLog }).request("/openapi.json")).json()) as {
    paths: Record<string, { get: { security: unknown; responses: Record<string, { content: object }> } }>;
  };
  expect(document.paths["/metrics"]?.get.security).toEqual([{ bearer: ["read"] }]);
  expect(Object.keys(document.paths["/metrics"]?.get.responses["200"]?.content ?? {})).toEqual(["text/plain"]);
});

test("the size on disk is asked for at most once a minute, and is absent while it cannot be told", async () => {
  const { store, remove } = await openTemporaryStore();
  onTestFinished(remove);
  let now = 0;
  let asked = 0;
  let failing = false;
  const watched: Store = {
    ...store,
    query: (sql, params) => {
      asked += 1;
      return failing ? Promise.reject(new StoreError("gone", { hint: "wait", retryable: true })) : store.query(sql, params);
    },
  };
  const metrics = createMetrics({ config: flightConfig(""), version: "1", clock: () => now });
  const ingested = () => ({ ...createCounters(() => {}).read(), unsentLetters: 0, unpaired: [] });
  metrics.readFrom({ store: watched, ingested, sources: () => [], watermark: () => null, waiting: () => new Map(), isReady: () => true });
  const size = async () => valueOf(parseExposition((await metrics.scrape()).text), "driftwatch_store_disk_bytes");
  expect(await size()).toBeNull();
  await until("the size", async () => (await size()) !== null);
  now = MINUTE - 1;
  await size();
  expect(asked).toBe(1);
  now = MINUTE;
  failing = true;
  await until("it to be gone", async () => (await size()) === null);
  now = 2 * MINUTE;
  failing = false;
  await until("it to be back", async () => (await size()) !== null);
  expect(asked).toBe(3);
  await metrics.close();
});

test("two apps in one process count apart", async () => {
  const open = async () => {
    const app = await createApp(flightConfig(scratchDirectory(), { models: new Map(), rules: [], retraining: new Map() }), {
      log: silentLog,
      sources: [],
      tickEvery: null,
    });
    onTestFinished(() => app.stop());
    return app;
  };
  const one = await open();
  await one.tick();
  await one.tick();
  const ticks = async (app: App) => byLabels(parseExposition((await app.metrics.scrape()).text), "driftwatch_ticks_total");
  expect(await ticks(one)).toEqual({ ok: 2 });
  await one.stop();
  expect(await ticks(await open())).toEqual({});
});

test("docs/metrics.md tells every metric, as it is, and none that is not", async () => {
  const { scrape } = await livePastAnAlert();
  await until("the size on disk", async () => valueOf(await scrape(), "driftwatch_store_disk_bytes") !== null);
  const seen = await scrape();
  const rows = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8").matchAll(
    /^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$/gm,
  );
  const documented = new Map(
    [...rows].map(([, name = "", type, labels = "", help]) => [name, { type, labels: labels.match(/\w+/g) ?? [], help }]),
  );
  expect([...documented.keys()].sort()).toEqual([...seen.keys()].sort());
  // The sources' are held against a broker; here there is none to read.
  for (const [name, { type, help, samples }] of seen) {
    const { labels, ...told } = documented.get(name) ?? { labels: [] };
    expect([name, told]).toEqual([name, { type, help }]);
    const used = [...new Set(samples.flatMap((sample) => Object.keys(sample.labels)))].filter((label) => label !== "le");
    if (name.startsWith("driftwatch_") && !name.startsWith("driftwatch_source_")) {
      expect([name, samples.length]).toEqual([name, expect.toSatisfy((count: number) => count > 0)]);
      expect([name, used.sort()]).toEqual([name, [...labels].sort()]);
      expect([name, help]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
    }
  }
}, 120_000);
