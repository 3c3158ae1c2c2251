import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chiSquareSf } from "../../src/stats/chi-square.ts";
import { populationStabilityIndex, psiExpected, psiPValue } from "../../src/stats/psi.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts } from "./histogram-drift.ts";

const histograms = fc.integer({ min: 2, max: 20 }).chain((bins) => {
  const counts = fc.array(fc.nat(500), { minLength: bins, maxLength: bins }).filter((list) => list.some((count) => count > 0));
  return fc.record({ reference: counts, current: counts });
});

describe("populationStabilityIndex", () => {
  it("reproduces the closed form unsmoothed", () => {
    const psi = present(populationStabilityIndex([50, 30, 20], [40, 35, 25]));
    expect(present(psi.unsmoothed)).toAgreeWith(0.041179066688494366, 1e-14);
    const share = (count: number): number => (count + 0.5) / 101.5;
    const smoothed = [
      [50, 40],
      [30, 35],
      [20, 25],
    ].map(([a = 0, b = 0]) => (share(a) - share(b)) * Math.log(share(a) / share(b)));
    expect(psi.value).toAgreeWith(
      smoothed.reduce((sum, term) => sum + term),
      1e-14,
    );
    expect(psi.contributions).toHaveLength(3);
  });
  it("stays finite where a bin is empty, and says that the raw sum is not", () => {
    const psi = present(populationStabilityIndex([100, 0], [50, 50]));
    expect(psi.unsmoothed).toBeNull();
    expect(psi.value).toBeGreaterThan(1);
    expect(Number.isFinite(psi.value)).toBe(true);
    expect(present(populationStabilityIndex([5, 0, 5], [5, 0, 5])).unsmoothed).toBe(0);
  });
  it("has no answer without rows or with fewer than two bins", () => {
    expect(populationStabilityIndex([0, 0], [1, 2])).toBeNull();
    expect(populationStabilityIndex([1, 2], [0, 0])).toBeNull();
    expect(populationStabilityIndex([4], [4])).toBeNull();
    expect(populationStabilityIndex([], [])).toBeNull();
  });
  it("answers for one and two rows", () => {
    expect(present(populationStabilityIndex([1, 0], [1, 0])).value).toBe(0);
    expect(present(populationStabilityIndex([1, 0], [0, 1])).value).toBeGreaterThan(0);
    expect(present(populationStabilityIndex([2, 0], [0, 2])).value).toBeGreaterThan(0);
  });
  it("refuses nonsense", () => {
    expect(() => populationStabilityIndex([1], [1, 2])).toThrow(RangeError);
    expect(() => populationStabilityIndex([1, -1], [1, 2])).toThrow(RangeError);
    expect(() => populationStabilityIndex([1, Number.NaN], [1, 2])).toThrow(RangeError);
  });
  it("is symmetric, never negative, the sum of its terms, and 0 against itself", () => {
    fc.assert(
      fc.property(histograms, ({ reference, current }) => {
        const forward = present(populationStabilityIndex(reference, current));
        const backward = present(populationStabilityIndex(current, reference));
        expect(forward.value).toBeCloseTo(backward.value, 12);
        expect(Math.min(...forward.contributions)).toBeGreaterThanOrEqual(0);
        expect(forward.contributions.reduce((sum, term) => sum + term, 0)).toBeCloseTo(forward.value, 12);
        expect(populationStabilityIndex(reference, reference)?.value).toBe(0);
      }),
    );
  });
  it("vanishes for proportional counts, up to smoothing", () => {
    fc.assert(
      fc.property(histograms, fc.integer({ min: 2, max: 50 }), ({ reference }, factor) => {
        const psi = present(
          populationStabilityIndex(
            reference,
            reference.map((count) => count * factor),
          ),
        );
        expect(psi.unsmoothed).toBeCloseTo(0, 12);
        const n = reference.reduce((sum, count) => sum + count, 0);
        expect(psi.value).toBeLessThanOrEqual((reference.length / n) * (1 + Math.log(factor) * reference.length));
      }),
    );
  });
  it("gives merged counts the value of the whole, whatever the parts and their order", () => {
    fc.assert(
      fc.property(
        fc.array(histograms, { minLength: 1, maxLength: 1 }),
        fc.array(fc.nat(19), { minLength: 1, maxLength: 200 }),
        ([pair], rows) => {
          const { reference } = present(pair);
          const count = (part: number[]): number[] =>
            reference.map((_, bin) => part.filter((row) => row % reference.length === bin).length);
          const half = Math.floor(rows.length / 2);
          const [first, second] = [count(rows.slice(half)), count(rows.slice(0, half))];
          const merged = first.map((value, bin) => value + (second[bin] ?? 0));
          expect(populationStabilityIndex(reference, merged)).toEqual(populationStabilityIndex(reference, count(rows)));
        },
      ),
    );
  });
});

describe("the null distribution", () => {
  /** A reference of 10 full bins, and a current side with rows moved from one bin to another until the index is about `index`. */
  const shifted = (referenceRows: number, rows: number, index: number) => {
    const then = Array.from({ length: 10 }, () => referenceRows / 10);
    const moved = (by: number) => then.map((_, bin) => rows / 10 + (bin === 0 ? by : bin === 1 ? -by : 0));
    let by = 0;
    while (present(populationStabilityIndex(then, moved(by))).value < index) by += 1;
    return { reference: then, current: moved(by), value: present(populationStabilityIndex(then, moved(by))).value };
  };

  it("is expected to be the scaled chi-square's mean", () => {
    expect(psiExpected(10, 5000, 100)).toBeCloseTo(9 * (1 / 5000 + 1 / 100), 15);
    expect(() => psiExpected(1, 5, 5)).toThrow(RangeError);
  });
  it("has the tail of the scaled chi-square where bins are full", () => {
    for (const [n, m, index] of [
      [50_000, 5_000, 0.004],
      [50_000, 50_000, 0.001],
    ] as const) {
      const { reference, current, value } = shifted(n, m, index);
      const theory = chiSquareSf(value / (1 / n + 1 / m), 9);
      expect(theory).toBeGreaterThan(1e-4);
      expect(theory).toBeLessThan(0.3);
      expect(Math.abs(present(psiPValue(reference, current)) / theory - 1)).toBeLessThan(0.05);
    }
  });
  it("is 1 for equal shares, and nearly 0 for histograms without a common bin", () => {
    expect(psiPValue([50, 50], [50, 50])).toBeCloseTo(1, 12);
    expect(present(psiPValue([100, 0], [0, 100]))).toBeLessThan(1e-6);
  });
  it("has nothing to test without rows, with one bin, or with rows in one bin only", () => {
    expect(psiPValue([0, 0], [1, 2])).toBeNull();
    expect(psiPValue([4], [4])).toBeNull();
    expect(psiPValue([40, 0], [40, 0])).toBeNull();
  });
  it("refuses nonsense", () => {
    expect(() => psiPValue([1], [1, 2])).toThrow(RangeError);
    expect(() => psiPValue([1, 2.5], [1, 2])).toThrow(RangeError);
    expect(() => psiPValue([1, -1], [1, 2])).toThrow(RangeError);
  });
  it("keeps false alarms to the nominal rate where the chi-square does not: unused bins, Zipf categories", () => {
    const zipf = Array.from({ length: 50 }, (_, rank) => 1 / (rank + 1));
    const unused = [...Array.from({ length: 3 }, () => 1), ...Array.from({ length: 5 }, () => 0)];
    for (const weights of [zipf, unused]) {
      const random = mulberry32(weights.length);
      const shares = weights.map((weight) => weight / weights.reduce((sum, one) => sum + one));
      const runs = 2_000;
      let below = 0;
      for (let run = 0; run < runs; run += 1) {
        const p = psiPValue(drawCounts(shares, 5_000, random), drawCounts(shares, 100, random));
        if (p !== null && p <= 0.05) below += 1;
      }
      expect(below / runs).toBeGreaterThan(0.03);
      expect(below / runs).toBeLessThan(0.07);
    }
  });
});
