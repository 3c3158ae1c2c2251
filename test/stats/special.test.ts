import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { regularizedBeta } from "../../src/stats/beta.ts";
import { logBinomialMass } from "../../src/stats/binomial-mass.ts";
import { chiSquareSf } from "../../src/stats/chi-square.ts";
import { logGamma, regularizedGammaLower, regularizedGammaUpper } from "../../src/stats/gamma.ts";
import { kolmogorovSf } from "../../src/stats/kolmogorov.ts";
import { erfc, normalCdf, normalQuantile, normalSf } from "../../src/stats/normal.ts";
import { studentTQuantile, studentTSf } from "../../src/stats/student-t.ts";
import { goldens } from "./goldens.ts";

const { special } = goldens;

describe("the normal distribution", () => {
  it("agrees with mpmath in both tails, down to 1e-296", () => {
    for (const [x, value] of special.erfc) expect(erfc(x)).toAgreeWith(value, 1e-13, x);
    for (const [z, value] of special.normalSf) {
      expect(normalSf(z)).toAgreeWith(value, 3e-13, z);
      expect(normalCdf(-z)).toAgreeWith(value, 3e-13, z);
    }
  });
  it("has a quantile that agrees with mpmath from 1e-300 on", () => {
    for (const [p, value] of special.normalQuantile) expect(normalQuantile(p)).toAgreeWith(value, 2e-15, p);
  });
  it("knows its ends and its middle", () => {
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
    expect([erfc(-Infinity), erfc(0), erfc(Infinity)]).toEqual([2, 1, 0]);
    expect([normalSf(-Infinity), normalSf(Infinity), normalCdf(Infinity)]).toEqual([1, 0, 1]);
  });
  it("inverts itself", () => {
    const depth = fc.double({ min: 0.7, max: 690, noNaN: true });
    fc.assert(
      fc.property(depth, (d) => {
        expect(normalCdf(normalQuantile(Math.exp(-d)))).toAgreeWith(Math.exp(-d), 1e-11, d);
      }),
    );
  });
});

describe("gamma and chi-square", () => {
  it("agree with mpmath, for shapes from 0.05 to a million", () => {
    for (const [x, value] of special.logGamma) expect(logGamma(x)).toAgreeWith(value, 2e-15, x);
    for (const [a, x, lower, upper] of special.regularizedGamma) {
      expect(regularizedGammaLower(a, x)).toAgreeWith(lower, 1e-12, a, x);
      expect(regularizedGammaUpper(a, x)).toAgreeWith(upper, 1e-12, a, x);
      expect(chiSquareSf(2 * x, 2 * a)).toAgreeWith(upper, 1e-12, a, x);
    }
  });
  it("reproduce the values that other JavaScript libraries miss", () => {
    expect(regularizedGammaUpper(5000, 5100)).toBeCloseTo(0.079329, 6);
    expect(regularizedGammaUpper(50000, 50250)).toBeCloseTo(0.13185, 5);
    expect(chiSquareSf(100, 10)).toAgreeWith(5.45e-17, 1e-3);
  });
  it("know the ends", () => {
    expect([chiSquareSf(0, 3), chiSquareSf(-1, 3), chiSquareSf(Infinity, 3)]).toEqual([1, 1, 0]);
    expect([regularizedGammaLower(2, 0), regularizedGammaLower(2, Infinity)]).toEqual([0, 1]);
    expect([logGamma(0), logGamma(1), logGamma(2), logGamma(Infinity)]).toEqual([Infinity, 0, 0, Infinity]);
  });
});

describe("beta and Student's t", () => {
  it("agree with mpmath", () => {
    for (const [x, a, b, value] of special.regularizedBeta) expect(regularizedBeta(x, a, b)).toAgreeWith(value, 1e-12, x, a, b);
    for (const [t, df, value] of special.studentTSf) expect(studentTSf(t, df)).toAgreeWith(value, 1e-12, t, df);
    for (const [p, df, value] of special.studentTQuantile) expect(studentTQuantile(p, df)).toAgreeWith(value, 1e-12, p, df);
  });
  it("are symmetric", () => {
    const shape = fc.double({ min: 0.1, max: 500, noNaN: true });
    // Multiples of a power of two, so that 1 - x is exact.
    const unit = fc.nat(2 ** 20).map((steps) => steps / 2 ** 20);
    fc.assert(
      fc.property(unit, shape, shape, (x, a, b) => {
        expect(regularizedBeta(x, a, b) + regularizedBeta(1 - x, b, a)).toBeCloseTo(1, 10);
      }),
    );
    expect(studentTSf(-2, 5) + studentTSf(2, 5)).toBeCloseTo(1, 15);
    expect(studentTQuantile(0.975, 9)).toBe(-studentTQuantile(1 - 0.975, 9));
  });
  it("become the normal distribution, and know the ends", () => {
    expect(studentTSf(3, 1e12)).toAgreeWith(normalSf(3), 1e-10);
    expect(studentTSf(2, Infinity)).toBe(normalSf(2));
    expect(studentTQuantile(0.025, Infinity)).toBe(normalQuantile(0.025));
    expect([studentTSf(0, 4), studentTSf(Infinity, 4), studentTSf(-Infinity, 4)]).toEqual([0.5, 0, 1]);
    expect([0, 0.5, 1].map((p) => studentTQuantile(p, 4))).toEqual([-Infinity, 0, Infinity]);
    expect(studentTQuantile(1e-300, 0.5)).toBe(-Infinity);
    expect([regularizedBeta(0, 2, 3), regularizedBeta(1, 2, 3)]).toEqual([0, 1]);
  });
});

describe("Kolmogorov's limit", () => {
  it("agrees with mpmath on both sides of the switch between its series", () => {
    for (const [x, value] of special.kolmogorovSf) expect(kolmogorovSf(x)).toAgreeWith(value, 2e-14, x);
  });
  it("reproduces the published values", () => {
    expect(kolmogorovSf(0.5)).toAgreeWith(0.9639452436648751, 1e-14);
    expect(kolmogorovSf(1)).toAgreeWith(0.26999967167735456, 1e-14);
    expect(kolmogorovSf(1.36)).toAgreeWith(0.049485876755377876, 1e-14);
    expect(kolmogorovSf(2)).toAgreeWith(0.0006709252557796953, 1e-14);
    expect(kolmogorovSf(5)).toAgreeWith(3.8574996959278356e-22, 1e-14);
  });
  it("knows the ends", () => expect([kolmogorovSf(-1), kolmogorovSf(0), kolmogorovSf(Infinity)]).toEqual([1, 1, 0]));
});

describe("the binomial mass", () => {
  it("sums to one and knows impossible events", () => {
    const masses = Array.from({ length: 31 }, (_, k) => Math.exp(logBinomialMass(k, 30 - k, 0.3, 0.7)));
    expect(masses.reduce((sum, mass) => sum + mass)).toBeCloseTo(1, 14);
    expect(logBinomialMass(1, 3, 0, 1)).toBe(-Infinity);
    expect(logBinomialMass(4, 0, 1, 0)).toBe(0);
    expect(logBinomialMass(0, 1e6, 1e-12, 1 - 1e-12)).toAgreeWith(-1e-6, 1e-9);
  });
});

describe("arguments outside the domain", () => {
  it.each([
    ["erfc(NaN)", () => erfc(Number.NaN)],
    ["normalQuantile(1.5)", () => normalQuantile(1.5)],
    ["logGamma(-1)", () => logGamma(-1)],
    ["Q(0, 1)", () => regularizedGammaUpper(0, 1)],
    ["Q(1, -1)", () => regularizedGammaUpper(1, -1)],
    ["chiSquareSf(1, 0)", () => chiSquareSf(1, 0)],
    ["chiSquareSf(NaN, 2)", () => chiSquareSf(Number.NaN, 2)],
    ["I_2(1, 1)", () => regularizedBeta(2, 1, 1)],
    ["I_.5(0, 1)", () => regularizedBeta(0.5, 0, 1)],
    ["studentTSf(NaN, 3)", () => studentTSf(Number.NaN, 3)],
    ["studentTSf(1, -3)", () => studentTSf(1, -3)],
    ["kolmogorovSf(NaN)", () => kolmogorovSf(Number.NaN)],
  ])("%s throws", (_, call) => expect(call).toThrow(RangeError));
});
