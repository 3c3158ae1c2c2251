import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addCounts, noCounts, subtractCounts, type Counts } from "../../src/model/counts.ts";
import { binCount, nextBelow, numericBin, type NumericGrid, type SubjectGrid } from "../../src/model/grid.ts";
import { buildGrid, numericGrid } from "../../src/monitor/build-grid.ts";
import { binnedDeviation, binnedQuantile, joinBins, psiBins, rowsOutOfRange, singletonBins } from "../../src/monitor/subject-bins.ts";
import { unitChange } from "../../src/monitor/unit-change.ts";
import type { NumericSummary } from "../../src/store/grids.ts";

function summaryOf(values: readonly number[]): NumericSummary {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const part = (k: number, parts: number) => sorted[Math.ceil((k * n) / parts) - 1] as number;
  return {
    subject: "feature",
    feature: "x",
    rows: n,
    quantiles: Array.from({ length: 1023 }, (_, index) => part(index + 1, 1024)),
    deciles: Array.from({ length: 9 }, (_, index) => part(index + 1, 10)),
    low: sorted[0] as number,
    high: sorted[n - 1] as number,
  };
}

function gridOf(...references: readonly (readonly number[])[]): NumericGrid {
  return numericGrid(references.map(summaryOf), false) as NumericGrid;
}

function count(grid: NumericGrid, values: readonly number[]): Counts {
  const bins = new Array<number>(binCount(grid)).fill(0);
  for (const value of values) (bins[numericBin(grid.edges, value)] as number) += 1;
  const outer = (bin: number) => values.filter((value) => numericBin(grid.edges, value) === bin).reduce((sum, value) => sum + value, 0);
  return {
    ...noCounts(0),
    bins,
    rows: values.length,
    low: values.length > 0 ? Math.min(...values) : null,
    high: values.length > 0 ? Math.max(...values) : null,
    lowSum: outer(0),
    highSum: outer(bins.length - 1),
  };
}

const manyValues = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 10, maxLength: 400 });

describe("a numeric grid", () => {
  test("edges ascend strictly, and extremes and deciles of every reference are told apart", () => {
    fc.assert(
      fc.property(manyValues, manyValues, (first, second) => {
        const grid = gridOf(first, second);
        expect(grid.edges.every((edge, index) => index === 0 || edge > (grid.edges[index - 1] as number))).toBe(true);
        for (const reference of [first, second]) {
          const counts = count(grid, reference);
          expect(rowsOutOfRange(grid, counts, counts.low as number, counts.high as number)).toBe(0);
          for (const decile of summaryOf(reference).deciles) expect(grid.edges).toContain(decile === 0 ? 0 : decile);
        }
      }),
    );
  });

  test("values beyond a reference's extremes are counted exactly", () => {
    fc.assert(
      fc.property(manyValues, manyValues, (reference, window) => {
        const grid = gridOf(reference);
        const low = Math.min(...reference);
        const high = Math.max(...reference);
        expect(rowsOutOfRange(grid, count(grid, window), low, high)).toBe(window.filter((value) => value < low || value > high).length);
      }),
    );
  });

  test("a heavy value has a bin of its own", () => {
    const grid = gridOf([...new Array<number>(500).fill(0), ...Array.from({ length: 500 }, (_, index) => index + 1)]);
    const bin = numericBin(grid.edges, 0);
    expect(singletonBins(grid)[bin] ?? bin === 0).toBe(true);
    expect(numericBin(grid.edges, nextBelow(0))).toBeLessThan(bin);
    expect(numericBin(grid.edges, 1e-9)).toBeGreaterThan(bin);
  });

  test("a constant feature has a grid, and no spread", () => {
    const grid = gridOf([7, 7, 7, 7]);
    expect(grid.edges).toEqual([nextBelow(7), 7]);
    expect(binnedDeviation(grid, count(grid, [7, 7, 7]))).toBe(0);
    expect(binnedQuantile(grid, count(grid, []), 0.5)).toBeNull();
  });

  test("later references refine it, and never move an edge", () => {
    const [first, second] = [Array.from({ length: 50 }, (_, index) => index), [3.5, 99, -4]];
    expect(gridOf(first, second).edges).toEqual(expect.arrayContaining(gridOf(first).edges.slice()));
  });
});

describe("PSI bins", () => {
  test("are the reference's deciles with duplicates merged", () => {
    const reference = [...new Array<number>(85).fill(10), ...Array.from({ length: 15 }, (_, index) => index / 2)];
    const grid = gridOf(reference);
    const bins = psiBins(grid, count(grid, reference));
    expect(bins.labels).toEqual(["≤ 4.5", "4.5 … 10", "> 10"]);
    expect(joinBins(count(grid, reference).bins, bins)).toEqual([10, 90, 0]);
  });

  test("of categories keep the unseen apart, and other ones where there are rare ones", () => {
    const grid: SubjectGrid = { kind: "categorical", categories: ["a", "b"], rare: [], provisional: false };
    expect(psiBins(grid, noCounts(4)).labels).toEqual(["a", "b", "(unseen)"]);
    expect(joinBins([5, 3, 0, 2], psiBins(grid, noCounts(4)))).toEqual([5, 3, 2]);
    expect(psiBins({ ...grid, rare: ["z"] }, noCounts(4)).labels).toEqual(["a", "b", "(other)", "(unseen)"]);
  });
});

describe("a grid of several subjects", () => {
  test("a feature with numbers and texts is what most of its values are", () => {
    const numbers = [{ ...summaryOf([1, 2, 3]), feature: "mixed" }];
    const categories = [{ subject: "feature" as const, feature: "mixed", value: "one", rows: 2 }];
    expect(buildGrid("m", 1, [{ numbers, categories }]).subjects.map(({ grid }) => grid.kind)).toEqual(["numeric"]);
    expect(
      buildGrid("m", 1, [
        { numbers, categories: [{ ...categories[0], subject: "feature", feature: "mixed", value: "one", rows: 9 }] },
      ]).subjects.map(({ grid }) => grid.kind),
    ).toEqual(["categorical"]);
  });

  test("classes that only labels name, since rows hold scores, are the categories of predictions", () => {
    const categories = ["a", "b"].map((value) => ({ subject: "prediction" as const, feature: "", value, rows: 0 }));
    expect(buildGrid("m", 1, [{ numbers: [], categories }]).subjects).toEqual([
      { key: { subject: "prediction", feature: "" }, grid: { kind: "categorical", categories: ["a", "b"], rare: [], provisional: false } },
    ]);
  });
});

describe("counts", () => {
  test("parts add up to the whole, and taking one away leaves the rest", () => {
    fc.assert(
      fc.property(manyValues, manyValues, (first, second) => {
        const grid = gridOf(first, second);
        const [a, b] = [count(grid, first), count(grid, second)];
        const whole = addCounts([a, b], binCount(grid));
        expect(whole.bins).toEqual(count(grid, [...first, ...second]).bins);
        expect(subtractCounts(whole, b).bins).toEqual(a.bins);
        expect([whole.low, whole.high]).toEqual([Math.min(...first, ...second), Math.max(...first, ...second)]);
      }),
    );
  });
});

describe("a change of unit", () => {
  const miles = Array.from({ length: 1_000 }, (_, index) => Math.min(10, 1 + (index % 40) / 3));
  const grid = gridOf(miles);
  const deviation = binnedDeviation(grid, count(grid, miles)) as number;
  const claim = (values: readonly number[]) => unitChange(grid, count(grid, miles), count(grid, values), deviation);

  test("kilometres for miles are recognised", () => {
    expect(claim(miles.map((value) => value * 1.609344))).toMatchObject({ name: "kilometres for miles", factor: 1.609344 });
  });

  test("no change, and a change that is no unit, claim nothing", () => {
    expect(claim(miles)).toBeNull();
    expect(claim(miles.map((value) => value * 1.25 + 1))).toBeNull();
  });

  test("°C for °F", () => {
    const fahrenheit = Array.from({ length: 2_000 }, (_, index) => 20 + ((index * 7) % 700) / 10);
    const degrees = gridOf(fahrenheit);
    const celsius = fahrenheit.map((value) => (value - 32) / 1.8);
    expect(
      unitChange(
        degrees,
        count(degrees, fahrenheit),
        count(degrees, celsius),
        binnedDeviation(degrees, count(degrees, fahrenheit)) as number,
      ),
    ).toMatchObject({ name: "°C for °F" });
  });

  test("too few rows claim nothing", () => {
    expect(claim(miles.slice(0, 49).map((value) => value * 1.609344))).toBeNull();
  });
});
