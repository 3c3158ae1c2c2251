import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aucFromBins, SCORE_BINS, scoreBin } from "../../src/stats/auc.ts";
import { goldens, present } from "./goldens.ts";

const bins = fc.integer({ min: 2, max: 15 }).chain((length) => {
  const counts = fc
    .array(fc.nat(30), { minLength: length, maxLength: length })
    .filter((list) => list.reduce((sum, count) => sum + count, 0) >= 2);
  return fc.record({ positives: counts, negatives: counts });
});

describe("scoreBin", () => {
  it("gives exactly 0 and exactly 1 bins of their own", () => {
    expect([0, 5e-324, 1e-8, 0.5, 1 - 1e-9, 1 - 2 ** -53, 1].map(scoreBin)).toEqual([0, 1, 1, 501, 1000, 1000, 1001]);
    expect(SCORE_BINS).toBe(1002);
    expect(scoreBin(-0)).toBe(0);
  });
  it("follows the documented formula and ascends with the score", () => {
    const score = fc.double({ min: 0, max: 1, noNaN: true });
    const inner = fc.double({ min: 1.2e-7, max: 0.99999988, noNaN: true });
    fc.assert(
      fc.property(score, score, inner, (a, b, s) => {
        expect(scoreBin(Math.min(a, b))).toBeLessThanOrEqual(scoreBin(Math.max(a, b)));
        expect(scoreBin(s)).toBe(1 + Math.floor(((Math.log(s / (1 - s)) + 16) / 32) * 1000));
      }),
    );
  });
  it("refuses what is no score", () => {
    for (const score of [-0.1, 1.1, Number.NaN]) expect(() => scoreBin(score)).toThrow(RangeError);
  });
});

describe("aucFromBins", () => {
  it("agrees with scikit-learn and with DeLong written out pair by pair", () => {
    for (const { positives, negatives, value, standardError } of goldens.auc.binned) {
      const found = present(aucFromBins(positives, negatives, 0.95));
      expect(found.value).toAgreeWith(value, 1e-12);
      expect(present(found.standardError)).toAgreeWith(standardError, 1e-10);
    }
  });
  it("comes within its bound of the area of unbinned scores", () => {
    const { scores, labels, value } = goldens.auc.unbinned;
    const positives = Array.from({ length: SCORE_BINS }, () => 0);
    const negatives = Array.from({ length: SCORE_BINS }, () => 0);
    for (const [i, score] of scores.entries()) {
      const counts = labels[i] === true ? positives : negatives;
      counts[scoreBin(score)] = present(counts[scoreBin(score)]) + 1;
    }
    const found = present(aucFromBins(positives, negatives, 0.95));
    expect(Math.abs(found.value - value)).toBeLessThanOrEqual(found.errorBound);
    expect(Math.abs(found.value - value)).toBeLessThan(5e-4);
  });
  it("takes the complement when scores are reversed or classes swapped", () => {
    fc.assert(
      fc.property(bins, ({ positives, negatives }) => {
        const found = present(aucFromBins(positives, negatives, 0.9));
        for (const other of [aucFromBins(negatives, positives, 0.9), aucFromBins(positives.toReversed(), negatives.toReversed(), 0.9)]) {
          const mirrored = present(other);
          expect(mirrored.value).toBeCloseTo(1 - found.value, 12);
          expect(mirrored.standardError).toBeCloseTo(present(found.standardError), 12);
          expect(present(mirrored.ci)[0]).toBeCloseTo(1 - present(found.ci)[1], 10);
        }
      }),
    );
  });
  it("has an interval around the value, inside [0, 1]", () => {
    fc.assert(
      fc.property(bins, ({ positives, negatives }) => {
        const { value, ci } = present(aucFromBins(positives, negatives, 0.95));
        const [low, high] = present(ci);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(value + 1e-12);
        expect(high).toBeGreaterThanOrEqual(value - 1e-12);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });
  it("does not call perfect separation certain", () => {
    const found = present(aucFromBins([0, 10], [40, 0], 0.95));
    expect(found.value).toBe(1);
    expect(found.standardError).toBe(0);
    expect(found.ci).toEqual([0.025 ** (1 / 10), 1]);
    expect(present(aucFromBins([10, 0], [0, 40], 0.95)).ci).toEqual([0, 1 - 0.025 ** (1 / 10)]);
  });
  it("names a constant score one half, with all of it in doubt", () => {
    expect(aucFromBins([7], [9], 0.95)).toEqual({
      value: 0.5,
      errorBound: 0.5,
      standardError: 0,
      ci: [0.5, 0.5],
    });
  });
  it("has no answer without both classes, and no interval for a single row of one", () => {
    expect(aucFromBins([0, 0], [1, 1], 0.95)).toBeNull();
    expect(aucFromBins([1, 1], [0, 0], 0.95)).toBeNull();
    expect(aucFromBins([], [], 0.95)).toBeNull();
    expect(aucFromBins([0, 1], [5, 5], 0.95)).toEqual({
      value: 0.75,
      errorBound: 0.25,
      standardError: null,
      ci: null,
    });
    expect(() => aucFromBins([1], [1, 2], 0.95)).toThrow(RangeError);
    expect(() => aucFromBins([1, 2], [1, 2], 0)).toThrow(RangeError);
  });
});
