import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largestChange, largestChangeExpected, largestChangePValue } from "../../src/stats/largest-change.ts";
import { twoProportionTest } from "../../src/stats/proportion.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts, driftGoldens, histogramPairs, nullShares } from "./histogram-drift.ts";

describe("largestChange", () => {
  it("agrees with NumPy, and says where", () => {
    for (const { reference, current, largestChange: value } of driftGoldens.histograms) {
      const found = present(largestChange(reference, current));
      expect(found.value).toBeCloseTo(value, 14);
      expect(found.changes[found.bin]).toBe(found.value);
    }
    expect(largestChange([50, 30, 20], [50, 50, 0])).toEqual({ value: 0.2, bin: 1, changes: [0, 0.2, 0.2] });
    expect(present(largestChange([3, 0], [0, 5])).value).toBe(1);
  });
  it("is symmetric, order-free, and 0 for proportional counts", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        const { value } = present(largestChange(reference, current));
        expect(value).toBeLessThanOrEqual(1);
        expect(present(largestChange(current, reference)).value).toBe(value);
        expect(present(largestChange(reference.toReversed(), current.toReversed())).value).toBe(value);
        const tripled = reference.map((count) => 3 * count);
        expect(present(largestChange(reference, tripled)).value).toBeCloseTo(0, 14);
        const p = largestChangePValue(reference, current);
        if (p !== null) expect(largestChangePValue(reference.toReversed(), current.toReversed())).toAgreeWith(p, 1e-9);
      }),
    );
  });
  it("has no answer without rows or with fewer than two bins, and refuses nonsense", () => {
    expect(largestChange([], [])).toBeNull();
    expect(largestChange([4], [4])).toBeNull();
    expect(largestChange([0, 0], [1, 2])).toBeNull();
    expect(largestChange([1, 2], [0, 0])).toBeNull();
    expect(largestChange([1, 0], [0, 1])).toEqual({ value: 1, bin: 0, changes: [1, 1] });
    expect(present(largestChange([2, 0], [1, 1])).value).toBe(0.5);
    expect(() => largestChange([1], [1, 2])).toThrow(RangeError);
    expect(() => largestChange([1, -1], [1, 2])).toThrow(RangeError);
  });
});

describe("largestChangeExpected", () => {
  it("is near the mean of what chance does", () => {
    const random = mulberry32(8);
    for (const [name, m, tolerance] of [
      ["ten", 50, 0.08],
      ["two", 200, 0.12],
      ["zipf", 100, 0.08],
      ["rare", 200, 0.25],
    ] as const) {
      const shares = present(nullShares[name]);
      let mean = 0;
      for (let run = 0; run < 400; run++) {
        mean += present(largestChange(drawCounts(shares, 3000, random), drawCounts(shares, m, random))).value / 400;
      }
      expect(present(largestChangeExpected(drawCounts(shares, 3000, random), m))).toAgreeWith(mean, tolerance, name);
    }
  });
  it("has no answer without rows, and refuses nonsense", () => {
    expect(largestChangeExpected([0, 0], 4)).toBeNull();
    expect(largestChangeExpected([5], 4)).toBeNull();
    expect(largestChangeExpected([5, 0], 4)).toBe(0);
    expect(present(largestChangeExpected([1, 1], 1))).toBeGreaterThan(0);
    expect(() => largestChangeExpected([1, 1], 0)).toThrow(RangeError);
    expect(() => largestChangeExpected([1.5, 1], 2)).toThrow(RangeError);
  });
});

describe("largestChangePValue", () => {
  it("never falls short of the exact value, and is exact for two bins", () => {
    for (const { reference, current, largestChange: exact } of driftGoldens.enumerated) {
      const found = present(largestChangePValue(reference, current));
      expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      if (reference.length === 2) expect(found).toAgreeWith(exact, 1e-12);
    }
  });
  it("is a test of two proportions for two full bins", () => {
    const found = present(largestChangePValue([50_000, 50_000], [5200, 4800]));
    expect(found).toAgreeWith(present(twoProportionTest(50_000, 100_000, 5200, 10_000)).pValue, 0.05);
  });
  it("has no answer where nothing can have changed, and refuses what cannot be dealt", () => {
    expect(largestChangePValue([9, 0], [9, 0])).toBeNull();
    expect(largestChangePValue([0, 0], [1, 1])).toBeNull();
    expect(largestChangePValue([4], [4])).toBeNull();
    expect(largestChangePValue([1, 0], [0, 1])).toBe(1);
    expect(largestChangePValue([50, 50], [5, 5])).toBe(1);
    expect(() => largestChangePValue([1.5, 1], [1, 1])).toThrow(RangeError);
  });
  it("raises no more false alarms than it says", () => {
    const random = mulberry32(15);
    for (const name of ["ten", "two", "zipf", "rare", "unused"]) {
      const shares = present(nullShares[name]);
      const runs = 1000;
      const alarms = Array.from({ length: runs }, () =>
        largestChangePValue(drawCounts(shares, 2000, random), drawCounts(shares, 60, random)),
      ).filter((p) => (p ?? 1) <= 0.05).length;
      expect(alarms / runs).toBeLessThan(0.071);
      expect(alarms / runs).toBeGreaterThan(0.005);
    }
  });
});
