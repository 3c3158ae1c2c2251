import { describe, expect, test } from "vitest";
import { binnedRows, noCounts, type Counts } from "../../src/model/counts.ts";
import { binCount, numericBin, type NumericGrid, type SubjectGrid } from "../../src/model/grid.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DRIFT_METRICS, type DriftMetric } from "../../src/model/metric.ts";
import { numericGrid } from "../../src/monitor/build-grid.ts";
import { BIN_DIVERGENCES } from "../../src/monitor/bin-divergences.ts";
import { measureDrift } from "../../src/monitor/measure-drift.ts";
import { divergencesFor } from "../../src/monitor/measure-subject.ts";
import { joinBins, psiBins } from "../../src/monitor/subject-bins.ts";
import type { SubjectWindow } from "../../src/monitor/subject-window.ts";
import { NOTHING_USUAL, usualWindows } from "../../src/monitor/usual-windows.ts";

const COLOURS: SubjectGrid = { kind: "categorical", categories: ["red", "green", "blue"], rare: [], provisional: false };
const NUMBERS: SubjectGrid = { kind: "numeric", edges: [1, 2, 3, 4, 5, 6, 7, 8, 9], quantum: 1, provisional: false };

/** Counts of `COLOURS`: red, green, blue, other, unseen. */
function counts(grid: SubjectGrid, bins: readonly number[]): Counts {
  const all = grid.kind === "numeric" ? bins : [bins[0] ?? 0, bins[1] ?? 0, bins[2] ?? 0, 0, bins[3] ?? 0];
  const rows = all.reduce((sum, count) => sum + count, 0);
  return {
    ...noCounts(all.length),
    bins: [...all],
    rows,
    low: 0.5,
    high: 9.5,
    lowSum: (all[0] ?? 0) * 0.5,
    highSum: (all.at(-1) ?? 0) * 9.5,
  };
}

function subject(grid: SubjectGrid, reference: Counts, current: Counts, usual = NOTHING_USUAL): SubjectWindow {
  return {
    model: "toy",
    version: "1",
    segment: null,
    key: { subject: "feature", feature: "colour" },
    grid,
    baseline: "training",
    window: { from: 0, to: 86_400_000 },
    current,
    reference,
    complete: true,
    usual,
    recent: [],
  };
}

function byMetric(measurements: readonly Measurement[]): Map<string, Measurement> {
  return new Map(measurements.map((one) => [one.metric, one]));
}

const REFERENCE = [500, 300, 200];
const CURRENT = [40, 35, 25];

describe("drift of a category", () => {
  const found = byMetric(measureDrift(subject(COLOURS, counts(COLOURS, REFERENCE), counts(COLOURS, CURRENT))));

  /** Shares of the bins (three colours and `unseen`), half a row added to each. */
  const smoothed = (list: readonly number[]) => {
    const all = [...list, 0];
    const rows = all.reduce((sum, count) => sum + count, 0);
    return all.map((count) => (count + 0.5) / (rows + 2));
  };
  const p = smoothed(REFERENCE);
  const q = smoothed(CURRENT);
  const total = (of: (then: number, now: number) => number) => p.reduce((sum, then, bin) => sum + of(then, q[bin] ?? 0), 0);

  test.each([
    ["psi", total((then, now) => (then - now) * Math.log(then / now))],
    ["kl", total((then, now) => now * Math.log(now / then))],
    ["hellinger", Math.sqrt(total((then, now) => (Math.sqrt(then) - Math.sqrt(now)) ** 2) / 2)],
    [
      "jensen_shannon",
      Math.sqrt(total((then, now) => (then * Math.log2((2 * then) / (then + now)) + now * Math.log2((2 * now) / (then + now))) / 2)),
    ],
    ["total_variation", (0.1 + 0.05 + 0.05) / 2],
    ["l_infinity", 0.1],
    // 2x3 table, expected (540, 335, 225)·(10, 1)/11.
    ["chi_square", [540, 335, 225].reduce((sum, all, bin) => sum + ((REFERENCE[bin] ?? 0) - (all * 10) / 11) ** 2 / ((all * 10) / 121), 0)],
  ])("%s is what its formula says", (metric, value) => {
    expect(found.get(metric)?.value).toBeCloseTo(value, 12);
  });

  test("has every metric but those of numbers, each with what to expect and a p-value that takes rows as independent", () => {
    expect([...found.keys()].sort()).toEqual(DRIFT_METRICS.filter((metric) => metric !== "ks" && metric !== "wasserstein").sort());
    for (const one of found.values()) {
      expect(one).toMatchObject({ status: "ok", evidence: "independent_rows", rows: { reference: 1_000, current: 100 } });
      expect(one.expected).toBeGreaterThan(0);
      expect(one.pValue).toBeGreaterThan(0.05);
      expect(one.pValue).toBeLessThan(0.6);
      expect(one.detail.detectable).toBeGreaterThan(0);
    }
  });

  test("names the bins that contribute: all of them add up to the value, or to its square", () => {
    const sum = (metric: string) => (found.get(metric)?.detail.bins ?? []).reduce((all, bin) => all + bin.contribution, 0);
    expect(sum("psi")).toBeCloseTo(found.get("psi")?.value ?? 0, 12);
    // What is added to every bin makes the empty one differ more than any colour does: it comes last all the same.
    const bins = found.get("psi")?.detail.bins ?? [];
    expect(bins.map(({ bin }) => bin)).toEqual(["red", "blue", "green", "(unseen)"]);
    expect(bins.at(-1)).toMatchObject({ reference: 0, current: 0 });
    // Of a metric that nothing judges by, three of the four are told: the fourth, `unseen`, is nearly empty.
    for (const metric of ["kl", "total_variation"]) {
      expect(found.get(metric)?.detail.bins).toHaveLength(3);
      expect(Math.abs(sum(metric) / (found.get(metric)?.value ?? 0) - 1)).toBeLessThan(0.25);
    }
    for (const metric of ["jensen_shannon", "hellinger"])
      expect(Math.abs(sum(metric) / (found.get(metric)?.value ?? 0) ** 2 - 1)).toBeLessThan(0.25);
    expect(found.get("l_infinity")?.detail.bins?.[0]).toMatchObject({ bin: "red", reference: 0.5, current: 0.4 });
    expect(found.get("l_infinity")?.detail.bins?.[0]?.contribution).toBeCloseTo(0.1, 12);
  });
});

test("a number has all of them", () => {
  const even = Array.from({ length: 10 }, () => 200);
  const measured = measureDrift(subject(NUMBERS, counts(NUMBERS, even), counts(NUMBERS, [40, 40, 30, 30, 20, 20, 10, 10, 0, 0])));
  expect(measured.map((one) => one.metric).sort()).toEqual([...DRIFT_METRICS].sort());
  for (const one of measured) {
    expect(one.value).toBeGreaterThan(one.expected ?? Infinity);
    expect(one.pValue).toBeLessThan(1e-3);
  }
});

test("a category that took the place of a rare one is seen by every metric", () => {
  const measured = measureDrift(subject(COLOURS, counts(COLOURS, [18_000, 1_000, 1_000]), counts(COLOURS, [180, 10, 0, 60])));
  for (const one of measured) expect([one.metric, (one.pValue ?? 1) < 0.001]).toEqual([one.metric, true]);
});

test("with one value on both sides nothing can have changed, and it is said", () => {
  const measured = byMetric(measureDrift(subject(COLOURS, counts(COLOURS, [500, 0, 0]), counts(COLOURS, [50, 0, 0]))));
  for (const metric of ["psi", "jensen_shannon", "total_variation", "l_infinity"])
    expect(measured.get(metric)).toMatchObject({ status: "ok", pValue: 1 });
  expect(measured.get("chi_square")).toMatchObject({ status: "insufficient", value: null, pValue: null });
  expect(measured.get("chi_square")?.detail.note).toContain("two bins");
});

test("too few rows are too few for every metric", () => {
  const measured = measureDrift(subject(COLOURS, counts(COLOURS, REFERENCE), counts(COLOURS, [10, 10, 9])));
  for (const one of measured) expect(one.status).toBe("insufficient");
  for (const one of measureDrift(subject(COLOURS, counts(COLOURS, REFERENCE), counts(COLOURS, []))))
    expect(one).toMatchObject({ status: "no_data", value: null });
});

describe("the baseline's own windows", () => {
  // Ten windows whose shares differ far more than independent rows would: such a day is no news.
  const windows = Array.from({ length: 10 }, (_, day) =>
    counts(COLOURS, [300 + 60 * (day % 3), 300 - 50 * (day % 3), 200 - 10 * (day % 3)]),
  );
  const whole = counts(
    COLOURS,
    [0, 1, 2].map((bin) => windows.reduce((sum, window) => sum + (window.bins[bin] ?? 0), 0)),
  );
  const usualDay = counts(COLOURS, [420, 200, 180]);
  const measure = (judged: readonly DriftMetric[]) =>
    byMetric(
      measureDrift(subject(COLOURS, whole, usualDay, usualWindows(COLOURS, whole, windows)), {
        measured: new Set(DRIFT_METRICS),
        judged: new Set(judged),
      }),
    );
  const categorical = DRIFT_METRICS.filter((metric) => metric !== "ks" && metric !== "wasserstein");

  test("are what a metric is held against where something judges by it, and only there", () => {
    const found = measure(["psi"]);
    expect(found.get("psi")).toMatchObject({ evidence: "baseline_windows", detail: { nullWindows: 10 } });
    for (const metric of categorical.filter((one) => one !== "psi")) {
      expect(found.get(metric)).toMatchObject({ evidence: "independent_rows" });
      expect(found.get(metric)?.pValue).toBeLessThan(0.001);
    }
  });

  test.each(categorical)("are what %s can be held against, whose p-value then knows a usual day", (metric) => {
    const found = measure([metric]).get(metric);
    expect(found).toMatchObject({ evidence: "baseline_windows", detail: { nullWindows: 10 } });
    expect(found?.pValue).toBeGreaterThan(0.02);
    expect(found?.expected).toBeGreaterThan(0);
    expect((found?.value ?? 0) / (found?.expected ?? 0)).toBeLessThan(4);
  });
});

test("what to expect of noise, read off between round numbers of rows, is never too little and 0.3 % too much at most", () => {
  const skewed = Array.from({ length: 60 }, (_, place) => Math.ceil(20_000 / (place + 1) ** 1.3));
  const cases: readonly (readonly [SubjectGrid, Counts])[] = [
    [NUMBERS, counts(NUMBERS, [900, 1_100, 1_000, 1_000, 950, 1_050, 1_000, 1_000, 980, 1_020])],
    [
      { kind: "categorical", categories: skewed.map(String), rare: [], provisional: false },
      { ...noCounts(62), bins: [...skewed, 0, 0], rows: skewed.reduce((sum, count) => sum + count, 0) },
    ],
  ];
  for (const [grid, reference] of cases) {
    const joined = joinBins(reference.bins, psiBins(grid, reference));
    for (const { metric, noiseFloor } of divergencesFor(grid, reference)) {
      const divergence = BIN_DIVERGENCES.find((one) => one.metric === metric);
      for (const rows of divergence ? [7, 105, 999, 1_049, 1_555, 12_345, 98_765, 1_049_999] : []) {
        const exact = (divergence?.expected(joined, rows) ?? 0) * (divergence?.scale(binnedRows(reference), rows) ?? 0);
        expect.soft(noiseFloor(rows), `${metric} of ${joined.length} bins at ${rows} rows`).toBeGreaterThanOrEqual(0.9995 * exact);
        expect.soft(noiseFloor(rows), `${metric} of ${joined.length} bins at ${rows} rows`).toBeLessThanOrEqual(1.003 * exact);
      }
    }
  }
});

describe("drift of the largest numbers there are", () => {
  test.each([Number.MAX_VALUE, 1e300])("values around ±%d have every metric but a distance, whose squares are no numbers", (largest) => {
    const values = [-largest, -largest / 2, 0, largest / 2, largest];
    const part = (k: number, parts: number) => values[Math.ceil((k * values.length) / parts) - 1] as number;
    const grid = numericGrid(
      [
        {
          subject: "feature",
          feature: "colour",
          rows: 5000,
          quantiles: Array.from({ length: 1023 }, (_, index) => part(index + 1, 1024)),
          deciles: Array.from({ length: 9 }, (_, index) => part(index + 1, 10)),
          low: -largest,
          high: largest,
        },
      ],
      false,
    ) as NumericGrid;
    expect(grid.edges.every((edge) => Number.isFinite(edge))).toBe(true);
    const held = (rows: readonly number[]): Counts => {
      const bins = noCounts(binCount(grid)).bins.slice();
      values.forEach((value, index) => (bins[numericBin(grid.edges, value)] = rows[index] ?? 0));
      const all = rows.reduce((sum, count) => sum + count, 0);
      return { ...noCounts(0), bins, rows: all, low: -largest, high: largest, lowSum: (bins[0] ?? 0) * -largest };
    };
    const found = measureDrift(subject(grid, held([1000, 1000, 1000, 1000, 1000]), held([400, 100, 100, 100, 100])));
    expect(found.map(({ metric }) => metric).sort()).toEqual(DRIFT_METRICS.filter((metric) => metric !== "wasserstein").toSorted());
    for (const { value, pValue, detail } of found) {
      expect(value).toBeGreaterThan(0);
      expect(pValue).toBeLessThan(0.01);
      for (const median of [detail.scale?.reference ?? 0, detail.scale?.current ?? 0]) expect(Number.isFinite(median)).toBe(true);
    }
  });
});

test("a fault in one metric is an answer with a name, and keeps no other from being measured", () => {
  // No half rows are ever counted: they stand for whatever a statistic refuses.
  const found = byMetric(measureDrift(subject(COLOURS, counts(COLOURS, REFERENCE), counts(COLOURS, [40.5, 34.5, 25]))));
  const of = (status: Measurement["status"]) => [...found.values()].flatMap((one) => (one.status === status ? [one.metric] : []));
  expect(of("ok")).toEqual(["chi_square"]);
  expect(of("error")).toContain("psi");
  expect(found.get("psi")).toMatchObject({ value: null, pValue: null, rows: { reference: 1000, current: 100 } });
  expect(found.get("psi")?.detail.note).toContain("must be an integer");
});
