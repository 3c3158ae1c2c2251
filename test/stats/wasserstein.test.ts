import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalCdf } from "../../src/stats/normal.ts";
import { wassersteinExpected, wassersteinFromBins, wassersteinFromPoints } from "../../src/stats/wasserstein.ts";
import { goldens, present } from "./goldens.ts";

const noTails = { low: null, high: null };
const ones = (values: readonly number[]): number[] => values.map(() => 1);
const values = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), {
  minLength: 1,
  maxLength: 40,
});

describe("wassersteinFromPoints", () => {
  it("agrees with SciPy", () => {
    for (const [xs, u, ys, v, value] of goldens.wasserstein) expect(present(wassersteinFromPoints(xs, u, ys, v))).toAgreeWith(value, 1e-12);
    expect(wassersteinFromPoints([0, 1], [3, 1], [0], [1])).toBe(0.25);
    expect(wassersteinFromPoints([4.5, 6.7, 2.1], [3, 1, 1], [4.6, 7, 9.2], [1, 3, 1])).toBeCloseTo(2.5, 12);
  });
  it("moves with a shift, scales with a factor, is symmetric and 0 against itself", () => {
    fc.assert(
      fc.property(values, fc.double({ min: -5, max: 5, noNaN: true }), (xs, shift) => {
        const ys = xs.map((x) => x + shift);
        expect(wassersteinFromPoints(xs, ones(xs), ys, ones(ys))).toBeCloseTo(Math.abs(shift), 9);
        expect(wassersteinFromPoints(xs, ones(xs), xs, ones(xs))).toBeCloseTo(0, 12);
      }),
    );
    fc.assert(
      fc.property(values, values, (xs, ys) => {
        const forward = present(wassersteinFromPoints(xs, ones(xs), ys, ones(ys)));
        expect(wassersteinFromPoints(ys, ones(ys), xs, ones(xs))).toBeCloseTo(forward, 10);
        const doubled = (list: number[]): number[] => list.map((value) => 2 * value);
        expect(wassersteinFromPoints(doubled(xs), ones(xs), doubled(ys), ones(ys))).toBeCloseTo(2 * forward, 10);
      }),
    );
  });
  it("has no answer without weight, and refuses nonsense", () => {
    expect(wassersteinFromPoints([], [], [1], [1])).toBeNull();
    expect(wassersteinFromPoints([1], [0], [1], [1])).toBeNull();
    expect(wassersteinFromPoints([1], [1], [4], [7])).toBe(3);
    expect(() => wassersteinFromPoints([1], [], [1], [1])).toThrow(RangeError);
    expect(() => wassersteinFromPoints([1], [-1], [1], [1])).toThrow(RangeError);
    expect(() => wassersteinFromPoints([Infinity], [1], [1], [1])).toThrow(RangeError);
  });
});

/** Counts in right-closed bins, and the means of the outer ones. */
function summarise(
  sample: readonly number[],
  edges: readonly number[],
): { counts: number[]; tails: { low: number | null; high: number | null } } {
  const binOf = (value: number): number => edges.filter((edge) => edge < value).length;
  const members = (bin: number): number[] => sample.filter((value) => binOf(value) === bin);
  const mean = (list: number[]): number | null => (list.length === 0 ? null : list.reduce((sum, value) => sum + value, 0) / list.length);
  const counts = Array.from({ length: edges.length + 1 }, (_, bin) => members(bin).length);
  return { counts, tails: { low: mean(members(0)), high: mean(members(edges.length)) } };
}

describe("wassersteinFromBins", () => {
  it("lies within its bound of the exact distance when the outer bins hold one value each", () => {
    const edges = fc.uniqueArray(fc.double({ min: -9.9, max: 9.9, noNaN: true }), {
      minLength: 1,
      maxLength: 15,
      // 0 and -0 are one edge.
      comparator: "SameValueZero",
    });
    fc.assert(
      fc.property(values, values, edges, (first, second, unsorted) => {
        const cuts = [-10, ...unsorted.toSorted((a, b) => a - b), 10];
        const [xs, ys] = [first.concat(-10), second.concat(-10)];
        const [x, y] = [summarise(xs, cuts), summarise(ys, cuts)];
        const pair = {
          edges: cuts,
          reference: x.counts,
          current: y.counts,
          referenceTails: x.tails,
          currentTails: y.tails,
        };
        const found = present(wassersteinFromBins(pair));
        const exact = present(wassersteinFromPoints(xs, ones(xs), ys, ones(ys)));
        expect(Math.abs(found.value - exact)).toBeLessThanOrEqual(found.errorBound + 1e-9);
      }),
    );
  });
  it("puts masses at midpoints, tail means and singletons", () => {
    const base = {
      edges: [0, 2, 4],
      reference: [0, 10, 0, 0],
      current: [0, 0, 10, 0],
      referenceTails: noTails,
      currentTails: noTails,
    };
    expect(wassersteinFromBins(base)).toEqual({ value: 2, errorBound: 2 });
    const far = { ...base, current: [0, 9, 0, 1], currentTails: { low: null, high: 101 } };
    expect(present(wassersteinFromBins(far)).value).toBeCloseTo(10, 12);
    expect(present(wassersteinFromBins(far)).errorBound).toBeCloseTo(1.9, 12);
    const atom = { ...base, edges: [-Number.MIN_VALUE, 0, 4], reference: [0, 10, 0, 0] };
    expect(wassersteinFromBins(atom)).toEqual({ value: 2, errorBound: 2 });
    const pair = {
      ...base,
      edges: [1, 1 + Number.EPSILON, 3 + Number.EPSILON],
      current: [0, 10, 0, 0],
    };
    expect(wassersteinFromBins(pair)).toEqual({ value: 0, errorBound: 0 });
  });
  it("compares the outer bins by their own means", () => {
    const pair = {
      edges: [0],
      reference: [5, 5],
      current: [5, 5],
      referenceTails: { low: -1, high: 1 },
      currentTails: { low: -2, high: 1 },
    };
    expect(wassersteinFromBins(pair)).toEqual({ value: 0.5, errorBound: 0 });
  });
  it("has no answer without rows, bins, or the mean of an occupied outer bin", () => {
    const pair = {
      edges: [0],
      reference: [5, 0],
      current: [5, 0],
      referenceTails: { low: -1, high: null },
      currentTails: { low: -1, high: null },
    };
    expect(wassersteinFromBins(pair)).toEqual({ value: 0, errorBound: 0 });
    expect(wassersteinFromBins({ ...pair, current: [0, 0] })).toBeNull();
    expect(wassersteinFromBins({ ...pair, current: [0, 5] })).toBeNull();
    expect(wassersteinFromBins({ ...pair, edges: [], reference: [5], current: [5] })).toBeNull();
  });
  it("refuses nonsense", () => {
    const pair = {
      edges: [0, 0],
      reference: [1, 1, 1],
      current: [1, 1, 1],
      referenceTails: noTails,
      currentTails: noTails,
    };
    expect(() => wassersteinFromBins(pair)).toThrow(RangeError);
    expect(() => wassersteinFromBins({ ...pair, edges: [0] })).toThrow(RangeError);
    expect(() => wassersteinFromBins({ ...pair, edges: [0, Infinity] })).toThrow(RangeError);
  });
});

describe("wassersteinExpected", () => {
  const edges = Array.from({ length: 255 }, (_, i) => -4 + (8 * (i + 1)) / 256);
  const reference = Array.from({ length: 256 }, (_, bin) => {
    const upTo = bin === 255 ? 1 : normalCdf(edges[bin] ?? 0);
    return 1e6 * (upTo - (bin === 0 ? 0 : normalCdf(edges[bin - 1] ?? 0)));
  });
  it("is 1.288 σ √(1/n + 1/m) for normal data", () => {
    const expected = present(wassersteinExpected(edges, reference, 5000, 100, { low: -4.2, high: 4.2 }));
    expect(expected / Math.sqrt(1 / 5000 + 1 / 100)).toAgreeWith(1.288, 2e-3);
  });
  it("is 0 for one place and null without rows", () => {
    expect(wassersteinExpected([0, 1], [0, 8, 0], 8, 4, noTails)).toBe(0);
    expect(wassersteinExpected([0, 1], [0, 0, 0], 8, 4, noTails)).toBeNull();
    expect(wassersteinExpected([0, 1], [1, 0, 0], 8, 4, noTails)).toBeNull();
    expect(wassersteinExpected([], [8], 8, 4, noTails)).toBeNull();
    expect(() => wassersteinExpected([0, 1], [0, 8, 0], 0, 4, noTails)).toThrow(RangeError);
  });
});
