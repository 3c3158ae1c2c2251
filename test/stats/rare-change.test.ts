import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largestChangePValue } from "../../src/stats/largest-change.ts";
import { psiPValue } from "../../src/stats/psi.ts";
import { orRareChange } from "../../src/stats/rare-change.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts, histogramPairs, nullShares } from "./histogram-drift.ts";

const psiOrRare = (reference: readonly number[], current: readonly number[]) =>
  orRareChange(psiPValue(reference, current), reference, current);

describe("orRareChange", () => {
  it("sees a rare category that another one took the place of", () => {
    const reference = [18_000, 2_000, 0];
    const renamed = [180, 0, 20];
    expect(present(psiPValue(reference, renamed))).toBeGreaterThan(0.5);
    expect(present(psiOrRare(reference, renamed))).toBeLessThan(1e-3);
  });
  it("sees a category beside one that was alone, where joining leaves nothing to test", () => {
    expect(psiPValue([20_000, 0], [160, 40])).toBeNull();
    expect(present(psiOrRare([20_000, 0], [160, 40]))).toBeLessThan(1e-6);
    expect(psiOrRare([20_000, 0], [160, 40])).toBe(largestChangePValue([20_000, 0], [160, 40]));
  });
  it("leaves a p-value as it is where no bin is rare", () => {
    expect(orRareChange(0.123, [500, 500], [60, 40])).toBe(0.123);
  });
  it("pays for two looks where one is", () => {
    expect(orRareChange(0.001, [5_000, 5_000, 1], [50, 50, 0])).toBe(0.002);
  });
  it("is 1 where all rows lie in one bin, and has no answer without rows or bins", () => {
    expect(orRareChange(null, [40, 0], [7, 0])).toBe(1);
    expect(orRareChange(null, [0, 0], [1, 2])).toBeNull();
    expect(orRareChange(null, [1, 2], [0, 0])).toBeNull();
    expect(orRareChange(null, [4], [4])).toBeNull();
    expect(orRareChange(null, [], [])).toBeNull();
  });
  it("answers for one and two rows", () => {
    expect(orRareChange(null, [1, 0], [0, 1])).toBe(1);
    expect(present(orRareChange(null, [2, 0], [0, 2]))).toBeGreaterThan(0.3);
  });
  it("refuses nonsense", () => {
    expect(() => orRareChange(null, [1], [1, 2])).toThrow(RangeError);
    expect(() => orRareChange(null, [1, 2.5], [1, 2])).toThrow(RangeError);
  });
  it("is a probability, and at most twice the p-value it was given", () => {
    fc.assert(
      fc.property(histogramPairs, fc.double({ min: 0, max: 1, noNaN: true }), ({ reference, current }, pValue) => {
        const found = present(orRareChange(pValue, reference, current));
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(1);
        const occupied = reference.filter((count, bin) => count + (current[bin] ?? 0) > 0).length;
        if (occupied > 1) expect(found).toBeLessThanOrEqual(2 * pValue);
      }),
    );
  });
  it("keeps the false alarms of PSI to the nominal rate, rare bins included", () => {
    for (const [name, shares] of Object.entries(nullShares)) {
      const random = mulberry32(shares.length);
      const runs = 1_000;
      let below = 0;
      for (let run = 0; run < runs; run += 1) {
        if (present(psiOrRare(drawCounts(shares, 5_000, random), drawCounts(shares, 100, random))) <= 0.05) below += 1;
      }
      expect(below / runs, name).toBeLessThan(0.075);
    }
  });
});
