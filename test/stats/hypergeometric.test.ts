import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dealtChange, dealtChangeSf, dealtChangeTails, likelyDeals, logTableMass } from "../../src/stats/hypergeometric.ts";
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
        const deals = likelyDeals(total, n, m);
        deals.current.forEach((current, place) => {
          const weight = deals.mass[place] ?? 0;
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
  it("stands for all deals by a few of them where there are many", () => {
    const size = fc.integer({ min: 500, max: 60_000 });
    fc.assert(
      fc.property(size, size, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (n, m, share) => {
        const total = Math.round(share * (n + m));
        const deals = likelyDeals(total, n, m);
        const sums = (visit: (add: (k: number, mass: number) => void) => void): [number, number] => {
          const [sum, all] = [[0, 0], { mass: 0 }] as [[number, number], { mass: number }];
          visit((k, mass) => {
            const [p, q] = [(total - k + 0.5) / n, (k + 0.5) / m];
            sum[0] += mass * (p - q) * Math.log(p / q);
            sum[1] += mass * (Math.sqrt(p) - Math.sqrt(q)) ** 4;
            all.mass += mass;
          });
          return [sum[0] / all.mass, sum[1] / all.mass];
        };
        const few = sums((add) => deals.current.forEach((k, place) => add(k, deals.mass[place] ?? 0)));
        const atMost = sums((add) => {
          const middle = Math.round((total * m) / (n + m));
          const reach = 10 * Math.sqrt(total);
          const top = logTableMass(middle, n, m, total);
          for (let k = Math.max(0, total - n, Math.floor(middle - reach)); k <= Math.min(m, total, middle + reach); k++)
            add(k, Math.exp(logTableMass(k, n, m, total) - top));
        });
        expect(few[0]).toAgreeWith(atMost[0], 1e-8, n, m, total);
        expect(few[1]).toAgreeWith(atMost[1], 1e-8, n, m, total);
      }),
      { numRuns: 30 },
    );
    expect(likelyDeals(200_000, 1_000_000, 1_000_000).current.length).toBeLessThan(30);
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

  it("has tails for many distances that are those of one", () => {
    const size = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(
        size,
        size,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        (n, m, share, distance) => {
          const total = Math.round(share * (n + m));
          expect(Math.abs(dealtChangeTails(total, n, m)(distance) - dealtChangeSf(distance, total, n, m))).toBeLessThan(1e-13);
        },
      ),
      { numRuns: 500 },
    );
  });
});
