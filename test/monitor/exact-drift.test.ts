import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { addCounts, noCounts, type Counts } from "../../src/model/counts.ts";
import { MOST_EXACT_ROWS, tooMuchToReadAgain } from "../../src/model/exact.ts";
import { binCount, numericBin, type NumericGrid } from "../../src/model/grid.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DRIFT_METRICS, type DriftMetric } from "../../src/model/metric.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { numericGrid } from "../../src/monitor/build-grid.ts";
import { exactNumbers, exactTexts } from "../../src/monitor/exact-drift.ts";
import { measureDrift } from "../../src/monitor/measure-drift.ts";
import { NOTHING_USUAL } from "../../src/monitor/usual-windows.ts";
import { psiFromSamples } from "../../src/stats/exact.ts";
import { driftGoldens } from "../stats/histogram-drift.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { ingest, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fileBaseline, toyConfig } from "../support/toy-config.ts";
import { createToyModel } from "../support/toy-model.ts";

/** The grid that a file of these values makes, with few quantiles, so that bins hide something. */
function gridOf(values: readonly number[], parts = 16): NumericGrid {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const quantiles = (count: number) => Array.from({ length: count - 1 }, (_, k) => at((k + 1) / count));
  const summary = {
    subject: "feature",
    feature: "x",
    rows: sorted.length,
    quantiles: quantiles(parts),
    deciles: Array.from({ length: 9 }, (_, k) => sorted[Math.ceil(((k + 1) * sorted.length) / 10) - 1] ?? 0),
    low: sorted[0] ?? 0,
    high: sorted.at(-1) ?? 0,
  } as const;
  return numericGrid([summary], false) as NumericGrid;
}

function countsOf(grid: NumericGrid, values: readonly number[]): Counts {
  const parts = values.map((value) => {
    const bins = new Array<number>(binCount(grid)).fill(0);
    const bin = numericBin(grid.edges, value);
    bins[bin] = 1;
    return {
      ...noCounts(0),
      bins,
      rows: 1,
      low: value,
      high: value,
      lowSum: bin === 0 ? value : 0,
      highSum: bin === grid.edges.length ? value : 0,
    };
  });
  return addCounts(parts, binCount(grid));
}

function measured(grid: NumericGrid, reference: readonly number[], current: readonly number[]): Measurement[] {
  return measureDrift({
    model: "toy",
    version: "1",
    segment: null,
    key: { subject: "feature", feature: "x" },
    grid,
    baseline: "training",
    window: { from: 0, to: DAY },
    current: countsOf(grid, current),
    reference: countsOf(grid, reference),
    complete: true,
    usual: NOTHING_USUAL,
    recent: [],
  });
}

describe("exact values of numbers", () => {
  test("are SciPy's", () => {
    let seen = 0;
    for (const { x, y, ks, wasserstein } of driftGoldens.samples) {
      const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
      const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
      const exact = exactNumbers(gridOf(x), x, y);
      expect(exact.of("ks", { value: 0, detail: {} }).value).toBeCloseTo(ks, 12);
      const distance = exact.of("wasserstein", { value: 0, detail: {} }).value;
      if (deviation === 0) expect(distance).toBeNull();
      else expect(distance).toBeCloseTo(wasserstein / deviation, 10);
      const deciles = Array.from({ length: 9 }, (_, k) => x.toSorted((a, b) => a - b)[Math.ceil(((k + 1) * x.length) / 10) - 1] ?? 0);
      const edges = deciles.filter((decile, place) => decile !== deciles[place - 1]);
      expect(exact.of("psi", { value: 0, detail: {} }).value).toBeCloseTo(psiFromSamples(x, y, edges)?.value ?? Number.NaN, 12);
      expect(exact.rows).toEqual({ reference: x.length, current: y.length });
      seen += 1;
    }
    expect(seen).toBeGreaterThan(5);
  });

  test("lie where the counts promise, whatever the values and however they are repeated", () => {
    const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -5, max: 5, noNaN: true, noDefaultInfinity: true }));
    const sample = fc.array(value, { minLength: 30, maxLength: 90 });
    let promised = 0;
    fc.assert(
      fc.property(sample, sample, fc.integer({ min: 3, max: 40 }), (reference, current, parts) => {
        const grid = gridOf(reference, parts);
        const exact = exactNumbers(grid, reference, current);
        for (const one of measured(grid, reference, current)) {
          if (one.value === null) continue;
          const found = exact.of(one.metric as DriftMetric, one);
          expect(found.bracket).not.toBeNull();
          const [low, high] = found.bracket ?? [Number.NaN, Number.NaN];
          expect([one.metric, found.value !== null && found.value >= low - 1e-9 && found.value <= high + 1e-9]).toEqual([one.metric, true]);
          promised += 1;
        }
      }),
    );
    expect(promised).toBeGreaterThan(500);
  });

  test("of a reference that did not make the bins are promised by KS alone", () => {
    const random = mulberry32(3);
    const draw = (rows: number, shift: number) => Array.from({ length: rows }, () => 10 * random() + shift);
    const grid = gridOf(draw(500, 0));
    const [reference, current] = [draw(400, 1), draw(200, 2)];
    const exact = exactNumbers(grid, reference, current);
    for (const one of measured(grid, reference, current))
      expect([one.metric, exact.of(one.metric as DriftMetric, one).bracket === null]).toEqual([one.metric, one.metric !== "ks"]);
  });
});

test("categories counted again have their known places, rare and unseen ones theirs", () => {
  const grid = { kind: "categorical", categories: ["a", "b"], rare: ["r", "s"], provisional: false } as const;
  const exact = exactTexts(
    grid,
    new Map([
      ["a", 60],
      ["b", 30],
      ["r", 6],
      ["s", 4],
    ]),
    new Map([
      ["a", 6],
      ["r", 2],
      ["new", 2],
    ]),
  );
  expect(exact.rows).toEqual({ reference: 100, current: 10 });
  expect(exact.of("total_variation", { value: 0.3, detail: {} })).toEqual({ value: expect.closeTo(0.3, 12), bracket: [0.3, 0.3] });
  expect(exact.of("l_infinity", { value: 0.3, detail: {} }).value).toBeCloseTo(0.3, 12);
});

test("more than can be held or waited for is refused, with what to do", () => {
  const one = (rows: number, feature = "x") =>
    ({
      version: "1",
      segment: null,
      subject: "feature",
      feature,
      baseline: "training",
      rows: { reference: rows, current: rows },
    }) as Measurement;
  expect(tooMuchToReadAgain([one(MOST_EXACT_ROWS)])).toBeNull();
  expect(tooMuchToReadAgain([one(MOST_EXACT_ROWS + 1)])).toMatchObject({ message: expect.stringContaining("1,000,001 rows") });
  const many = Array.from({ length: 11 }, (_, place) => one(MOST_EXACT_ROWS, `x${place}`));
  expect(tooMuchToReadAgain(many)).toMatchObject({ hint: expect.stringContaining("one feature") });
  // Several metrics of one feature read its rows once.
  expect(tooMuchToReadAgain(Array.from({ length: 11 }, () => one(MOST_EXACT_ROWS)))).toBeNull();
});

describe("the rows of a store", () => {
  const START = Date.UTC(2026, 0, 1);

  async function played(): Promise<App> {
    const directory = scratchDirectory();
    const toy = createToyModel(99);
    const training = Array.from({ length: 10 }, (_, day) => toy.day(START - (10 - day) * DAY).predictions).flat();
    const { app } = await startProgram(
      toyConfig(directory, {
        lateness: 0,
        labelsExpectedWithin: HOUR,
        baselines: [fileBaseline(directory, training), { kind: "trailing", name: "before", window: 2 * DAY, offset: 0 }],
      }),
    );
    const live = createToyModel(7);
    const days = Array.from({ length: 4 }, (_, day) => {
      const events = live.day(START + day * DAY, { shift: day === 3 ? 1 : 0 }).predictions;
      // One row without the number, one with a text in its place, and one twice.
      const [first, second, third] = events;
      if (first) Object.assign(first.features, { amount: null });
      if (second) Object.assign(second.features, { amount: "many" });
      return [...events, ...(third ? [third] : [])];
    });
    for (const events of days) await ingest(app, events);
    app.watermarks.finish();
    await app.tick();
    return app;
  }

  test("say what their counts say, for files and for stretches of time, as often as they were sent", async () => {
    const app = await played();
    for (const baseline of ["training", "before"]) {
      const window = { from: START + 3 * DAY, to: START + 4 * DAY };
      const plain = await app.monitor.measure({ model: "toy", window, baselines: [baseline], families: ["drift"] });
      const exact = await app.monitor.withExactValues("toy", plain);
      expect(exact).toHaveLength(plain.length);
      expect(new Set(exact.map((one) => one.metric))).toEqual(new Set(DRIFT_METRICS));
      for (const one of exact) {
        const found = one.detail.exact;
        expect([one.metric, one.feature, found?.rows]).toEqual([one.metric, one.feature, one.rows]);
        if (!found?.bracket) continue;
        const [low, high] = found.bracket;
        expect([one.metric, (found.value ?? Number.NaN) >= low - 1e-9 && (found.value ?? Number.NaN) <= high + 1e-9]).toEqual([
          one.metric,
          true,
        ]);
      }
      const amount = exact.filter((one) => one.feature === "amount");
      expect(amount[0]?.rows.current).toBe(118);
      const promised = amount.filter((one) => one.detail.exact?.bracket);
      if (baseline === "training") expect(promised).toHaveLength(amount.length);
      else expect(promised.map((one) => one.metric)).toContain("ks");
    }
  });
});
