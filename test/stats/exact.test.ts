import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { psiFromSamples, wassersteinFromSamples } from "../../src/stats/exact.ts";
import { ksFromSamples, ksPValue } from "../../src/stats/ks.ts";
import { populationStabilityIndex } from "../../src/stats/psi.ts";
import { wassersteinFromPoints } from "../../src/stats/wasserstein.ts";
import { present } from "./goldens.ts";
import { driftGoldens } from "./histogram-drift.ts";

const sample = fc.array(fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double({ min: -5, max: 5, noNaN: true })), {
  minLength: 1,
  maxLength: 40,
});

describe("raw rows", () => {
  it("agree with SciPy, ties and all", () => {
    for (const { x, y, wasserstein, ks, ksPValue: pValue, edges, psi } of driftGoldens.samples) {
      expect(present(wassersteinFromSamples(x, y))).toBeCloseTo(wasserstein, 11);
      expect(present(ksFromSamples(x, y)).distance).toBeCloseTo(ks, 14);
      expect(ksPValue(present(ksFromSamples(x, y)).distance, x.length, y.length).pValue).toAgreeWith(pValue, 1e-9);
      expect(present(psiFromSamples(x, y, edges)).value).toBeCloseTo(psi, 12);
    }
    expect(wassersteinFromSamples([0, 1, 3], [5, 6, 8])).toBe(5);
  });
});

describe("wassersteinFromSamples", () => {
  it("is the distance of points of weight 1, symmetric, and moves with a shift", () => {
    fc.assert(
      fc.property(sample, sample, (xs, ys) => {
        const ones = (list: readonly number[]): number[] => list.map(() => 1);
        const value = present(wassersteinFromSamples(xs, ys));
        expect(value).toBeCloseTo(present(wassersteinFromPoints(xs, ones(xs), ys, ones(ys))), 10);
        expect(wassersteinFromSamples(ys, xs)).toBeCloseTo(value, 12);
        expect(wassersteinFromSamples(xs, xs.toReversed())).toBe(0);
        const moved = xs.map((x) => x + 2.5);
        expect(wassersteinFromSamples(xs, moved)).toBeCloseTo(2.5, 10);
        expect(wassersteinFromSamples([...xs, ...xs], ys)).toBeCloseTo(value, 11);
      }),
    );
  });
  it("answers for one, two and constant rows, not for none, and refuses what is not finite", () => {
    expect(wassersteinFromSamples([], [1])).toBeNull();
    expect(wassersteinFromSamples([1], [])).toBeNull();
    expect(wassersteinFromSamples([2], [5])).toBe(3);
    expect(wassersteinFromSamples([1, 3], [2])).toBe(1);
    expect(wassersteinFromSamples([7, 7, 7], [7])).toBe(0);
    expect(wassersteinFromSamples([0], [-0])).toBe(0);
    expect(() => wassersteinFromSamples([Number.NaN], [1])).toThrow(RangeError);
    expect(() => wassersteinFromSamples([1], [Infinity])).toThrow(RangeError);
  });
});

describe("psiFromSamples", () => {
  it("is that of the counts, edges counting to the left", () => {
    expect(psiFromSamples([0, 1, 1, 2], [1, 2, 3, Infinity], [0, 1, 2])).toEqual(populationStabilityIndex([1, 2, 1, 0], [0, 1, 1, 2]));
    expect(psiFromSamples([-Infinity, -0], [0, 1], [0])).toEqual(populationStabilityIndex([2, 0], [1, 1]));
  });
  it("answers for one and two rows, not for none, and refuses nonsense", () => {
    expect(psiFromSamples([], [1], [0])).toBeNull();
    expect(psiFromSamples([1], [], [0])).toBeNull();
    expect(psiFromSamples([1], [1], [])).toBeNull();
    expect(present(psiFromSamples([1], [1], [0])).value).toBe(0);
    expect(present(psiFromSamples([1, 1], [-1, 1], [0])).value).toBeGreaterThan(0);
    expect(() => psiFromSamples([Number.NaN], [1], [0])).toThrow(RangeError);
    expect(() => psiFromSamples([1], [1], [0, 0])).toThrow(RangeError);
    expect(() => psiFromSamples([1], [1], [Infinity])).toThrow(RangeError);
  });
});
