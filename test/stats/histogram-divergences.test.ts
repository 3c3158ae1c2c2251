import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chiSquareSf } from "../../src/stats/chi-square.ts";
import { hellinger, hellingerExpected, hellingerPValue } from "../../src/stats/hellinger.ts";
import { jensenShannon, jensenShannonExpected, jensenShannonPValue } from "../../src/stats/jensen-shannon.ts";
import { kullbackLeibler, kullbackLeiblerExpected, kullbackLeiblerPValue } from "../../src/stats/kullback-leibler.ts";
import { populationStabilityIndex } from "../../src/stats/psi.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts, driftGoldens, histogramPairs, nullShares } from "./histogram-drift.ts";

type Counts = readonly number[];
const sum = (list: Counts): number => list.reduce((total, one) => total + one, 0);

/** The three, each with the sum its contributions make, and κ: for full bins κ·sum/(1/n + 1/m) is a chi-square. */
const divergences = {
  jensenShannon: {
    of: jensenShannon,
    pValue: jensenShannonPValue,
    expected: (counts: Counts, m: number) => jensenShannonExpected(counts, m)?.divergence ?? null,
    additive: (a: Counts, b: Counts) => present(jensenShannon(a, b)).value,
    kappa: 8,
  },
  hellinger: {
    of: hellinger,
    pValue: hellingerPValue,
    expected: hellingerExpected,
    additive: (a: Counts, b: Counts) => present(hellinger(a, b)).value ** 2,
    kappa: 8,
  },
  kullbackLeibler: {
    of: kullbackLeibler,
    pValue: kullbackLeiblerPValue,
    expected: kullbackLeiblerExpected,
    additive: (a: Counts, b: Counts) => present(kullbackLeibler(a, b)).value,
    kappa: 2,
  },
};

describe("the values", () => {
  it("agree with SciPy, smoothed and not", () => {
    for (const { reference, current, smoothed, unsmoothed } of driftGoldens.histograms) {
      const js = present(jensenShannon(reference, current));
      expect(js.value).toAgreeWith(smoothed.jensenShannon, 1e-11);
      expect(js.distance).toAgreeWith(smoothed.jensenShannonDistance, 1e-11);
      expect(js.unsmoothed).toAgreeWith(unsmoothed.jensenShannon, 1e-11);
      const h = present(hellinger(reference, current));
      expect(h.value).toAgreeWith(smoothed.hellinger, 1e-11);
      expect(h.unsmoothed).toAgreeWith(unsmoothed.hellinger, 1e-11);
      const kl = present(kullbackLeibler(reference, current));
      expect(kl.value).toAgreeWith(present(smoothed.kullbackLeibler), 1e-11);
      if (unsmoothed.kullbackLeibler === null) expect(kl.unsmoothed).toBeNull();
      else expect(present(kl.unsmoothed)).toAgreeWith(unsmoothed.kullbackLeibler, 1e-11);
    }
  });
  it("are those of the books", () => {
    expect(Math.sqrt(present(jensenShannon([1, 0], [1, 1])).unsmoothed)).toAgreeWith(0.464501404022459, 1e-14);
    expect(present(jensenShannon([7, 0], [0, 3])).unsmoothed).toBe(Math.LN2);
    expect(present(hellinger([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8])).unsmoothed).toBeCloseTo(0.0681277, 7);
    expect(present(hellinger([7, 0], [0, 3])).unsmoothed).toBe(1);
    expect(present(kullbackLeibler([1, 1], [1, 0])).unsmoothed).toAgreeWith(Math.LN2, 1e-15);
    expect(present(kullbackLeibler([1, 0], [1, 1])).unsmoothed).toBeNull();
  });
  it("of Kullback-Leibler, both ways, add up to the population stability index", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        const both = present(kullbackLeibler(reference, current)).value + present(kullbackLeibler(current, reference)).value;
        expect(both).toBeCloseTo(present(populationStabilityIndex(reference, current)).value, 11);
      }),
    );
  });
  it("of Jensen-Shannon and Hellinger are symmetric and bounded, and bound each other", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        const js = present(jensenShannon(reference, current));
        const h = present(hellinger(reference, current));
        expect(present(jensenShannon(current, reference)).value).toBeCloseTo(js.value, 13);
        expect(present(hellinger(current, reference)).value).toBeCloseTo(h.value, 13);
        expect(js.distance).toBeLessThanOrEqual(1);
        expect(h.value).toBeLessThanOrEqual(1);
        // Bin by bin the divergence lies between ln 2 and 1 times the square of H.
        expect(js.value).toBeGreaterThanOrEqual(h.value ** 2 * Math.LN2 - 1e-12);
        expect(js.value).toBeLessThanOrEqual(h.value ** 2 + 1e-12);
      }),
    );
  });
});

describe.each(Object.entries(divergences))("%s", (_name, { of, pValue, expected, additive, kappa }) => {
  it("is 0 against itself, the sum of its parts, and blind to the order of bins", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        expect(present(of(reference, reference)).value).toBe(0);
        const { value, contributions } = present(of(reference, current));
        expect(contributions).toHaveLength(reference.length);
        expect(Math.min(...contributions)).toBeGreaterThanOrEqual(0);
        expect(sum(contributions)).toBeCloseTo(additive(reference, current), 12);
        expect(present(of(reference.toReversed(), current.toReversed())).value).toBeCloseTo(value, 12);
      }),
    );
  });
  it("sees nothing in proportional counts, and less when bins are merged, unsmoothed", () => {
    fc.assert(
      fc.property(histogramPairs, fc.integer({ min: 2, max: 50 }), ({ reference, current }, factor) => {
        const scaled = reference.map((count) => count * factor);
        expect(present(of(reference, scaled)).unsmoothed).toBeCloseTo(0, 7);
        const joined = (counts: Counts): number[] => [(counts[0] ?? 0) + (counts[1] ?? 0), ...counts.slice(2)];
        const whole = of(reference, current)?.unsmoothed ?? Infinity;
        const merged = of(joined(reference), joined(current));
        if (merged !== null) expect(merged.unsmoothed ?? Infinity).toBeLessThanOrEqual(whole + 1e-12);
      }),
    );
  });
  it("gives merged counts the value of the whole", () => {
    fc.assert(
      fc.property(histogramPairs, fc.array(fc.nat(19), { minLength: 1, maxLength: 100 }), ({ reference }, rows) => {
        const count = (part: number[]): number[] => reference.map((_, bin) => part.filter((row) => row % reference.length === bin).length);
        const half = Math.floor(rows.length / 2);
        const second = count(rows.slice(0, half));
        const merged = count(rows.slice(half)).map((value, bin) => value + present(second[bin]));
        expect(of(reference, merged)).toEqual(of(reference, count(rows)));
        expect(pValue(reference, merged)).toBe(pValue(reference, count(rows)));
      }),
    );
  });
  it("answers for one row and two, and for a constant", () => {
    expect(present(of([1, 0], [1, 0])).value).toBe(0);
    expect(present(of([1, 0], [0, 1])).value).toBeGreaterThan(0);
    expect(present(of([2, 0], [1, 1])).value).toBeGreaterThan(0);
    expect(present(of([9, 0], [9, 0])).value).toBe(0);
    expect(pValue([9, 0], [9, 0])).toBeNull();
    expect(pValue([1, 0], [0, 1])).toBeNull();
    expect(present(expected([9, 0], 4))).toBeGreaterThanOrEqual(0);
    expect(present(expected([1, 0], 1))).toBe(0);
    expect(present(expected([1, 1], 1))).toBeGreaterThan(0);
  });
  it("has no answer without rows or with fewer than two bins", () => {
    for (const [a, b] of [
      [[], []],
      [[4], [4]],
      [
        [0, 0],
        [1, 2],
      ],
      [
        [1, 2],
        [0, 0],
      ],
    ] as const) {
      expect(of(a, b)).toBeNull();
      expect(pValue(a, b)).toBeNull();
    }
    expect(expected([0, 0], 5)).toBeNull();
    expect(expected([5], 5)).toBeNull();
  });
  it("refuses nonsense", () => {
    for (const wrong of [[1], [1, -1], [1, Number.NaN], [1, Infinity]]) {
      expect(() => of(wrong, [1, 2])).toThrow(RangeError);
      expect(() => pValue(wrong, [1, 2])).toThrow(RangeError);
    }
    expect(() => pValue([1.5, 2], [1, 2])).toThrow(RangeError);
    expect(() => expected([1.5, 2], 4)).toThrow(RangeError);
    expect(() => expected([1, 2], 0)).toThrow(RangeError);
  });
  it("has the p-value of the scaled chi-square where bins are full, near Pearson's test", () => {
    for (const { reference, current, pValue: pearson } of driftGoldens.large) {
      const scale = 1 / sum(reference) + 1 / sum(current);
      const limit = chiSquareSf((kappa * additive(reference, current)) / scale, reference.length - 1);
      const found = present(pValue(reference, current));
      expect(Math.abs(Math.log(found / limit))).toBeLessThan(0.02 * Math.max(1, -Math.log(limit)));
      expect(Math.abs(Math.log(found / pearson))).toBeLessThan(0.05 * Math.max(1, -Math.log(pearson)));
    }
  });
  it("keeps its p-value in [0, 1], order-free, and falling as rows move further", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        const p = pValue(reference, current);
        if (p === null) return;
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
    const moved = [0, 10, 30, 60, 100].map((rows) => present(pValue([500, 500, 500, 500], [100 + rows, 100, 100, 100 - rows])));
    expect(moved.toSorted((a, b) => b - a)).toEqual(moved);
    expect(moved[0]).toBe(1);
    expect(moved.at(-1)).toBeLessThan(1e-20);
  });
  it("raises no more false alarms than it says, and expects the noise there is", () => {
    const random = mulberry32(11);
    for (const [shares, n, m] of [
      [nullShares["ten"], 3000, 50],
      [nullShares["two"], 300, 300],
      [nullShares["zipf"], 3000, 100],
      [nullShares["rare"], 3000, 200],
      [nullShares["unused"], 3000, 60],
    ] as const) {
      const runs = 600;
      let alarms = 0;
      let mean = 0;
      let floor = 0;
      for (let run = 0; run < runs; run++) {
        const [reference, current] = [drawCounts(present(shares), n, random), drawCounts(present(shares), m, random)];
        if ((pValue(reference, current) ?? 1) <= 0.05) alarms += 1;
        mean += present(of(reference, current)).value / runs;
        if (run < 20) floor += present(expected(reference, m)) / 20;
      }
      // 5% and three standard errors.
      expect(alarms / runs).toBeLessThan(0.077);
      expect(alarms / runs).toBeGreaterThan(0.02);
      expect(floor).toAgreeWith(mean, n === m ? 0.2 : 0.08, n, m);
    }
  });
});
