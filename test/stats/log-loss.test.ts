import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logLossTerm } from "../../src/stats/log-loss.ts";
import { goldens } from "./goldens.ts";

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
