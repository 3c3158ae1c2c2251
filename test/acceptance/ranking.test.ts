import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { METRICS_AT_CUTOFFS } from "../../src/model/metric.ts";
import type { Config } from "../../src/model/settings.ts";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { cli, configFile } from "../cli/terminal.ts";
import { load, loaded } from "../config/workplace.ts";
import { connectionAt } from "../support/connections.ts";
import { ndjson } from "../support/messages.ts";
import { play, startProgram } from "../support/program.ts";
import { serveApp } from "../support/serve-app.ts";

type Row = { readonly prediction: unknown; readonly label: unknown; readonly weight?: number };
type Figure = { readonly value: number; readonly ci: readonly [number, number] };
type Figures = { readonly predictions: number; readonly labelled: number; readonly ranked: number; readonly effective: number } & Readonly<
  Record<`${string}@${number}`, Figure>
>;
type Part = {
  readonly rows: Readonly<Record<"reference" | "current", readonly Row[]>>;
  readonly figures: Readonly<Record<"reference" | "current", Figures>>;
};
/** What scikit-learn says of the same rows: `ranking_oracle.py`. */
const oracle = JSON.parse(readFileSync(new URL("../oracle/ranking-oracle.json", import.meta.url), "utf8")) as {
  readonly cutoffs: readonly number[];
  readonly plain: Part;
  readonly weighted: Part;
};
const METRICS = oracle.cutoffs.flatMap((cutoff) => METRICS_AT_CUTOFFS.map((metric) => `${metric}@${cutoff}` as const));

const START = Date.UTC(2026, 5, 1);
const iso = (time: number) => new Date(time).toISOString();

const event = ({ prediction, weight }: Row, index: number, start: number, version = "1") => ({
  type: "prediction",
  id: `${version}-${start}-${index}`,
  model: "search",
  version,
  time: iso(start + index * MINUTE),
  features: { site: index % 2 === 0 ? "home" : "cart" },
  prediction,
  ...(weight === undefined ? {} : { weight }),
});

const labelsOf = (rows: readonly Row[], start: number, version = "1") =>
  rows.flatMap(({ label }, index) =>
    label === null ? [] : [{ type: "label", id: `${version}-${start}-${index}`, model: "search", time: iso(start + DAY), label }],
  );

/** The whole program with a model that ranks: a reference in a file, a day of version 1, and beside it one whose lists hold nothing. */
async function program({ rows }: Part): Promise<{ app: App; config: Config; fired: () => readonly (readonly [string, string, string])[] }> {
  const reference = rows.reference.map((row, index) => ({
    ...event(row, index, START - 30 * DAY),
    ...(row.label === null ? {} : { label: row.label }),
  }));
  const rule = { name: "lists", measure: { metric: "ndcg@10", baseline: "training", window: "1d" }, fire: { drop: 0.1 } };
  const config = loaded(
    load(
      `store: {path: ./data}
clock: replay
models:
  search:
    task: ranking
    ranking: {at: [${oracle.cutoffs.join(", ")}]}
    labels: {expected_within: 1h}
    segments: [site]
    baselines: {training: {file: reference.ndjson}}
`,
      { "reference.ndjson": ndjson(reference), "alerts/rules.yaml": `rules: ${JSON.stringify([rule])}\n` },
    ),
  );
  const { app, transitions } = await startProgram(config);
  const useless = rows.current.map(({ label }) => ({ prediction: ["nothing", "of", "use"], label }));
  await play(app, [
    ...rows.current.map((row, index) => event(row, index, START)),
    ...useless.map((row, index) => event(row, index, START, "2")),
    ...labelsOf(rows.current, START),
    ...labelsOf(useless, START, "2"),
    // Later ones without labels, so that those of the first day have had their time.
    ...rows.current.map((row, index) => event(row, index, START + DAY)),
    event({ prediction: [], label: null }, 0, START + 2 * DAY + 12 * HOUR),
  ]);
  return { app, config, fired: () => transitions.map(({ key, to }) => [key.rule, key.version, to] as const) };
}

async function measured(app: App, from = START, version = "1", segments?: readonly string[]): Promise<Map<string, Measurement>> {
  const query = { model: "search", window: { from, to: from + DAY }, baselines: ["training"], families: ["performance"] } as const;
  const found = await app.monitor.measure({ ...query, ...(segments ? { segments: [...segments] } : {}) });
  return new Map(found.filter((one) => one.version === version).map((one) => [one.metric, one]));
}

test("a model that ranks is measured as scikit-learn measures it, from its events to rules, the API, SQL and the command", async () => {
  const { app, config, fired } = await program(oracle.plain);
  const found = await measured(app);
  const { reference, current } = oracle.plain.figures;
  expect([...found.keys()].sort()).toEqual(["label_coverage", ...METRICS].sort());
  for (const metric of METRICS) {
    const one = found.get(metric);
    expect(one, metric).toMatchObject({
      status: "ok",
      labelled: current.labelled,
      rows: { reference: reference.labelled, current: current.predictions },
      detail: { nothingRelevant: current.labelled - current.ranked },
    });
    expect(one?.value, metric).toBeCloseTo(current[metric]?.value ?? NaN, 10);
    expect(one?.detail.reference, metric).toBeCloseTo(reference[metric]?.value ?? NaN, 10);
    expect(one?.ci?.[0], metric).toBeCloseTo(current[metric]?.ci[0] ?? NaN, 8);
    expect(one?.ci?.[1], metric).toBeCloseTo(current[metric]?.ci[1] ?? NaN, 8);
    expect(one?.pValue, metric).toBeGreaterThan(0.001);
  }
  expect(found.get("label_coverage")).toMatchObject({ status: "ok", value: current.labelled / current.predictions });

  const answered = oracle.plain.rows.current.flatMap(({ prediction }) =>
    Array.isArray(prediction) ? prediction.slice(0, 1) : [prediction],
  );

  // By schedule, and judged.
  expect(fired()).toContainEqual(["lists", "2", "firing"]);
  expect(fired().filter(([, version]) => version === "1")).toEqual([]);
  expect((await measured(app, START, "2")).get("ndcg@10")).toMatchObject({ status: "ok", value: 0, ci: [0, 0] });
  const stored = await readMeasurements(app.store, { model: "search", family: "performance", upTo: START + DAY });
  const kept = (version: string) => stored.filter((one) => one.metric === "ndcg@10" && one.version === version && one.segment === null);
  expect(kept("1")).toMatchObject([{ value: found.get("ndcg@10")?.value, status: "ok" }]);
  expect(
    await app.store.query(
      "SELECT value, baseline_value, labelled FROM v_performance WHERE model = 'search' AND version = '1' AND metric = 'ndcg@10' AND time = '2026-06-02 00:00:00' AND segment = ''",
    ),
  ).toEqual([{ value: found.get("ndcg@10")?.value, baseline_value: found.get("ndcg@10")?.detail.reference, labelled: current.labelled }]);

  // Both halves of the rows, as segments, are all of them.
  const halves = await Promise.all(["site=home", "site=cart"].map((name) => measured(app, START, "1", [name])));
  expect(halves.reduce((sum, half) => sum + (half.get("ndcg@10")?.labelled ?? 0), 0)).toBe(current.labelled);

  // Lists drift by what stands first in them.
  const drift = await app.monitor.measure({
    model: "search",
    window: { from: START, to: START + DAY },
    baselines: ["training"],
    families: ["drift"],
    metrics: ["psi"],
    only: { subject: "prediction" },
  });
  expect(drift.map(({ version, rows }) => [version, rows.current])).toEqual([
    ["1", answered.length],
    ["2", current.predictions],
  ]);
  const [same, other] = drift;
  expect(other?.detail.bins?.map(({ bin }) => bin)).toContain("(unseen)");
  expect(same?.detail.bins?.some(({ bin }) => String(answered[0]) === bin || /^item-\d+$/.test(bin))).toBe(true);
  expect(other?.value ?? 0).toBeGreaterThan((same?.value ?? 0) + 1);

  // Windows without labels have no value, and say why.
  expect((await measured(app, START + DAY)).get("ndcg@10")).toMatchObject({ value: null, status: "no_data", labelled: 0 });
  expect((await measured(app, START + 2 * DAY)).get("ndcg@10")).toMatchObject({ value: null, status: "labels_pending" });

  const { url, close } = await serveApp(app);
  onTestFinished(close);
  const ask = async (path: string) => (await (await fetch(`${url}/v1/models/search/${path}`)).json()) as Record<string, unknown>;
  const day = `from=${iso(START)}&to=${iso(START + DAY)}`;
  expect(await ask(`performance?metric=ndcg@10&version=1&${day}`)).toMatchObject({
    items: [
      {
        metric: "ndcg@10",
        status: "ok",
        value: found.get("ndcg@10")?.value,
        detail: { nothing_relevant: current.labelled - current.ranked },
      },
    ],
  });
  expect(await ask("performance?metric=ndcg@0.5")).toMatchObject({ status: 400 });
  expect(await ask("compare?a=1&b=2")).toMatchObject({
    status: "ok",
    metrics: [{ metric: "ndcg", better: "higher", champion: found.get("ndcg@10")?.value, challenger: 0, one_look: { test: "welch" } }],
  });
  expect(await ask("changes")).toMatchObject({
    status: 400,
    detail: "Changes are looked for in errors, and a list of “search” is neither right nor wrong.",
  });
  const explained = (await ask(`segments/explain?version=2&baseline=training&${day}`)) as { metric: string; change: number };
  expect(explained.metric).toBe("ndcg@10");
  expect(explained.change).toBeCloseTo(-(reference["ndcg@10"]?.value ?? NaN), 10);

  const file = configFile("clock: replay\nstore: {path: ./data}\nmodels: {search: {task: ranking}}\n");
  const run = (...argv: string[]) =>
    cli(["performance", "-c", file, "--version", "1", ...argv], { connect: async () => connectionAt(url) });
  const table = await run("--from", iso(START), "--to", iso(START + DAY));
  expect(table).toMatchObject({ code: 0, err: "" });
  const lines = table.out.split("\n").flatMap((line) => /^\s*(\w+(?:@\d+)?) /.exec(line)?.[1] ?? []);
  expect(lines.filter((name) => name.includes("@"))).toEqual(
    [3, 10].flatMap((cutoff) => METRICS_AT_CUTOFFS.map((metric) => `${metric}@${cutoff}`)),
  );
  const json = await run("--from", iso(START), "--to", iso(START + DAY), "--json", "--metric", "mrr@3");
  expect(
    json.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([{ metric: "mrr@3", value: found.get("mrr@3")?.value, status: "ok" }]);

  // Looked at another number of items deep, what is stored is counted again.
  const settings = config.models.get("search");
  if (!settings) throw new Error("there is no such model");
  await app.stop();
  const { app: deeper } = await startProgram({ ...config, models: new Map([["search", { ...settings, cutoffs: [5] }]]), rules: [] });
  await deeper.tick();
  const five = await measured(deeper);
  expect([...five.keys()].sort()).toEqual(["label_coverage", ...METRICS_AT_CUTOFFS.map((metric) => `${metric}@5`)].sort());
  const hits = five.get("hit_rate@5");
  expect(hits).toMatchObject({ status: "ok", labelled: current.labelled });
  for (const value of [hits?.value, hits?.detail.reference]) expect(value).toBeGreaterThan(0);
  expect(hits?.value).toBeGreaterThan(current["hit_rate@3"]?.value ?? NaN);
  expect(hits?.value).toBeLessThan(current["hit_rate@10"]?.value ?? NaN);
}, 60_000);

test("rows with weights of their own count by them, live and in a baseline; too few of them have a name", async () => {
  const { app } = await program(oracle.weighted);
  const found = await measured(app);
  const { reference, current } = oracle.weighted.figures;
  for (const metric of METRICS) {
    const one = found.get(metric);
    expect(one, metric).toMatchObject({ status: "ok", labelled: current.labelled });
    expect(one?.value, metric).toBeCloseTo(current[metric]?.value ?? NaN, 8);
    expect(one?.detail.reference, metric).toBeCloseTo(reference[metric]?.value ?? NaN, 8);
    expect(one?.detail.effectiveRows, metric).toBeCloseTo(current.effective, 6);
    expect(one?.ci?.[0], metric).toBeCloseTo(current[metric]?.ci[0] ?? NaN, 7);
    expect(one?.ci?.[1], metric).toBeCloseTo(current[metric]?.ci[1] ?? NaN, 7);
  }
  // Labels that name nothing relevant are labels, and no ground for a value.
  const few = START + DAY;
  await play(
    app,
    Array.from({ length: 60 }, (_, index) => ({
      type: "label",
      id: `1-${few}-${index}`,
      model: "search",
      time: iso(few + HOUR),
      label: index < 40 ? [] : oracle.weighted.rows.reference[0]?.prediction,
    })),
  );
  const some = await measured(app, few);
  expect(some.get("ndcg@10")).toMatchObject({ status: "insufficient", labelled: 60, detail: { nothingRelevant: 40 } });
  expect(some.get("label_coverage")).toMatchObject({ status: "ok", value: 60 / current.predictions });
}, 60_000);
