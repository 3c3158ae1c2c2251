import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dealtChange, dealtChangeSf, forEachDeal } from "../../src/stats/hypergeometric.ts";
import "./goldens.ts";
import { driftGoldens } from "./histogram-drift.ts";

describe("a bin's rows dealt at random", () => {
  it("agrees with SciPy's hypergeometric", () => {
    for (const { n, m, total, mean, variance, tails } of driftGoldens.changes) {
      const found = dealtChange(total, n, m);
      expect(found.mean).toAgreeWith(mean, 1e-9, n, m, total);
      expect(found.variance).toBeCloseTo(variance, 12);
      if (variance > 1e-12) expect(found.variance).toAgreeWith(variance, 1e-8, n, m, total);
      for (const [distance, pValue] of tails) expect(dealtChangeSf(distance, total, n, m)).toAgreeWith(pValue, 1e-8, n, m, total, distance);
    }
  });
  it("has moments that are those of its masses", () => {
    const size = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(size, size, fc.double({ min: 0, max: 1, noNaN: true }), (n, m, share) => {
        const total = Math.round(share * (n + m));
        let mass = 0;
        let first = 0;
        let second = 0;
        let tail = 0;
        const { mean, variance } = dealtChange(total, n, m);
        forEachDeal(total, n, m, (current, weight) => {
          const change = Math.abs((total - current) / n - current / m);
          mass += weight;
          first += weight * change;
          second += weight * change * change;
          if (change >= mean * (1 + 1e-6)) tail += weight;
        });
        expect(mean).toBeCloseTo(first / mass, 11);
        expect(variance).toBeCloseTo(second / mass - (first / mass) ** 2, 10);
        if (variance > 1e-12) expect(dealtChangeSf(mean * (1 + 1e-6), total, n, m)).toBeCloseTo(tail / mass, 9);
      }),
    );
  });
  it("leaves nothing to chance when the bin holds no rows, or all", () => {
    expect(dealtChange(0, 5, 3)).toEqual({ mean: 0, variance: 0 });
    expect(dealtChange(8, 5, 3)).toEqual({ mean: 0, variance: 0 });
    expect(dealtChangeSf(0.1, 0, 5, 3)).toBe(0);
    expect(dealtChangeSf(0.1, 8, 5, 3)).toBe(0);
    expect(dealtChangeSf(0, 8, 5, 3)).toBe(1);
    expect(dealtChange(1, 1, 1)).toEqual({ mean: 1, variance: 0 });
    expect(dealtChangeSf(1, 1, 1, 1)).toBe(1);
    expect(dealtChangeSf(1.5, 1, 1, 1)).toBe(0);
  });
  it("refuses what cannot be dealt", () => {
    expect(() => dealtChangeSf(0.1, 1.5, 5, 3)).toThrow(RangeError);
    expect(() => dealtChangeSf(0.1, 1, 0, 3)).toThrow(RangeError);
    expect(() => dealtChangeSf(0.1, 1, 3, 0)).toThrow(RangeError);
  });
});
