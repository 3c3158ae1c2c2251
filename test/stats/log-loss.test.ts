import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logLossFromSums, logLossTerm, type LossSums } from "../../src/stats/log-loss.ts";
import { goldens, present } from "./goldens.ts";

function sums(terms: readonly number[]): LossSums {
  return {
    n: terms.length,
    sum: terms.reduce((total, term) => total + term, 0),
    sumOfSquares: terms.reduce((total, term) => total + term * term, 0),
  };
}

describe("logLossTerm", () => {
  it("agrees with scikit-learn, clipping included", () => {
    for (const [score, positive, value] of goldens.logLoss.terms)
      expect(logLossTerm(score, positive)).toAgreeWith(value, 1e-14, score, positive);
  });
  it("is finite and positive for every score", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (score, positive) => {
        expect(logLossTerm(score, positive)).toBeGreaterThan(0);
        expect(logLossTerm(score, positive)).toBeLessThan(36.05);
      }),
    );
    expect(() => logLossTerm(1.2, true)).toThrow(RangeError);
    expect(() => logLossTerm(Number.NaN, true)).toThrow(RangeError);
  });
});

describe("logLossFromSums", () => {
  it("agrees with scikit-learn's mean and SciPy's t interval", () => {
    const { each, value, ci } = goldens.logLoss.sample;
    const found = present(logLossFromSums(sums(each), 0.95));
    expect(found.value).toAgreeWith(value, 1e-12);
    expect(present(found.ci)[0]).toAgreeWith(ci[0], 1e-10);
    expect(present(found.ci)[1]).toAgreeWith(ci[1], 1e-10);
  });
  it("merges by adding", () => {
    const { each } = goldens.logLoss.sample;
    const [a, b] = [sums(each.slice(0, 70)), sums(each.slice(70))];
    const merged = {
      n: a.n + b.n,
      sum: a.sum + b.sum,
      sumOfSquares: a.sumOfSquares + b.sumOfSquares,
    };
    expect(present(logLossFromSums(merged, 0.9)).value).toAgreeWith(present(logLossFromSums(sums(each), 0.9)).value, 1e-13);
  });
  it("answers as far as rows allow", () => {
    expect(logLossFromSums(sums([]), 0.95)).toBeNull();
    expect(logLossFromSums(sums([0.7]), 0.95)).toEqual({ value: 0.7, ci: null });
    expect(present(present(logLossFromSums(sums([0.1, 0.9]), 0.95)).ci)[0]).toBe(0);
    expect(logLossFromSums(sums([0.5, 0.5, 0.5, 0.5]), 0.95)).toEqual({
      value: 0.5,
      ci: [0.5, 0.5],
    });
    expect(logLossFromSums({ n: 3, sum: 0, sumOfSquares: 0 }, 0.95)).toEqual({
      value: 0,
      ci: [0, 0],
    });
    expect(() => logLossFromSums({ n: 2.5, sum: 1, sumOfSquares: 1 }, 0.95)).toThrow(RangeError);
    expect(() => logLossFromSums({ n: 2, sum: Number.NaN, sumOfSquares: 1 }, 0.95)).toThrow(RangeError);
  });
});
