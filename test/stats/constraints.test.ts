import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { excessPValue } from "../../src/stats/excess-p-value.ts";
import { rangeReach } from "../../src/stats/range-reach.ts";
import { chaoRichness } from "../../src/stats/richness.ts";
import { shareUpperBound } from "../../src/stats/share-upper-bound.ts";
import { present } from "./goldens.ts";

type Share = [successes: number, n: number, at: number, answer: number];
const goldens = JSON.parse(readFileSync(new URL("./constraint-goldens.json", import.meta.url), "utf8")) as {
  tails: Share[];
  bounds: Share[];
  reach: [n: number, chance: number][];
};
const sample = fc.integer({ min: 1, max: 400 }).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));

describe("excessPValue", () => {
  it("agrees with SciPy's binomial tail", () => {
    expect(goldens.tails.length).toBeGreaterThan(150);
    for (const [s, n, limit, tail] of goldens.tails) {
      // Both are nothing, where one of them is.
      if (tail < 1e-300) expect(excessPValue(s, n, limit)).toBeLessThan(1e-290);
      else expect(excessPValue(s, n, limit)).toAgreeWith(tail, 1e-9, s, n, limit);
    }
  });
  it("says 1 of no successes, 0 of any where none may be, nothing without rows, and refuses nonsense", () => {
    expect(excessPValue(0, 7, 0)).toBe(1);
    expect(excessPValue(1, 1, 0)).toBe(0);
    expect(excessPValue(2, 2, 1)).toBe(1);
    expect(excessPValue(1, 2, 0.5)).toBeCloseTo(0.75, 12);
    expect(excessPValue(0, 0, 0.5)).toBeNull();
    expect(() => excessPValue(3, 2, 0.5)).toThrow(RangeError);
    expect(() => excessPValue(1, 2, 5)).toThrow(RangeError);
  });
});

describe("shareUpperBound", () => {
  it("agrees with Clopper and Pearson's interval", () => {
    expect(goldens.bounds.length).toBeGreaterThan(40);
    for (const [s, n, confidence, bound] of goldens.bounds)
      expect(shareUpperBound(s, n, confidence)).toAgreeWith(bound, 1e-9, s, n, confidence);
  });
  it("is the share at which so few are as likely as it says", () => {
    fc.assert(
      fc.property(sample, ([s, n]) => {
        const bound = present(shareUpperBound(s, n, 0.999));
        expect(bound).toBeGreaterThan(s / n - 1e-12);
        if (s < n) expect(present(excessPValue(s + 1, n, bound))).toBeCloseTo(0.999, 9);
      }),
    );
  });
  it("answers nothing without rows, 1 where all are successes, and refuses nonsense", () => {
    expect(shareUpperBound(0, 0, 0.9)).toBeNull();
    expect(shareUpperBound(1, 1, 0.9)).toBe(1);
    expect(shareUpperBound(0, 1, 0.9)).toBeCloseTo(0.9, 12);
    expect(shareUpperBound(0, 2, 0.75)).toBeCloseTo(0.5, 12);
    expect(() => shareUpperBound(2, 1, 0.9)).toThrow(RangeError);
    expect(() => shareUpperBound(0, 1, 95)).toThrow(RangeError);
  });
});

describe("rangeReach", () => {
  it("is exceeded by exponential values as often as it says", () => {
    for (const [n, chance] of goldens.reach) {
      expect(chance).toBeCloseTo(20 / ((n + 1) * (n + 2)), 5);
      // Over the quantiles of the largest of n.
      const steps = 200_000;
      let sum = 0;
      for (let step = 0; step < steps; step += 1) {
        const largest = -Math.log1p(-(((step + 0.5) / steps) ** (1 / n)));
        sum += Math.min(1, Math.exp(-rangeReach(largest, Math.LN10)));
      }
      expect(sum / steps / chance).toBeCloseTo(1, 3);
    }
  });
  it("goes either way, and stays where the extreme is the decile", () => {
    expect(rangeReach(10, 7)).toBe(13);
    expect(rangeReach(-10, -7)).toBe(-13);
    expect(rangeReach(4, 4)).toBe(4);
  });
});

describe("chaoRichness", () => {
  it("is Chao's bias-corrected estimate", () => {
    expect(chaoRichness(10, 4, 1)).toBe(13);
    expect(chaoRichness(0, 0, 0)).toBe(0);
    expect(chaoRichness(1, 1, 0)).toBe(1);
    expect(chaoRichness(2, 2, 0)).toBe(3);
    expect(chaoRichness(5, 0, 5)).toBe(5);
    expect(() => chaoRichness(1, 1, 1)).toThrow(RangeError);
  });
  it("is never fewer than were seen, and finds how many equally rare ones there are", () => {
    fc.assert(fc.property(fc.nat(99), fc.nat(99), fc.nat(99), (a, b, c) => chaoRichness(a + b + c, a, b) >= a + b + c));
    // 1,000 texts, of which each is met as a Poisson variable of mean 1: 368 once, 184 twice, 632 at all.
    expect(chaoRichness(632, 368, 184)).toBeCloseTo(1_000, -1);
  });
});
