import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { totalVariation, totalVariationExpected, totalVariationPValue } from "../../src/stats/total-variation.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts, driftGoldens, histogramPairs, nullShares } from "./histogram-drift.ts";

describe("totalVariation", () => {
  it("agrees with NumPy", () => {
    for (const { reference, current, totalVariation: value } of driftGoldens.histograms) {
      const found = present(totalVariation(reference, current));
      expect(found.value).toBeCloseTo(value, 13);
      expect(found.contributions.reduce((sum, one) => sum + one, 0)).toBeCloseTo(value, 13);
    }
    expect(present(totalVariation([50, 30, 20], [40, 35, 25])).value).toBeCloseTo(0.1, 15);
    expect(present(totalVariation([3, 0], [0, 5])).value).toBe(1);
  });
  it("is a metric, order-free, 0 for proportional counts, and less for merged bins", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        const { value } = present(totalVariation(reference, current));
        expect(value).toBeLessThanOrEqual(1);
        expect(present(totalVariation(current, reference)).value).toBeCloseTo(value, 14);
        expect(present(totalVariation(reference.toReversed(), current.toReversed())).value).toBeCloseTo(value, 14);
        const tripled = reference.map((count) => 3 * count);
        expect(present(totalVariation(reference, tripled)).value).toBeCloseTo(0, 14);
        const middle = reference.map((count, bin) => count + present(current[bin]));
        const detour = present(totalVariation(reference, middle)).value + present(totalVariation(middle, current)).value;
        expect(detour).toBeGreaterThanOrEqual(value - 1e-12);
      }),
    );
  });
  it("has no answer without rows or with fewer than two bins, and refuses nonsense", () => {
    expect(totalVariation([], [])).toBeNull();
    expect(totalVariation([4], [4])).toBeNull();
    expect(totalVariation([0, 0], [1, 2])).toBeNull();
    expect(totalVariation([1, 2], [0, 0])).toBeNull();
    expect(present(totalVariation([1, 0], [0, 1])).value).toBe(1);
    expect(present(totalVariation([2, 0], [1, 1])).value).toBe(0.5);
    expect(() => totalVariation([1], [1, 2])).toThrow(RangeError);
    expect(() => totalVariation([1, -1], [1, 2])).toThrow(RangeError);
  });
});

describe("totalVariationExpected", () => {
  it("is the mean over every way to deal the rows", () => {
    // The reference and as many rows more in its proportions make totals that can be dealt.
    for (const { reference, current, meanTotalVariation } of driftGoldens.enumerated) {
      const totals = reference.map((count, bin) => count + present(current[bin]));
      const m = current.reduce((sum, count) => sum + count, 0);
      const rows = totals.reduce((sum, count) => sum + count, 0);
      const isProportional = reference.every((count, bin) => count + Math.round((count / (rows - m)) * m) === totals[bin]);
      if (isProportional) expect(present(totalVariationExpected(reference, m))).toAgreeWith(meanTotalVariation, 1e-12);
    }
    expect(present(totalVariationExpected([8, 6, 4], 9))).toAgreeWith(present(driftGoldens.enumerated[0]).meanTotalVariation, 0.1);
  });
  it("has no answer without rows, and refuses nonsense", () => {
    expect(totalVariationExpected([0, 0], 4)).toBeNull();
    expect(totalVariationExpected([5], 4)).toBeNull();
    expect(totalVariationExpected([5, 0], 4)).toBe(0);
    expect(present(totalVariationExpected([1, 1], 1))).toBeGreaterThan(0);
    expect(() => totalVariationExpected([1, 1], 0)).toThrow(RangeError);
    expect(() => totalVariationExpected([1.5, 1], 2)).toThrow(RangeError);
  });
});

describe("totalVariationPValue", () => {
  it("is exact for two bins, and never far below the exact value for more", () => {
    for (const { reference, current, totalVariation: exact } of driftGoldens.enumerated) {
      const found = totalVariationPValue(reference, current);
      if (reference.length === 2 && found !== null) expect(found).toAgreeWith(exact, 1e-12);
      if (found !== null) expect(found).toBeGreaterThan(0.7 * exact);
    }
  });
  it("has no answer where nothing can have changed, and refuses what cannot be dealt", () => {
    expect(totalVariationPValue([9, 0], [9, 0])).toBeNull();
    expect(totalVariationPValue([1, 0], [0, 1])).toBeNull();
    expect(totalVariationPValue([1, 1], [1, 1])).toBeNull();
    expect(totalVariationPValue([0, 0], [1, 1])).toBeNull();
    expect(totalVariationPValue([4], [4])).toBeNull();
    expect(totalVariationPValue([500, 500, 500], [50, 50, 50])).toBe(1);
    expect(() => totalVariationPValue([1.5, 1], [1, 1])).toThrow(RangeError);
  });
  it("falls as rows move further, to tails that corrections can use", () => {
    const moved = [0, 10, 30, 60, 100].map((rows) =>
      present(totalVariationPValue([500, 500, 500, 500], [100 + rows, 100, 100, 100 - rows])),
    );
    expect(moved.toSorted((a, b) => b - a)).toEqual(moved);
    expect(moved.at(-1)).toBeLessThan(1e-10);
  });
  it("raises no more false alarms than it says", () => {
    const random = mulberry32(4);
    for (const [name, n, m] of [
      ["ten", 3000, 50],
      ["two", 300, 300],
      ["zipf", 3000, 100],
      ["rare", 3000, 200],
      ["rare", 300, 300],
      ["unused", 3000, 60],
    ] as const) {
      const runs = 1000;
      const shares = present(nullShares[name]);
      const alarms = Array.from({ length: runs }, () =>
        totalVariationPValue(drawCounts(shares, n, random), drawCounts(shares, m, random)),
      ).filter((p) => (p ?? 1) <= 0.05).length;
      // 5% and three standard errors.
      expect(alarms / runs).toBeLessThan(0.071);
      expect(alarms / runs).toBeGreaterThan(0.015);
    }
  });
});
