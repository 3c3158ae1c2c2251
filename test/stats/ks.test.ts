import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ksCritical, ksFromBins, ksFromSamples, ksPValue } from "../../src/stats/ks.ts";
import { ksLimitPValue } from "../../src/stats/ks-p-value.ts";
import { goldens, present } from "./goldens.ts";

function repeat(...runs: [value: number, times: number][]): number[] {
  return runs.flatMap(([value, times]) => Array.from({ length: times }, () => value));
}
function grid(from: number, to: number, count: number, shift = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1) + shift);
}
/** Right-closed counts, written the slow way. */
function histogram(values: readonly number[], edges: readonly number[]): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of values) {
    const bin = edges.filter((edge) => edge < value).length;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
/** The largest |F - G| over all points, written the slow way. */
function bruteForce(xs: readonly number[], ys: readonly number[]): number {
  const share = (sample: readonly number[], at: number): number => sample.filter((value) => value <= at).length / sample.length;
  return Math.max(...[...xs, ...ys].map((at) => Math.abs(share(xs, at) - share(ys, at))));
}
const sample = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ min: -5, max: 5, noNaN: true })), {
  minLength: 1,
  maxLength: 40,
});

describe("ksFromSamples and ksPValue", () => {
  it.each([
    ["two between three", [1.01, 2.01], [1, 2, 3], 1 / 3, 1],
    ["two below", [0.99, 1.99], [1, 2, 3], 2 / 3, 0.6],
    ["two among four", [1.01, 2.01], [1, 2, 3, 4], 2 / 4, 14 / 15],
    ["two below four", [0.99, 1.99], [1, 2, 3, 4], 3 / 4, 6 / 15],
    ["grids", grid(1, 100, 100), grid(1, 100, 110, 20.1), 232 / 1100, 0.015739183865607353],
    ["ties", repeat([2, 3], [3, 4], [5, 5], [6, 4]), repeat([3, 3], [4, 4], [6, 5], [7, 4]), 5 / 16, 0.4262934613454952],
    ["more ties", repeat([2, 3], [3, 4], [5, 10], [6, 4]), repeat([3, 10], [4, 2], [6, 10], [7, 4]), 190 / 546, 0.0919245790168125],
  ])("reproduces SciPy's published example: %s", (_, xs, ys, distance, pValue) => {
    const found = present(ksFromSamples(xs, ys));
    expect(found.distance).toAgreeWith(distance, 1e-15);
    expect(ksPValue(found.distance, xs.length, ys.length).pValue).toAgreeWith(pValue, 1e-12);
  });
  it("agrees with SciPy on samples with ties", () => {
    for (const { x, y, distance, pValue } of goldens.ks.samples) {
      const found = present(ksFromSamples(x, y));
      expect(found.distance).toAgreeWith(distance, 1e-12, x.length, y.length);
      expect(ksPValue(found.distance, x.length, y.length).pValue).toAgreeWith(pValue, 1e-11, x.length, y.length);
    }
  });
  it("is the largest gap, symmetric, in [0, 1], and leaves its inputs alone", () => {
    fc.assert(
      fc.property(sample, sample, (xs, ys) => {
        const before = [...xs];
        const { distance } = present(ksFromSamples(xs, ys));
        expect(distance).toBeCloseTo(bruteForce(xs, ys), 12);
        expect(ksFromSamples(ys, xs)).toEqual({ distance });
        expect(xs).toEqual(before);
      }),
    );
  });
  it("answers for one row, constants, infinities and signed zeros, not for none", () => {
    expect(ksFromSamples([], [1])).toBeNull();
    expect(ksFromSamples([1], [])).toBeNull();
    expect(ksFromSamples([1], [1])).toEqual({ distance: 0 });
    expect(ksFromSamples([1], [2])).toEqual({ distance: 1 });
    expect(ksFromSamples([3, 3, 3], [3, 3])).toEqual({ distance: 0 });
    expect(ksFromSamples([-0, 0], [0])).toEqual({ distance: 0 });
    expect(ksFromSamples([-Infinity, 0], [0, Infinity])).toEqual({ distance: 0.5 });
    expect(() => ksFromSamples([Number.NaN], [1])).toThrow(RangeError);
  });
});

describe("ksPValue", () => {
  it("is exact up to a million pairs", () => {
    for (const [n, m, distance, pValue] of goldens.ks.exact) {
      const found = ksPValue(distance, n, m);
      expect(found.method).toBe("exact");
      expect(found.pValue).toAgreeWith(pValue, 1e-11, n, m, distance);
      expect(ksPValue(distance, m, n).pValue).toAgreeWith(found.pValue, 1e-11, m, n, distance);
    }
  });
  it("takes the corrected limit beyond, within the documented error", () => {
    const bound: Record<string, number> = {
      "23148,180": 0.005,
      "48166,300": 0.003,
      "1000,1001": 0.062,
      "10000,101": 0.011,
      "5000,500": 0.0011,
      "4000,4000": 0.0001,
      "40000,26": 0.14,
    };
    for (const [n, m, distance, pValue] of goldens.ks.limit) {
      const found = ksPValue(distance, n, m);
      expect(found.method).toBe("limit");
      const inRange = pValue > 1e-6 && pValue < 0.5;
      const tolerance = inRange ? present(bound[`${n},${m}`]) : Infinity;
      expect(found.pValue).toAgreeWith(pValue, tolerance, n, m, distance);
    }
  });
  it("judges distances between two possible ones by the next", () => {
    expect(ksPValue(0.55, 2, 3).pValue).toBe(ksPValue(2 / 3, 2, 3).pValue);
    expect(ksPValue(0, 5, 5)).toEqual({ pValue: 1, method: "exact" });
    expect(ksPValue(1, 3, 3).pValue).toBeCloseTo(2 / 20, 15);
  });
  it("falls as the distance grows, by either method", () => {
    const size = fc.integer({ min: 1, max: 60 });
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(size, size, unit, unit, (n, m, a, b) => {
        const [near, far] = a < b ? [a, b] : [b, a];
        expect(ksPValue(near, n, m).pValue).toBeGreaterThanOrEqual(ksPValue(far, n, m).pValue - 1e-12);
        expect(ksLimitPValue(near, n, m)).toBeGreaterThanOrEqual(ksLimitPValue(far, n, m) - 1e-12);
      }),
    );
  });
  it("refuses nonsense", () => {
    expect(() => ksPValue(0.5, 0, 4)).toThrow(RangeError);
    expect(() => ksPValue(1.5, 4, 4)).toThrow(RangeError);
    expect(() => ksPValue(Number.NaN, 4, 4)).toThrow(RangeError);
  });
});

describe("ksCritical", () => {
  it("inverts the limit p-value", () => {
    for (const [n, m] of [
      [5000, 500],
      [100_000, 300],
      [1e6, 1e6],
      [30, 20],
    ] as const) {
      for (const alpha of [0.5, 0.05, 0.001, 1e-9]) expect(ksLimitPValue(ksCritical(alpha, n, m), n, m)).toAgreeWith(alpha, 1e-9, n, m);
    }
  });
  it("exceeds 1 where nothing can be significant, and refuses nonsense", () => {
    expect(ksCritical(0.001, 3, 2)).toBeGreaterThan(1);
    expect(() => ksCritical(0, 10, 10)).toThrow(RangeError);
    expect(() => ksCritical(0.05, 10, 0)).toThrow(RangeError);
  });
});

describe("ksFromBins", () => {
  it("brackets the exact distance, for any edges", () => {
    const edges = fc.uniqueArray(fc.double({ min: -6, max: 6, noNaN: true }), { maxLength: 12 });
    fc.assert(
      fc.property(sample, sample, edges, (xs, ys, unsorted) => {
        const cuts = unsorted.toSorted((a, b) => a - b);
        const bracket = present(ksFromBins(histogram(xs, cuts), histogram(ys, cuts)));
        const { distance } = present(ksFromSamples(xs, ys));
        expect(bracket.lower).toBeLessThanOrEqual(distance);
        expect(bracket.upper).toBeGreaterThanOrEqual(distance);
        expect(bracket.lower).toBeGreaterThanOrEqual(0);
        expect(bracket.upper).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });
  it("is exact when every bin is a singleton", () => {
    const small = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 50 });
    const cuts = [0, 1, 2, 3, 4, 5];
    fc.assert(
      fc.property(small, small, (xs, ys) => {
        const bracket = present(
          ksFromBins(
            histogram(xs, cuts),
            histogram(ys, cuts),
            cuts.concat(6).map(() => true),
          ),
        );
        expect(bracket.lower).toBe(present(ksFromSamples(xs, ys)).distance);
        expect(bracket.upper).toBe(bracket.lower);
      }),
    );
  });
  it("does not widen for bins that only one side occupies, and is tight otherwise", () => {
    expect(ksFromBins([5, 0, 5], [0, 10, 0])).toEqual({ lower: 0.5, upper: 0.5, bin: 0 });
    expect(ksFromBins([10], [10])).toEqual({ lower: 0, upper: 1, bin: 0 });
    expect(ksFromBins([10], [10], [true])).toEqual({ lower: 0, upper: 0, bin: 0 });
    expect(ksFromBins([4, 4], [4, 4])).toEqual({ lower: 0, upper: 0.5, bin: 0 });
    expect(present(ksFromBins([1, 2, 7], [1, 7, 2])).bin).toBe(1);
  });
  it("needs rows on both sides, and lists that fit", () => {
    expect(ksFromBins([0, 0], [1, 1])).toBeNull();
    expect(ksFromBins([], [])).toBeNull();
    expect(() => ksFromBins([1], [1, 1])).toThrow(RangeError);
    expect(() => ksFromBins([1, 1], [1, 1], [true])).toThrow(RangeError);
  });
  it("gives merged counts the bracket of the whole", () => {
    fc.assert(
      fc.property(sample, sample, sample, (xs, first, second) => {
        const cuts = [-3, -1, 0, 2];
        const [a, b] = [histogram(first, cuts), histogram(second, cuts)];
        const merged = a.map((count, bin) => count + present(b[bin]));
        expect(ksFromBins(histogram(xs, cuts), merged)).toEqual(ksFromBins(histogram(xs, cuts), histogram([...second, ...first], cuts)));
      }),
    );
  });
});
