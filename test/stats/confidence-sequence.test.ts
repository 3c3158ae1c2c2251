import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bernoulliDifferenceSequence, bernoulliLogE, bernoulliSequence, proportionSequence } from "../../src/stats/bernoulli-sequence.ts";
import { alwaysValidP, differenceLogE, differenceSequence, proportionDifference } from "../../src/stats/confidence-sequence.ts";
import { normalMixtureBound, normalMixtureLogE, normalMixtureScale } from "../../src/stats/normal-mixture.ts";
import { comparisonGoldens, createChance, drawSuccesses } from "./comparison-goldens.ts";
import { present } from "./goldens.ts";

const alphas = fc.double({ min: 1e-6, max: 0.5, noNaN: true });
const variances = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const counts = fc.integer({ min: 1, max: 400 }).chain((n) => fc.nat(n).map((successes) => ({ n, successes })));

describe("the normal mixture", () => {
  it("gives confseq's published figures", () => {
    const rho = normalMixtureScale(100, 0.05);
    expect(rho).toBeCloseTo(12.60056, 5);
    expect(normalMixtureBound(100, rho, 0.05)).toBeCloseTo(30.35209, 5);
    expect(normalMixtureLogE(10, 100, rho)).toBeCloseTo(-0.6510052, 6);
  });
  it("reaches ln(1/alpha) at its boundary, and is the tightest near where it is tuned", () => {
    fc.assert(
      fc.property(variances, variances, alphas, (v, tuned, alpha) => {
        const rho = normalMixtureScale(tuned, alpha);
        const bound = normalMixtureBound(v, rho, alpha);
        expect(normalMixtureLogE(bound, v, rho)).toBeCloseTo(-Math.log(alpha), 8);
        expect(normalMixtureLogE(-bound, v, rho)).toBe(normalMixtureLogE(bound, v, rho));
        expect(normalMixtureBound(v, normalMixtureScale(v, alpha), alpha)).toBeLessThan(bound * 1.02);
      }),
    );
    const at = (v: number) =>
      normalMixtureBound(v, normalMixtureScale(1000, 0.05), 0.05) / normalMixtureBound(v, normalMixtureScale(v, 0.05), 0.05);
    expect(at(100)).toBeCloseTo(1.27, 2);
    expect(at(10_000)).toBeCloseTo(1.07, 2);
  });
  it("knows nothing at first and refuses nonsense", () => {
    expect(normalMixtureLogE(0, 0, 5)).toBe(0);
    expect(normalMixtureBound(0, 2, Math.exp(-1))).toBeCloseTo(2, 12);
    expect(() => normalMixtureScale(0, 0.05)).toThrow(RangeError);
    expect(() => normalMixtureBound(-1, 1, 0.05)).toThrow(RangeError);
    expect(() => normalMixtureBound(1, 0, 0.05)).toThrow(RangeError);
    expect(() => normalMixtureLogE(Number.NaN, 1, 1)).toThrow(RangeError);
  });
});

describe("proportionDifference", () => {
  it("is the difference of the shares with an error that is never 0", () => {
    const found = present(proportionDifference({ successes: 10, n: 100 }, { successes: 30, n: 200 }));
    expect(found.difference).toBeCloseTo(0.05, 14);
    expect(found.rows).toBe(300);
    const [p, q] = [10.5 / 101, 30.5 / 201];
    expect(found.standardError).toBeCloseTo(Math.sqrt((p * (1 - p)) / 100 + (q * (1 - q)) / 200), 14);
    expect(present(proportionDifference({ successes: 0, n: 1 }, { successes: 1, n: 1 })).standardError).toBeGreaterThan(0);
    expect(present(proportionDifference({ successes: 0, n: 50 }, { successes: 0, n: 50 })).standardError).toBeGreaterThan(0.01);
  });
  it("is large with 20 of each outcome on either side", () => {
    const isLarge = (s: number, n: number) =>
      [
        proportionDifference({ successes: 40, n: 80 }, { successes: s, n }),
        proportionDifference({ successes: s, n }, { successes: 40, n: 80 }),
      ].map((found) => present(found).isLarge);
    expect(isLarge(20, 40)).toEqual([true, true]);
    expect(isLarge(19, 40)).toEqual([false, false]);
    expect(isLarge(21, 40)).toEqual([false, false]);
  });
  it("needs rows on both sides, and whole ones", () => {
    expect(proportionDifference({ successes: 0, n: 0 }, { successes: 1, n: 2 })).toBeNull();
    expect(proportionDifference({ successes: 1, n: 2 }, { successes: 0, n: 0 })).toBeNull();
    expect(() => proportionDifference({ successes: 3, n: 2 }, { successes: 1, n: 2 })).toThrow(RangeError);
    expect(() => proportionDifference({ successes: 1, n: 2 }, { successes: 0.5, n: 2 })).toThrow(RangeError);
  });
});

describe("differenceSequence", () => {
  it("agrees with the formula as it is usually written, and its e-value", () => {
    for (const [difference, standardError, rows, alpha, tunedRows, low, high, logE] of comparisonGoldens.sequence) {
      const estimate = { difference, standardError, rows, isLarge: true };
      const found = present(differenceSequence(estimate, alpha, tunedRows));
      expect(Math.abs(found.low - low)).toBeLessThan(1e-11 * (1 + Math.abs(high - low)));
      expect(Math.abs(found.high - high)).toBeLessThan(1e-11 * (1 + Math.abs(high - low)));
      expect(Math.abs(present(differenceLogE(estimate, alpha, tunedRows)) - logE)).toBeLessThan(1e-9 * Math.max(1, Math.abs(logE)));
    }
  });
  it("gives GrowthBook's published intervals of uplifts", () => {
    const published = [
      { tuned: 5000, low: 0.40098, high: 0.60675, digits: 5 },
      { tuned: 1000, low: -0.55844, high: 1.56516, digits: 5 },
    ];
    for (const [k, { tuned, low, high, digits }] of published.entries()) {
      const [difference, standardError, rows] = present(comparisonGoldens.uplifts[k]);
      const found = present(differenceSequence({ difference, standardError, rows, isLarge: true }, 0.05, tuned));
      expect(found.low).toBeCloseTo(low, digits - 1);
      expect(found.high).toBeCloseTo(high, digits - 1);
    }
  });
  it("leaves 0 out exactly when the evidence reaches 1/alpha; mirrors; scales with the unit", () => {
    const estimates = fc.record({
      difference: fc.double({ min: -3, max: 3, noNaN: true }),
      standardError: fc.double({ min: 0.01, max: 1, noNaN: true }),
      rows: fc.integer({ min: 1, max: 1_000_000 }),
      isLarge: fc.constant(true),
    });
    fc.assert(
      fc.property(estimates, alphas, fc.integer({ min: 1, max: 1_000_000 }), (estimate, alpha, tuned) => {
        const found = present(differenceSequence(estimate, alpha, tuned));
        const logE = present(differenceLogE(estimate, alpha, tuned));
        if (Math.abs(logE + Math.log(alpha)) > 1e-9) expect(found.low > 0 || found.high < 0).toBe(logE > -Math.log(alpha));
        const mirrored = present(differenceSequence({ ...estimate, difference: -estimate.difference }, alpha, tuned));
        expect(mirrored.low).toBe(-found.high);
        const { difference, standardError } = estimate;
        const doubled = present(
          differenceSequence({ ...estimate, difference: 2 * difference, standardError: 2 * standardError }, alpha, tuned),
        );
        expect(doubled.high).toBeCloseTo(2 * found.high, 10);
      }),
    );
  });
  it("is 1.55 times as wide as an interval for one look, where it is tuned", () => {
    const { high } = present(differenceSequence({ difference: 0, standardError: 1, rows: 5000, isLarge: true }, 0.05, 5000));
    expect(high / 1.959964).toBeCloseTo(1.55, 2);
  });
  it("has no answer where nothing has varied or too little is known, and refuses nonsense", () => {
    const estimate = { difference: 0, standardError: 0, rows: 10, isLarge: true };
    expect(differenceSequence(estimate, 0.05, 100)).toBeNull();
    expect(differenceLogE(estimate, 0.05, 100)).toBeNull();
    expect(differenceSequence({ ...estimate, standardError: 1, rows: 1 }, 0.05, 100)?.high).toBeGreaterThan(1);
    expect(differenceSequence({ ...estimate, standardError: 1, isLarge: false }, 0.05, 100)).toBeNull();
    expect(differenceLogE({ ...estimate, standardError: 1, isLarge: false }, 0.05, 100)).toBeNull();
    for (const ask of [differenceSequence, differenceLogE]) {
      expect(() => ask({ ...estimate, standardError: -1 }, 0.05, 100)).toThrow(RangeError);
      expect(() => ask({ ...estimate, rows: 0 }, 0.05, 100)).toThrow(RangeError);
      expect(() => ask({ ...estimate, difference: Infinity }, 0.05, 100)).toThrow(RangeError);
      expect(() => ask(estimate, 5, 100)).toThrow(RangeError);
      expect(() => ask(estimate, 0.05, 0)).toThrow(RangeError);
    }
  });
});

describe("alwaysValidP", () => {
  it("is one over the largest evidence", () => {
    expect(alwaysValidP(0)).toBe(1);
    expect(alwaysValidP(Math.log(20))).toBeCloseTo(0.05, 14);
    expect(() => alwaysValidP(-1)).toThrow(RangeError);
    expect(() => alwaysValidP(Number.NaN)).toThrow(RangeError);
  });
});

describe("the exact sequences of proportions", () => {
  it("agree with mpmath and confseq", () => {
    for (const [successes, n, p, alpha, tunedRows, logE] of comparisonGoldens.bernoulli)
      expect(Math.abs(bernoulliLogE({ successes, n }, p, alpha, tunedRows) - logE)).toBeLessThan(1e-8);
    expect(bernoulliLogE({ successes: 135, n: 625 }, 0.2, 0.05, 625)).toBeCloseTo(-0.6941012, 6);
    const [low, high] = present(bernoulliSequence({ successes: 700, n: 1000 }, 0.05, 100));
    // Published cut off, not rounded.
    expect(Math.abs(low - 0.651629)).toBeLessThan(1e-6);
    expect(Math.abs(high - 0.745949)).toBeLessThan(1e-6);
  });
  it("are worth 1 on average at the true rate, exactly", () => {
    const n = 12;
    let expected = 0;
    let choose = 1;
    for (let successes = 0; successes <= n; successes++) {
      expected += choose * 0.3 ** successes * 0.7 ** (n - successes) * Math.exp(bernoulliLogE({ successes, n }, 0.3, 0.05, 50));
      choose = (choose * (n - successes)) / (successes + 1);
    }
    expect(expected).toBeCloseTo(1, 12);
  });
  it("hold the share, end in [0, 1], and mirror with failures for successes", () => {
    fc.assert(
      fc.property(counts, alphas, ({ n, successes }, alpha) => {
        const [low, high] = present(bernoulliSequence({ n, successes }, alpha, 200));
        const mirrored = present(bernoulliSequence({ n, successes: n - successes }, alpha, 200));
        expect(low === 0 || low < successes / n).toBe(true);
        expect(high === 1 || high > successes / n).toBe(true);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        if (successes === 0) expect(low).toBe(0);
        if (successes === n) expect(high).toBe(1);
        expect(mirrored[0]).toBeCloseTo(1 - high, 9);
        expect(mirrored[1]).toBeCloseTo(1 - low, 9);
      }),
    );
  });
  it("make a difference that swaps sign with its sides and contains the shares' difference", () => {
    fc.assert(
      fc.property(counts, counts, (champion, challenger) => {
        const found = present(bernoulliDifferenceSequence(champion, challenger, 0.05, 400));
        const swapped = present(bernoulliDifferenceSequence(challenger, champion, 0.05, 400));
        expect(found.low).toBeCloseTo(-swapped.high, 12);
        expect(found.low).toBeLessThanOrEqual(found.difference);
        expect(found.high).toBeGreaterThanOrEqual(found.difference);
        expect(Math.max(-found.low, found.high)).toBeLessThanOrEqual(1);
        expect(found.rows).toBe(champion.n + challenger.n);
      }),
    );
  });
  it("answer for one row, which says nothing, for two, and null for none", () => {
    expect(bernoulliSequence({ successes: 1, n: 1 }, 0.05, 100)).toEqual([0, 1]);
    const [low, high] = present(bernoulliSequence({ successes: 2, n: 2 }, 0.05, 100));
    expect(bernoulliLogE({ successes: 2, n: 2 }, low, 0.05, 100)).toBeCloseTo(Math.log(20), 9);
    expect(low).toBeLessThan(0.05);
    expect(high).toBe(1);
    expect(bernoulliSequence({ successes: 0, n: 0 }, 0.05, 100)).toBeNull();
    expect(bernoulliDifferenceSequence({ successes: 0, n: 0 }, { successes: 1, n: 2 }, 0.05, 100)).toBeNull();
    expect(bernoulliLogE({ successes: 0, n: 0 }, 0.4, 0.05, 100)).toBeCloseTo(0, 12);
    expect(() => bernoulliLogE({ successes: 2, n: 1 }, 0.4, 0.05, 100)).toThrow(RangeError);
    expect(() => bernoulliLogE({ successes: 1, n: 1 }, 1, 0.05, 100)).toThrow(RangeError);
    expect(() => bernoulliSequence({ successes: 2, n: 1 }, 0.05, 100)).toThrow(RangeError);
    expect(() => bernoulliSequence({ successes: 1, n: 1 }, 0, 100)).toThrow(RangeError);
  });
  it("hand over to the sharper one when the counts allow it", () => {
    const [few, many] = [
      { successes: 19, n: 100 },
      { successes: 20, n: 100 },
    ];
    expect(proportionSequence(few, many, 0.05, 400)).toEqual(bernoulliDifferenceSequence(few, many, 0.05, 400));
    expect(proportionSequence(many, many, 0.05, 400)).toEqual(differenceSequence(present(proportionDifference(many, many)), 0.05, 400));
    expect(proportionSequence({ successes: 0, n: 0 }, many, 0.05, 400)).toBeNull();
  });
  it("keep to alpha when one side gets 5 % of the traffic and every hour is looked at from the first", () => {
    const chance = createChance(6);
    let wrong = 0;
    for (let run = 0; run < 60; run++) {
      const champion = { successes: 0, n: 0 };
      const challenger = { successes: 0, n: 0 };
      for (let hour = 0; hour < 200; hour++) {
        champion.successes += drawSuccesses(chance, 190, 0.05);
        champion.n += 190;
        challenger.successes += drawSuccesses(chance, 10, 0.05);
        challenger.n += 10;
        const { low, high } = present(proportionSequence(champion, challenger, 0.05, 20_000));
        if (low > 0 || high < 0) {
          wrong += 1;
          break;
        }
      }
    }
    // Three are allowed on average; nine would be beyond three standard deviations.
    expect(wrong).toBeLessThan(9);
  });
  it("keep their promise from the first row on, where normal limits do not hold", () => {
    const chance = createChance(2);
    let left = 0;
    for (let run = 0; run < 200; run++) {
      let successes = 0;
      let n = 0;
      for (let look = 0; look < 60; look++) {
        n += 5;
        successes += drawSuccesses(chance, 5, 0.05);
        if (bernoulliLogE({ successes, n }, 0.05, 0.05, 100) >= Math.log(20)) {
          left += 1;
          break;
        }
      }
    }
    // 10 of 200 are allowed on average; 19 would be three standard deviations more.
    expect(left).toBeLessThanOrEqual(19);
  });
});
