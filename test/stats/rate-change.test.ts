import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alwaysValidP } from "../../src/stats/confidence-sequence.ts";
import { rateChangeStart, rateChangeStep, type RateChangeState } from "../../src/stats/rate-change.ts";
import { comparisonGoldens, createChance, drawSuccesses } from "./comparison-goldens.ts";
import { present } from "./goldens.ts";

const NEVER = 1e-300;

describe("rateChangeStep", () => {
  it("agrees with the sum over every beginning and alternative", () => {
    for (const { low, high, buckets, logE } of comparisonGoldens.rateChange) {
      let state = rateChangeStart();
      let largest = 0;
      for (const [at, [successes, n]] of buckets.entries()) {
        state = rateChangeStep(state, { at, n, successes }, { low, high }, NEVER).state;
        largest = Math.max(largest, present(logE[at]));
        expect(state.maxLogE).toBeCloseTo(largest, 9);
      }
    }
  });
  it("is worth 1 on average where the rate is the usual one: exactly, after any two buckets", () => {
    const usual = { low: 0.3, high: 0.3 };
    const mass = [0.7 ** 2, 2 * 0.3 * 0.7, 0.3 ** 2];
    let expected = 0;
    for (const [a, p] of mass.entries())
      for (const [b, q] of mass.entries()) {
        const first = rateChangeStep(rateChangeStart(), { at: 0, n: 2, successes: a }, usual, NEVER).state;
        const forgotten = { ...first, maxLogE: -Infinity };
        expected += p * q * Math.exp(rateChangeStep(forgotten, { at: 1, n: 2, successes: b }, usual, NEVER).state.maxLogE);
      }
    expect(expected).toBeCloseTo(1, 12);
  });
  it("finds changes either way, where they began, and starts anew", () => {
    for (const [after, direction] of [
      [0.2, "up"],
      [0.04, "down"],
    ] as const) {
      let state = rateChangeStart();
      let told: { since: number; direction: string; at: number } | null = null;
      for (let at = 0; told === null; at++) {
        const rate = at < 100 ? 0.1 : after;
        const step = rateChangeStep(state, { at, n: 100, successes: 100 * rate }, { low: 0.09, high: 0.11 }, 0.01);
        state = step.state;
        if (step.change !== null) told = { ...step.change, at };
      }
      expect(told.direction).toBe(direction);
      expect(told.since).toBe(100);
      expect(told.at).toBeLessThan(120);
      expect(state).toEqual({ ...rateChangeStart(), last: told.at });
    }
  });
  it("alarms at most as often as it promises in runs of single rows, at either end of the usual range", () => {
    const chance = createChance(3);
    let alarms = 0;
    for (let run = 0; run < 300; run++) {
      let state = rateChangeStart();
      for (let at = 0; at < 400; at++) {
        const step = rateChangeStep(
          state,
          { at, n: 1, successes: chance() < (run % 2 === 0 ? 0.1 : 0.2) ? 1 : 0 },
          { low: 0.1, high: 0.2 },
          0.05,
        );
        state = step.state;
        if (step.change !== null) {
          alarms += 1;
          break;
        }
      }
    }
    // 15 are allowed on average; 27 would be three standard deviations more.
    expect(alarms).toBeLessThan(27);
  });
  it("is quiet on errors in buckets of 100, and finds half more of them", () => {
    const chance = createChance(5);
    const run = (rates: readonly number[]): number | null => {
      let state = rateChangeStart();
      for (const [at, rate] of rates.entries()) {
        const step = rateChangeStep(state, { at, n: 100, successes: drawSuccesses(chance, 100, rate) }, { low: 0.1, high: 0.1 }, 0.01);
        state = step.state;
        if (step.change !== null) return at;
      }
      return null;
    };
    const still = Array.from({ length: 100 }, () => run(Array.from({ length: 200 }, () => 0.1)));
    expect(still.filter((at) => at !== null).length).toBeLessThanOrEqual(4);
    const shifted = Array.from({ length: 60 }, () => run(Array.from({ length: 100 }, (_, at) => (at < 50 ? 0.1 : 0.15))));
    expect(shifted.filter((at) => at !== null && at >= 50).length).toBeGreaterThanOrEqual(57);
  });
  it("survives JSON, leaves the old state alone, and passes by buckets without rows", () => {
    const bucket = fc.integer({ min: 0, max: 30 }).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));
    fc.assert(
      fc.property(fc.array(bucket, { maxLength: 30 }), (buckets) => {
        let state = rateChangeStart();
        let withoutEmpty = rateChangeStart();
        for (const [at, [successes, n]] of buckets.entries()) {
          const before = JSON.stringify(state);
          const restored = JSON.parse(before) as RateChangeState;
          const step = rateChangeStep(state, { at, n, successes }, { low: 0.2, high: 0.4 }, 0.001);
          expect(JSON.stringify(state)).toBe(before);
          expect(rateChangeStep(restored, { at, n, successes }, { low: 0.2, high: 0.4 }, 0.001)).toEqual(step);
          state = step.state;
          if (n > 0) withoutEmpty = rateChangeStep(withoutEmpty, { at, n, successes }, { low: 0.2, high: 0.4 }, 0.001).state;
        }
        expect({ ...state, last: null }).toEqual({ ...withoutEmpty, last: null });
        expect(alwaysValidP(state.maxLogE)).toBeGreaterThan(0.001);
      }),
    );
  });
  it("survives enormous buckets", () => {
    const step = rateChangeStep(rateChangeStart(), { at: 0, n: 1e9, successes: 9e8 }, { low: 0.1, high: 0.1 }, 0.01);
    expect(step.change).toEqual({ since: 0, direction: "up" });
    const same = rateChangeStep(rateChangeStart(), { at: 0, n: 1e9, successes: 1e8 }, { low: 0.1, high: 0.1 }, 0.01);
    expect(same.change).toBeNull();
  });
  it("refuses nonsense", () => {
    const step =
      (bucket: object, usual: object = {}, alpha = 0.01) =>
      () =>
        rateChangeStep(
          { ...rateChangeStart(), last: 0 },
          { at: 1, n: 2, successes: 1, ...bucket },
          { low: 0.1, high: 0.2, ...usual },
          alpha,
        );
    expect(step({})().change).toBeNull();
    for (const wrong of [step({ at: 0 }), step({ n: 0.5 }), step({ successes: 3 }), step({ successes: -1 }), step({}, { low: 0 })])
      expect(wrong).toThrow(RangeError);
    for (const wrong of [step({}, { high: 1 }), step({}, { low: 0.3 }), step({}, {}, 0), step({}, {}, 1)])
      expect(wrong).toThrow(RangeError);
  });
});
