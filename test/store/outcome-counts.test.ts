import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addOutcomes, confusionOf, sumOf, type OutcomeCounts } from "../../src/model/counts.ts";
import type { BaselineRow } from "../../src/model/event.ts";
import type { RealisedMetric } from "../../src/model/metric.ts";
import { classScorePlace, type ClassScoreRows } from "../../src/model/class-scores.ts";
import { ANOTHER_CLASS, OTHER_CLASS, outcomeGridOf, type OutcomeGrid } from "../../src/model/outcome-grid.ts";
import { HOUR } from "../../src/model/time.ts";
import { valueOf } from "../../src/monitor/performance-values.ts";
import { effectiveLabelled } from "../../src/monitor/weighted-outcomes.ts";
import { scoreBin } from "../../src/stats/auc.ts";
import { mergeMoments, rowMoments } from "../../src/stats/moments.ts";
import { regressionPerformance, regressionQuantities } from "../../src/stats/regression.ts";
import { insertBaselineRows } from "../../src/store/baselines.ts";
import { countOutcomes, readOutcomeCounts } from "../../src/store/outcome-counts.ts";
import type { Store } from "../../src/store/store.ts";
import { openTemporaryStore } from "../alerting/examples.ts";

const START = Date.UTC(2026, 0, 1);
const ROWS = { model: "m", baseline: "training" };

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
});
beforeEach(async () => {
  await store.execute("TRUNCATE TABLE baseline_rows");
  await store.execute("TRUNCATE TABLE outcome_counts");
});
afterAll(() => remove());

type Answer = {
  readonly label: string | number | null;
  readonly prediction?: string | number;
  readonly score?: number;
  readonly scores?: Readonly<Record<string, number>>;
  readonly weight?: number;
};

function row({ label, prediction, score, scores = {}, weight = 1 }: Answer, index: number): BaselineRow {
  const common = { id: `${index}`, model: "m", time: START + index };
  return {
    prediction: {
      ...common,
      type: "prediction",
      version: "1",
      features: { names: [], numbers: [], categoryPlaces: [], categories: [], embeddings: new Map(), unparsable: [] },
      predictedClass: typeof prediction === "string" ? prediction : null,
      predictedNumber: typeof prediction === "number" ? prediction : null,
      score: score ?? null,
      scores: new Map(Object.entries(scores)),
      latencyMs: null,
      status: "ok",
      role: "",
      entity: "",
      weight,
      telemetry: new Map(),
    },
    label:
      label === null
        ? null
        : { ...common, type: "label", label: String(label), labelNumber: typeof label === "number" ? label : null, revision: 0 },
  };
}

async function counted(grid: OutcomeGrid, answers: readonly Answer[]): Promise<OutcomeCounts> {
  await insertBaselineRows(store, "training", answers.map(row), () => "0");
  await countOutcomes(store, ROWS, grid, HOUR, [], 1);
  const [step] = await readOutcomeCounts(store, ROWS, { from: START, to: START + HOUR }, HOUR, HOUR);
  const found = step?.byVersion.get("1");
  if (!found) throw new Error("Nothing was counted.");
  return found;
}

const sorted = (cells: readonly (readonly (string | number)[])[]) => cells.map((cell) => JSON.stringify(cell)).sort();
const cellsOf = ({ cells }: OutcomeCounts) =>
  sorted([...cells].flatMap(([actual, byClass]) => [...byClass].map(([predicted, rows]) => [actual, predicted, rows])));

describe("of several classes", () => {
  const grid: OutcomeGrid = { task: "multiclass", classes: ["a", "b"] };

  it("those without a name are one, and two of them that differ are no hit", async () => {
    const found = await counted(grid, [
      { label: "a", prediction: "a" },
      { label: "a", prediction: "rare" },
      { label: "rare", prediction: "rare" },
      { label: "rare", prediction: "scarce" },
      { label: "scarce", prediction: "b" },
      { label: null, prediction: "b" },
    ]);
    expect(found).toMatchObject({ predictions: 6, labelled: 5 });
    expect(cellsOf(found)).toEqual(
      sorted([
        ["a", "a", 1],
        ["a", OTHER_CLASS, 1],
        [OTHER_CLASS, OTHER_CLASS, 1],
        [OTHER_CLASS, ANOTHER_CLASS, 1],
        [OTHER_CLASS, "b", 1],
      ]),
    );
    expect(valueOf("accuracy", found, { grid, value: null })?.value).toBe(2 / 5);
  });

  it("the likeliest is predicted where none is named, the first by name of several; a class without a probability had none", async () => {
    const found = await counted(grid, [
      { label: "b", scores: { a: 0.4, b: 0.6 } },
      { label: "a", scores: { b: 0.5, a: 0.5 } },
      { label: "b", prediction: "b", scores: { a: 1 } },
    ]);
    expect(cellsOf(found)).toEqual(
      sorted([
        ["a", "a", 1],
        ["b", "b", 2],
      ]),
    );
    expect(sumOf(found, "log_loss")).toBeCloseTo(-Math.log(0.6) - Math.log(0.5) - Math.log(Number.EPSILON), 9);
    expect(sumOf(found, "brier")).toBeCloseTo(0.4 ** 2 + 0.4 ** 2 + 0.5 + 2, 9);
    expect(found.histograms.get("right")).toEqual(
      new Map([
        [scoreBin(0), 1],
        [scoreBin(0.5), 1],
        [scoreBin(0.6), 1],
      ]),
    );
  });

  it("every class's score is counted under the prediction, and the rest as one class; with too many classes none", async () => {
    const answers = [
      { label: "b", prediction: "a", scores: { a: 0.5, b: 0.25 } },
      { label: null, prediction: "rare", scores: { a: 0, rare: 1 } },
      { label: "rare", prediction: "a" },
    ];
    const rows = (await counted(grid, answers)).classScores;
    // Bins: of 0; of 0.25 (log-odds -1.1), of 0.5 (0), of 1.
    const [none, quarter, half, all] = [0, 28, 33, 65];
    const [a, b, others] = [0, 1, 2];
    const of = (kind: ClassScoreRows, j: number, k: number, bin: number) => [classScorePlace(kind, j, k) + bin, 1] as const;
    expect([...rows].sort(([p], [q]) => p - q)).toEqual([
      of("unlabelled", others, a, none),
      of("unlabelled", others, b, none),
      of("unlabelled", others, others, all),
      of("labelled", a, a, half),
      of("labelled", a, b, quarter),
      of("labelled", a, others, quarter),
      of("are", 0, b, quarter),
    ]);
    await store.execute("TRUNCATE TABLE outcome_counts");
    await store.execute("TRUNCATE TABLE baseline_rows");
    const many = { ...grid, classes: Array.from({ length: 11 }, (_, k) => `c${k}`) };
    expect((await counted(many, answers)).classScores.size).toBe(0);
  });

  it("names that look like what they stand in are names", async () => {
    const hostile = ['["a","b"]', "', ''), 1) --", "\\", "é😀\n"];
    const found = await counted(
      { task: "multiclass", classes: hostile },
      hostile.map((name) => ({ label: name, prediction: name })),
    );
    expect(cellsOf(found)).toEqual(sorted(hostile.map((name) => [name, name, 1])));
  });
});

describe("of two classes", () => {
  const grid: OutcomeGrid = { task: "binary", positive: "yes" };

  it("a score of one half is positive where no class is named; a prediction is worth what its cell is", async () => {
    const found = await counted(grid, [
      { label: "yes", score: 0.5 },
      { label: "no", score: 0.49 },
      { label: "no", score: 0.9, prediction: "no" },
      { label: "yes", prediction: "no" },
      { label: "no", prediction: "yes" },
      { label: null, score: 0.7 },
    ]);
    expect(found).toMatchObject({ predictions: 6, labelled: 5 });
    expect(confusionOf(found)).toEqual({ tp: 1, fp: 1, fn: 1, tn: 2 });
    expect(found.histograms.get("predicted_positives")).toEqual(
      new Map([
        [scoreBin(0.5), 1],
        [scoreBin(0.7), 1],
      ]),
    );
    const value = { tp: 40, fp: -5, fn: -100, tn: 1 };
    expect(valueOf("mean_value", found, { grid, value })?.value).toBeCloseTo((40 - 5 - 100 + 2) / 5, 12);
    expect(valueOf("mae", found, { grid, value })).toBeNull();
  });

  it("nothing is said of value where nobody said what it is", async () => {
    expect(valueOf("mean_value", await counted(grid, [{ label: "yes", score: 0.5 }]), { grid, value: null })).toBeNull();
  });
});

describe("of numbers", () => {
  const grid = { task: "regression", edges: [0, 10, 20], labelEdges: [1, 12], center: 10, scale: 4 } as const;

  it("a label that is none is not known, and predictions are in the bin that begins below them, the smallest in the first", async () => {
    const found = await counted(grid, [
      { label: 12, prediction: 10 },
      { label: "many", prediction: 25 },
      { label: 1, prediction: -5 },
    ]);
    expect(found).toMatchObject({ predictions: 3, labelled: 2 });
    expect(found.histograms.get("predictions")).toEqual(
      new Map([
        [0, 1],
        [1, 1],
        [2, 1],
      ]),
    );
    // What turned out true is in the bin that ends at it: one of at most 1, one of at most 12.
    expect(found.histograms.get("actuals")).toEqual(
      new Map([
        [0, 1],
        [1, 1],
      ]),
    );
    expect(sumOf(found, "lowest_labels")).toBeCloseTo((1 - 10) / 4, 9);
    expect(sumOf(found, "highest_labels")).toBe(0);
    expect(valueOf("mae", found, { grid, value: null })?.value).toBeCloseTo(4, 9);
    expect(valueOf("bias", found, { grid, value: null })?.value).toBeCloseTo(-4, 9);
    expect(valueOf("wape", found, { grid, value: null })?.value).toBeCloseTo(8 / 13, 9);
  });

  it("keep their digits far from zero, and a value beyond all bounds spoils no sum", async () => {
    const far = { ...grid, center: 1e9, scale: 1 };
    const rows = [0, 1, 2, 3].map((k) => ({ label: 1e9 + k, prediction: 1e9 + k + (k % 2) }));
    const found = await counted({ ...far, edges: [0] }, rows);
    expect(valueOf("r2", found, { grid: far, value: null })?.value).toBeCloseTo(1 - 2 / 5, 9);
    await store.execute("TRUNCATE TABLE baseline_rows");
    await store.execute("TRUNCATE TABLE outcome_counts");
    const wild = await counted(grid, [
      { label: -1e300, prediction: 1e300 },
      { label: 1, prediction: 1 },
    ]);
    for (const bins of wild.sums.values()) for (const sum of bins.values()) expect(Number.isFinite(sum)).toBe(true);
    for (const metric of ["mae", "rmse", "bias", "wape", "r2", "quantile_loss"] as const)
      expect(valueOf(metric, wild, { grid, value: null, quantile: 0.9 }), metric).toBeNull();
  });

  it("one that is far out has the interval that its powers make, though they are cut short", async () => {
    const rows = Array.from({ length: 60 }, (_, index) => ({ label: index % 7 === 0 ? 9 : 12, prediction: 10 + (index % 5) }));
    rows[30] = { label: -1e6, prediction: 11 };
    const found = await counted(grid, rows);
    const quantities = rows.map(({ label, prediction }) => regressionQuantities(label / 4, prediction / 4, 10 / 4));
    const exact = regressionPerformance(mergeMoments(quantities.map((one) => rowMoments(one, 1))), 0.95);
    for (const metric of ["mae", "rmse", "bias", "wape", "r2"] as const) {
      const one = valueOf(metric, found, { grid, value: null });
      const unit = metric === "wape" || metric === "r2" ? 1 : grid.scale;
      for (const [is, should] of [
        [one?.value, exact?.[metric]?.value],
        [one?.ci?.[0], exact?.[metric]?.ci?.[0]],
        [one?.ci?.[1], exact?.[metric]?.ci?.[1]],
      ] as const)
        expect(Math.abs((is ?? NaN) - (should ?? NaN) * unit), metric).toBeLessThanOrEqual(1e-6 * Math.abs(should ?? NaN));
    }
  });

  it("of the largest numbers there are have figures, and no variance where squares are no numbers", async () => {
    const edges = [-Number.MAX_VALUE, -1e307, 0, 1e307, Number.MAX_VALUE];
    const key = { subject: "prediction", feature: "" } as const;
    const subjects = [{ key, grid: { kind: "numeric", edges, quantum: 1, provisional: false } as const }];
    const huge = outcomeGridOf({ task: "regression", positive: null }, { model: "m", version: 1, subjects });
    if (huge?.task !== "regression") throw new Error("There is no grid.");
    const found = await counted(huge, [
      { label: 1e307, prediction: 3e307 },
      { label: -1e307, prediction: -3e307 },
      { label: 1e307, prediction: 1e307 },
      { label: 0, prediction: 0 },
    ]);
    const mae = valueOf("mae", found, { grid: huge, value: null });
    expect((mae?.value ?? NaN) / 1e307).toBeCloseTo(1, 9);
    expect(mae?.variance).toBeNull();
    expect((mae?.ci?.[1] ?? NaN) / 1e307).toBeGreaterThan(1);
  });
});

describe("rows with weights of their own", () => {
  type Part = {
    readonly rows: { readonly current: readonly Answer[] };
    readonly figures: { readonly current: Readonly<Record<string, number>> };
  };
  /** What scikit-learn says of the same rows: `tasks_oracle.py`. */
  const { weighted } = JSON.parse(readFileSync(new URL("../oracle/tasks-oracle.json", import.meta.url), "utf8")) as {
    readonly weighted: Readonly<Record<OutcomeGrid["task"], Part>>;
  };
  const value = { tp: 40, fp: -5, fn: -100, tn: 1 };
  const grids: readonly OutcomeGrid[] = [
    { task: "binary", positive: "late" },
    { task: "multiclass", classes: ["cat", "dog", 'ow"l', "eel"] },
    { task: "regression", edges: [0, 1_000, 1_250, 1_500], labelEdges: [1_000], center: 1_250, scale: 256 },
  ];
  it.each(grids.map((grid) => [grid.task, grid] as const))("count by them (%s)", async (task, grid) => {
    const { rows, figures } = weighted[task];
    const { effective, roc_auc: area, ...exact } = figures.current;
    const found = await counted(grid, rows.current);
    for (const [metric, figure] of Object.entries(exact)) {
      const one = valueOf(metric as RealisedMetric, found, { grid, value, quantile: 0.9 });
      expect(Math.abs((one?.value ?? NaN) - figure) / Math.max(1, Math.abs(figure)), metric).toBeLessThan(1e-9);
      expect(one?.ci?.[0], metric).toBeLessThan(figure);
      expect(one?.ci?.[1], metric).toBeGreaterThan(figure);
    }
    if (area !== undefined) expect(valueOf("roc_auc", found, { grid, value })?.value).toBeCloseTo(area, 2);
    expect(effectiveLabelled(found)).toBeCloseTo(effective ?? NaN, 6);
    expect(effectiveLabelled(found)).toBeLessThan(found.labelled);
    // Adding up keeps them.
    expect(effectiveLabelled(addOutcomes([found, found]))).toBeCloseTo(2 * (effective ?? NaN), 6);
  });

  it.each([7, 1e-7, 1e9])("are worth what rows of one weight are, were it %d; without any nothing is kept of them", async (weight) => {
    const grid: OutcomeGrid = { task: "binary", positive: "yes" };
    const answers = [1, 2, 3, 4, 5, 6].map((index): Answer => ({ label: index < 5 ? "yes" : "no", score: 0.1 * index }));
    const plain = await counted(grid, answers);
    expect(plain.weights).toBeNull();
    await store.execute("TRUNCATE TABLE outcome_counts");
    await store.execute("TRUNCATE TABLE baseline_rows");
    const heavy = await counted(
      grid,
      answers.map((answer) => ({ ...answer, weight })),
    );
    expect(effectiveLabelled(heavy)).toBeCloseTo(6, 9);
    for (const metric of ["accuracy", "precision", "recall", "roc_auc"] as const) {
      const [one, other] = [plain, heavy].map((outcomes) => valueOf(metric, outcomes, { grid, value: null }));
      expect(other?.value, metric).toBeCloseTo(one?.value ?? NaN, 9);
      expect(other?.ci?.[0], metric).toBeCloseTo(one?.ci?.[0] ?? NaN, 9);
      expect(other?.ci?.[1], metric).toBeCloseTo(one?.ci?.[1] ?? NaN, 9);
    }
  });

  it("of no weight count for nothing", async () => {
    const grid: OutcomeGrid = { task: "binary", positive: "yes" };
    const found = await counted(grid, [
      { label: "yes", score: 0.9 },
      { label: "no", score: 0.9, weight: 0 },
    ]);
    expect(valueOf("precision", found, { grid, value: null })?.value).toBe(1);
  });
});

it("is null where the task has no such counts, or no reference says what is predicted", () => {
  const none = { model: "m", version: 1, subjects: [] };
  expect(outcomeGridOf({ task: "ranking", positive: null }, none)).toEqual({ task: "ranking", cutoffs: [10] });
  expect(outcomeGridOf({ task: "multiclass", positive: null }, none)).toBeNull();
  expect(outcomeGridOf({ task: "regression", positive: null }, none)).toBeNull();
});
