import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { increasePValue, newcombeInterval, twoProportionTest, wilsonInterval } from "../../src/stats/proportion.ts";
import { goldens, present } from "./goldens.ts";

const sample = fc.integer({ min: 1, max: 300 }).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));

const increases = JSON.parse(readFileSync(new URL("./increase-goldens.json", import.meta.url), "utf8")) as {
  cases: [s: number, n: number, t: number, m: number, midP: number][];
};

describe("increasePValue", () => {
  it("agrees with SciPy's hypergeometric", () => {
    expect(increases.cases.length).toBeGreaterThan(60);
    for (const [s, n, t, m, midP] of increases.cases) expect(increasePValue(s, n, t, m)).toAgreeWith(midP, 1e-7, s, n, t, m);
  });
  it("adds up to 1 with that of a decrease, and falls as successes rise", () => {
    const size = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(size, size, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (n, m, p, q) => {
        const [s, t] = [Math.round(p * n), Math.round(q * m)];
        const found = present(increasePValue(s, n, t, m));
        expect(found + present(increasePValue(n - s, n, m - t, m))).toBeCloseTo(1, 9);
        if (t < m) expect(present(increasePValue(s, n, t + 1, m))).toBeLessThanOrEqual(found + 1e-12);
      }),
    );
  });
  it("says one half where nothing could differ, nothing without rows, and refuses nonsense", () => {
    expect(increasePValue(0, 5, 0, 3)).toBe(0.5);
    expect(increasePValue(5, 5, 3, 3)).toBe(0.5);
    expect(increasePValue(0, 1, 1, 1)).toBe(0.25);
    expect(increasePValue(0, 2, 0, 1)).toBe(0.5);
    expect(increasePValue(0, 0, 1, 2)).toBeNull();
    expect(increasePValue(1, 2, 0, 0)).toBeNull();
    expect(() => increasePValue(3, 2, 1, 2)).toThrow(RangeError);
    expect(() => increasePValue(1, 2, 1.5, 2)).toThrow(RangeError);
  });
});

describe("twoProportionTest", () => {
  it("agrees with whole-number arithmetic (Fisher) and mpmath (z)", () => {
    for (const [s, n, t, m, pValue, pValueIncrease, method] of goldens.proportion.test) {
      const found = present(twoProportionTest(s, n, t, m));
      expect(found.method).toBe(method);
      expect(found.difference).toBeCloseTo(t / m - s / n, 15);
      expect(found.pValue).toAgreeWith(pValue, 1e-12, s, n, t, m);
      expect(found.pValueIncrease).toAgreeWith(pValueIncrease, 1e-12, s, n, t, m);
    }
  });
  it("keeps digits far out", () => {
    expect(present(twoProportionTest(10_000, 100_000, 16_000, 100_000)).pValue).toBeLessThan(1e-300);
    const fisher = present(twoProportionTest(0, 1_000_000, 60, 50_000));
    expect(fisher.method).toBe("fisher");
    expect(fisher.pValue).toBeGreaterThan(1e-90);
    expect(fisher.pValue).toBeLessThan(1e-70);
  });
  it("answers 1 when nothing varies, and null without rows", () => {
    const same = { difference: 0, pValue: 1, pValueIncrease: 1, method: "fisher" };
    expect(twoProportionTest(0, 1000, 0, 500)).toEqual(same);
    expect(twoProportionTest(1000, 1000, 500, 500)).toEqual(same);
    expect(twoProportionTest(0, 1, 0, 1)).toEqual(same);
    expect(twoProportionTest(0, 0, 1, 2)).toBeNull();
    expect(twoProportionTest(1, 2, 0, 0)).toBeNull();
  });
  it("answers for one row against one", () => {
    expect(twoProportionTest(0, 1, 1, 1)).toEqual({
      difference: 1,
      pValue: 1,
      pValueIncrease: 0.5,
      method: "fisher",
    });
  });
  it("gives p-values in [0, 1], the same two-sided one with sides swapped or with failures for successes", () => {
    fc.assert(
      fc.property(sample, sample, ([s, n], [t, m]) => {
        const found = present(twoProportionTest(s, n, t, m));
        expect(found.pValue).toBeGreaterThan(0);
        expect(found.pValue).toBeLessThanOrEqual(1);
        expect(found.pValueIncrease).toBeLessThanOrEqual(1);
        expect(present(twoProportionTest(t, m, s, n)).pValue).toAgreeWith(found.pValue, 1e-9, s, n, t, m);
        expect(present(twoProportionTest(n - s, n, m - t, m)).pValue).toAgreeWith(found.pValue, 1e-9, s, n, t, m);
      }),
    );
  });
  it("refuses nonsense", () => {
    expect(() => twoProportionTest(3, 2, 1, 2)).toThrow(RangeError);
    expect(() => twoProportionTest(0.5, 2, 1, 2)).toThrow(RangeError);
    expect(() => twoProportionTest(-1, 2, 1, 2)).toThrow(RangeError);
  });
});

describe("wilsonInterval", () => {
  it("agrees with statsmodels and R", () => {
    for (const [s, n, confidence, low, high] of goldens.proportion.wilson) {
      const [foundLow, foundHigh] = present(wilsonInterval(s, n, confidence));
      expect(foundLow).toBeCloseTo(low, 13);
      expect(foundHigh).toBeCloseTo(high, 13);
    }
    const [low, high] = present(wilsonInterval(100, 200, 0.95));
    expect([low, high].map((end) => end.toFixed(7))).toEqual(["0.4313609", "0.5686391"]);
  });
  it("contains the proportion, reaches the ends only there, mirrors, and never has width 0", () => {
    fc.assert(
      fc.property(sample, ([s, n]) => {
        const [low, high] = present(wilsonInterval(s, n, 0.9));
        const mirrored = present(wilsonInterval(n - s, n, 0.9));
        expect(low === 0).toBe(s === 0);
        expect(high === 1).toBe(s === n);
        expect(low).toBeLessThanOrEqual(s / n);
        expect(high).toBeGreaterThanOrEqual(s / n);
        expect(high - low).toBeGreaterThan(0);
        expect(mirrored[0]).toBeCloseTo(1 - high, 12);
      }),
    );
  });
  it("needs rows and a sane confidence", () => {
    expect(wilsonInterval(0, 0, 0.95)).toBeNull();
    expect(() => wilsonInterval(1, 2, 95)).toThrow(RangeError);
    expect(() => wilsonInterval(3, 2, 0.95)).toThrow(RangeError);
  });
});

describe("newcombeInterval", () => {
  it("agrees with statsmodels and the published examples", () => {
    for (const [s, n, t, m, confidence, low, high] of goldens.proportion.newcombe) {
      const [foundLow, foundHigh] = present(newcombeInterval(s, n, t, m, confidence));
      expect(foundLow).toBeCloseTo(low, 10);
      expect(foundHigh).toBeCloseTo(high, 10);
    }
    expect(present(newcombeInterval(1, 34, 7, 34, 0.95)).map((end) => end.toFixed(7))).toEqual(["0.0189214", "0.3403687"]);
    expect(present(newcombeInterval(48, 80, 56, 70, 0.95)).map((end) => end.toFixed(7))).toEqual(["0.0524315", "0.3338727"]);
  });
  it("contains the difference and stays in [-1, 1]", () => {
    fc.assert(
      fc.property(sample, sample, ([s, n], [t, m]) => {
        const [low, high] = present(newcombeInterval(s, n, t, m, 0.95));
        expect(low).toBeLessThanOrEqual(t / m - s / n);
        expect(high).toBeGreaterThanOrEqual(t / m - s / n);
        expect(low).toBeGreaterThanOrEqual(-1);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
    expect(newcombeInterval(0, 0, 1, 2, 0.95)).toBeNull();
    expect(newcombeInterval(1, 2, 0, 0, 0.95)).toBeNull();
  });
});
