import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DAY, MINUTE } from "../../src/model/time.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { load, loaded } from "../config/workplace.ts";
import { ndjson } from "../support/messages.ts";
import { play, startProgram } from "../support/program.ts";

const THRESHOLDS = [0.3, 0.5, 0.85];
const TASKS = {
  binary: `positive: late, thresholds: [${THRESHOLDS.join(", ")}], value: {tp: 40, fp: -5, fn: -100, tn: 1}, `,
  multiclass: "",
  regression: "quantile: 0.9, ",
};

const RULES = { binary: ["recall@0.3", "mean_value"], multiclass: ["estimated_macro_f1"], regression: ["quantile_loss"] };

type Rows = "reference" | "current" | "far";
/** What scikit-learn says of the same rows: `tasks_oracle.py`. */
type Row = {
  readonly prediction: string | number;
  readonly label: string | number | null;
  readonly score?: number;
  readonly weight?: number;
  readonly scores?: Readonly<Record<string, number>>;
};
type Figures = Readonly<Record<string, number>> & {
  readonly edges?: Readonly<Record<string, number>>;
  readonly classes?: readonly { class: string; recall: number; rows: number }[];
};
type LabelDrift = Readonly<Partial<Record<"chi_square" | "p_value" | "total_variation" | "l_infinity" | "ks" | "wasserstein", number>>> & {
  readonly rows?: readonly number[];
};
type Part = {
  readonly labelDrift: LabelDrift;
  readonly rows: Readonly<Record<Rows, readonly Row[]>>;
  readonly figures: Readonly<Record<Rows, Figures>>;
  readonly estimates?: Readonly<Record<string, number>>;
};
const oracle = JSON.parse(readFileSync(new URL("../oracle/tasks-oracle.json", import.meta.url), "utf8")) as {
  readonly binary: Part;
  readonly weighted: { readonly binary: Part };
  readonly multiclass: Part;
  readonly regression: Part;
};

const START = Date.UTC(2026, 5, 1);

const event = (row: Row, index: number, start: number) => ({
  type: "prediction",
  id: `${start}-${index}`,
  model: "m",
  version: "1",
  time: new Date(start + index * MINUTE).toISOString(),
  features: { x: index },
  prediction: row.prediction,
  ...(row.weight === undefined ? {} : { weight: row.weight }),
  ...(row.score === undefined ? {} : { score: row.score }),
  ...(row.scores ? { scores: row.scores } : {}),
});

/** The whole program, with a model of one task, its reference in a file and a day of live events. */
async function program(task: keyof typeof TASKS, { rows }: Pick<Part, "rows">): Promise<App> {
  const reference = rows.reference.map((row, index) => ({
    ...event(row, index, START - 30 * DAY),
    ...(row.label === null ? {} : { label: row.label }),
  }));
  const yaml = `store: {path: ./data}
clock: replay
models: {m: {task: ${task}, ${TASKS[task]}labels: {expected_within: 1h}, baselines: {training: {file: reference.ndjson}}}}
`;
  const rules = `rules: ${JSON.stringify(RULES[task].map((metric) => ({ name: metric, measure: { metric, baseline: "training", window: "1d" }, fire: { drop: 0.05 } })))}\n`;
  const files = { "reference.ndjson": ndjson(reference), "alerts/rules.yaml": rules };
  const { app } = await startProgram(loaded(load(yaml, files)));
  const labels = rows.current.flatMap(({ label }, index) =>
    label === null ? [] : [{ type: "label", id: `${START}-${index}`, model: "m", time: new Date(START + DAY).toISOString(), label }],
  );
  // Later ones without labels, so that those of the first day have had their time.
  const later = (rows.far ?? rows.current).map((row, index) => event(row, index, START + 3 * DAY));
  const events = [...rows.current.map((row, index) => event(row, index, START)), ...labels, ...later];
  await play(app, events);
  return app;
}

async function measured(app: App, from = START): Promise<Map<string, Measurement>> {
  const window = { from, to: from + DAY };
  const found = await app.monitor.measure({ model: "m", window, baselines: ["training"], families: ["performance"] });
  return new Map(found.map((one) => [one.metric, one]));
}

/** Drift of the labels of the first day, by metric. */
async function labelDrift(app: App): Promise<Map<string, Measurement>> {
  const window = { from: START, to: START + DAY };
  const found = await app.monitor.measure({ model: "m", window, baselines: ["training"], families: ["drift"], only: { subject: "label" } });
  expect(found.every(({ subject, feature }) => subject === "label" && feature === null)).toBe(true);
  return new Map(found.map((one) => [one.metric, one]));
}

function expectLabelsOfClasses(drift: ReadonlyMap<string, Measurement>, figures: LabelDrift): void {
  const { rows: [reference, current] = [], p_value: pValue, ...values } = figures;
  for (const [metric, value] of Object.entries(values)) {
    expect(drift.get(metric), metric).toMatchObject({ status: "ok", rows: { reference, current }, labelled: current });
    expect(drift.get(metric)?.value, metric).toBeCloseTo(value, 9);
  }
  expect(drift.get("chi_square")?.pValue).toBeCloseTo(pValue ?? NaN, 9);
}

test("a model of two classes is measured as scikit-learn measures it, also at thresholds and by what answers are worth", async () => {
  const app = await program("binary", oracle.binary);
  const found = await measured(app);
  const { reference, current } = oracle.binary.figures;
  const named = ["accuracy", "precision", "recall", "f1", "log_loss", "brier", "mean_value"];
  const at = THRESHOLDS.flatMap((threshold) =>
    ["accuracy", "precision", "recall", "specificity", "f1"].map((metric) => `${metric}@${threshold}`),
  );
  for (const metric of [...named, ...at]) {
    const one = found.get(metric);
    expect(one, metric).toMatchObject({ status: "ok", labelled: current.labelled, rows: { reference: reference.labelled, current: 400 } });
    expect(one?.value, metric).toBeCloseTo(current[metric] ?? NaN, 9);
    expect(one?.detail.reference, metric).toBeCloseTo(reference[metric] ?? NaN, 9);
    expect(one?.ci?.[0], metric).toBeLessThan(one?.value ?? NaN);
    expect(one?.ci?.[1], metric).toBeGreaterThan(one?.value ?? NaN);
    expect(one?.pValue, metric).toBeGreaterThan(0.001);
  }
  for (const threshold of THRESHOLDS)
    expect(found.get(`recall@${threshold}`)?.detail.threshold).toBeCloseTo(current.edges?.[threshold] ?? NaN, 12);
  // By schedule too, and each by its name.
  const stored = await readMeasurements(app.store, { model: "m", family: "performance", upTo: START + DAY });
  for (const metric of ["recall@0.3", "mean_value"])
    expect(
      stored.filter((one) => one.metric === metric),
      metric,
    ).toMatchObject([{ value: found.get(metric)?.value, status: "ok" }]);
  expectLabelsOfClasses(await labelDrift(app), oracle.binary.labelDrift);
  // Of scores in bins: exact but for pairs within one.
  expect(Math.abs((found.get("roc_auc")?.value ?? NaN) - (current.roc_auc ?? NaN))).toBeLessThan(1e-3);
  expect(Math.abs((found.get("average_precision")?.value ?? NaN) - (current.average_precision ?? NaN))).toBeLessThan(2e-3);
}, 60_000);

test("rows with weights of their own count by them, live and in a baseline", async () => {
  const { rows, figures } = oracle.weighted.binary;
  const found = await measured(await program("binary", { rows }));
  const { effective, roc_auc: area, ...current } = figures.current;
  for (const [metric, value] of Object.entries(current)) {
    const one = found.get(metric);
    expect(one, metric).toMatchObject({ status: "ok", labelled: rows.current.filter(({ label }) => label !== null).length });
    expect(one?.value, metric).toBeCloseTo(value as number, 8);
    expect(one?.detail.reference, metric).toBeCloseTo(figures.reference[metric] ?? NaN, 8);
    expect(one?.detail.effectiveRows, metric).toBeCloseTo(effective ?? NaN, 6);
  }
  expect(found.get("roc_auc")?.value).toBeCloseTo(area ?? NaN, 2);
  expect(found.get("estimated_accuracy")).toMatchObject({
    status: "ok",
    detail: { realised: { verdict: "agree", value: found.get("accuracy")?.value } },
  });
}, 60_000);

test("a model of several classes is measured as scikit-learn measures it", async () => {
  const app = await program("multiclass", oracle.multiclass);
  const found = await measured(app);
  expectLabelsOfClasses(await labelDrift(app), oracle.multiclass.labelDrift);
  const { reference, current } = oracle.multiclass.figures;
  for (const metric of ["accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "weighted_f1", "mcc", "log_loss", "brier"]) {
    const one = found.get(metric);
    expect(one, metric).toMatchObject({ status: "ok", labelled: current.labelled, rows: { reference: reference.labelled, current: 300 } });
    expect(one?.value, metric).toBeCloseTo(current[metric] ?? NaN, 9);
    expect(one?.detail.reference, metric).toBeCloseTo(reference[metric] ?? NaN, 9);
    expect(one?.ci?.[0], metric).toBeLessThan(one?.value ?? NaN);
    expect(one?.ci?.[1], metric).toBeGreaterThan(one?.value ?? NaN);
    expect(one?.pValue, metric).toBeGreaterThan(0.01);
  }
  expect(found.get("accuracy")?.detail.classes?.map(({ class: name, recall, rows }) => ({ class: name, recall, rows }))).toEqual(
    current.classes,
  );
  expect(found.get("accuracy")?.detail.classes?.at(-1)).toMatchObject({ class: "eel", precision: null, f1: 0 });
  expect(found.get("calibration_error")).toMatchObject({ status: "ok" });
  // Estimates are of the rows with scores, labelled or not; the labelled ones turned out as was estimated of them.
  for (const metric of ["accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "mcc"]) {
    const one = found.get(`estimated_${metric}`);
    expect(one, metric).toMatchObject({
      status: "ok",
      evidence: "independent_rows",
      detail: { realised: { verdict: "agree", value: found.get(metric)?.value, rows: current.labelled } },
    });
    // Isotonic regression fits some noise, which is corrected: that much more than scikit-learn says.
    expect(Math.abs((one?.value ?? NaN) - (oracle.multiclass.estimates?.[metric] ?? NaN)), metric).toBeLessThan(0.012);
    expect(one?.ci?.[0], metric).toBeLessThan(one?.value ?? NaN);
    expect(one?.ci?.[1], metric).toBeGreaterThan(one?.value ?? NaN);
  }
  expect(found.has("estimated_log_loss")).toBe(false);
}, 60_000);

test("a model of numbers is measured as scikit-learn measures it, and estimated without labels", async () => {
  const app = await program("regression", oracle.regression);
  const found = await measured(app);
  const { reference, current } = oracle.regression.figures;
  for (const metric of ["mae", "rmse", "r2", "wape", "bias", "quantile_loss"]) {
    const one = found.get(metric);
    expect(one, metric).toMatchObject({ status: "ok", labelled: current.labelled, rows: { reference: reference.labelled, current: 300 } });
    expect(Math.abs((one?.value ?? NaN) / (current[metric] ?? NaN) - 1), metric).toBeLessThan(1e-9);
    expect(Math.abs((one?.detail.reference ?? NaN) / (reference[metric] ?? NaN) - 1), metric).toBeLessThan(1e-9);
    expect(one?.ci?.[0], metric).toBeLessThan(one?.value ?? NaN);
    expect(one?.ci?.[1], metric).toBeGreaterThan(one?.value ?? NaN);
  }
  expect(found.get("estimated_mae")).toMatchObject({
    status: "ok",
    evidence: "independent_rows",
    detail: { realised: { verdict: "agree", value: found.get("mae")?.value, rows: current.labelled } },
  });

  const drift = await labelDrift(app);
  const { ks = NaN, wasserstein = NaN } = oracle.regression.labelDrift;
  const [low, high] = drift.get("ks")?.detail.bracket ?? [NaN, NaN];
  expect(low).toBeLessThanOrEqual(ks + 1e-12);
  expect(high).toBeGreaterThanOrEqual(ks - 1e-12);
  expect(high - low).toBeLessThan(0.03);
  expect(Math.abs((drift.get("wasserstein")?.value ?? NaN) / wasserstein - 1)).toBeLessThan(0.03);
  expect(drift.get("wasserstein")).toMatchObject({ status: "ok", labelled: current.labelled });

  // Of these no label is known. They lie where errors are large.
  const far = await measured(app, START + 3 * DAY);
  expect(far.get("mae")).toMatchObject({ value: null, status: "labels_pending" });
  const estimate = far.get("estimated_mae");
  expect(estimate).toMatchObject({ status: "ok", labelled: 0, detail: { reference: found.get("mae")?.detail.reference } });
  expect(estimate?.pValue).toBeLessThan(0.01);
  const truth = oracle.regression.figures.far?.mae ?? NaN;
  expect(truth / (reference.mae ?? NaN)).toBeGreaterThan(1.2);
  expect(Math.abs((estimate?.value ?? NaN) / truth - 1)).toBeLessThan(0.1);
}, 60_000);
