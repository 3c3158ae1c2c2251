import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scoreBin, SCORE_BINS } from "../../src/stats/auc.ts";
import { averagePrecision } from "../../src/stats/average-precision.ts";
import { binaryRates, confusionAtBin, outcomeValue, scoreBinStart } from "../../src/stats/binary-threshold.ts";
import { accuracy, f1, precision, recall } from "../../src/stats/confusion.ts";
import { unweighted, type ScoredRows } from "../../src/stats/weighted-rows.ts";
import { present } from "./goldens.ts";
import { counts, holds, logistic, performanceGoldens, seeded, tally, zeros } from "./performance-goldens.ts";

const plain = (positives: number[], negatives: number[]): ScoredRows => ({
  positives: unweighted(positives),
  negatives: unweighted(negatives),
});
const one = (rows: number) => ({ sum: rows, square: rows });
const histograms = fc
  .integer({ min: 1, max: 12 })
  .chain((bins) =>
    fc.tuple(fc.array(fc.nat(40), { minLength: bins, maxLength: bins }), fc.array(fc.nat(40), { minLength: bins, maxLength: bins })),
  );

describe("scoreBinStart", () => {
  it("is the least score of its bin", () => {
    expect(scoreBinStart(0)).toBe(0);
    expect(scoreBinStart(SCORE_BINS - 1)).toBe(1);
    expect(scoreBinStart(501)).toBe(0.5);
    for (let bin = 2; bin < SCORE_BINS - 1; bin += 1) {
      const logOdds = -16 + 0.032 * (bin - 1);
      expect(scoreBin(logistic(logOdds + 1e-7))).toBe(bin);
      expect(scoreBin(logistic(logOdds - 1e-7))).toBe(bin - 1);
      expect(scoreBinStart(bin)).toBeCloseTo(logistic(logOdds), 14);
    }
  });
  it("refuses nonsense", () => {
    for (const bin of [-1, 0.5, SCORE_BINS]) expect(() => scoreBinStart(bin)).toThrow(RangeError);
  });
});

describe("confusionAtBin and binaryRates", () => {
  it("cut at the bin, itself included", () => {
    const table = confusionAtBin(plain([1, 2, 3], [10, 20, 30]), 1);
    expect(table).toEqual({ tp: one(5), fp: one(50), fn: one(1), tn: one(10) });
    expect(confusionAtBin(plain([1, 2], [3, 4]), 0)).toMatchObject({ fn: one(0), tn: one(0) });
    expect(confusionAtBin(plain([1, 2], [3, 4]), 2)).toMatchObject({ tp: one(0), fp: one(0) });
    expect(confusionAtBin(plain([], []), 0)).toEqual({ tp: one(0), fp: one(0), fn: one(0), tn: one(0) });
  });
  it("are those of confusion.ts without weights, and of merged parts", () => {
    fc.assert(
      fc.property(histograms, fc.nat(12), ([positives, negatives], cut) => {
        const bin = Math.min(cut, positives.length);
        const { tp, fp, fn, tn } = confusionAtBin(plain(positives, negatives), bin);
        const table = { tp: tp.sum, fp: fp.sum, fn: fn.sum, tn: tn.sum };
        const rates = binaryRates({ tp, fp, fn, tn }, 0.95);
        for (const [mine, theirs] of [
          [rates.accuracy, accuracy(table, 0.95)],
          [rates.precision, precision(table, 0.95)],
          [rates.recall, recall(table, 0.95)],
          [rates.f1, f1(table, 0.95)],
        ] as const) {
          if (theirs === null) expect(mine).toBeNull();
          else {
            expect(present(mine).value).toBeCloseTo(theirs.value, 14);
            expect(present(present(mine).ci)[0]).toBeCloseTo(theirs.ci[0], 12);
            expect(present(present(mine).ci)[1]).toBeCloseTo(theirs.ci[1], 12);
          }
        }
        const doubled = confusionAtBin(
          plain(
            positives.map((count) => 2 * count),
            negatives.map((count) => 2 * count),
          ),
          bin,
        );
        expect(doubled.tp.sum).toBe(2 * tp.sum);
      }),
    );
    expect(binaryRates({ tp: one(0), fp: one(1), fn: one(0), tn: one(3) }, 0.95).specificity?.value).toBe(0.75);
    expect(binaryRates({ tp: one(1), fp: one(0), fn: one(0), tn: one(0) }, 0.95).specificity).toBeNull();
  });
  it("refuse nonsense", () => {
    expect(() => confusionAtBin(plain([1], [1, 2]), 0)).toThrow(RangeError);
    expect(() => confusionAtBin(plain([1], [1]), 2)).toThrow(RangeError);
    expect(() => confusionAtBin(plain([-1], [1]), 0)).toThrow(RangeError);
  });
});

describe("outcomeValue", () => {
  const gains = { tp: 100, fp: -20, fn: -200, tn: 0 };
  const table = { tp: one(30), fp: one(10), fn: one(5), tn: one(55) };
  it("adds up gains, with the interval of a mean", () => {
    const { perRow, total } = present(outcomeValue(table, gains, 0.95));
    const variance = (30 * 82 ** 2 + 10 * 38 ** 2 + 5 * 218 ** 2 + 55 * 18 ** 2) / 99;
    expect(perRow.value).toBeCloseTo(18, 12);
    expect(perRow.standardError).toBeCloseTo(Math.sqrt(variance / 100), 12);
    expect(present(perRow.ci)[1]).toBeCloseTo(18 + 1.9842169516 * Math.sqrt(variance / 100), 8);
    expect(total.value).toBeCloseTo(1800, 10);
    expect(present(total.ci)[0]).toBeCloseTo(100 * present(perRow.ci)[0], 10);
  });
  it("answers for no, one and two rows, and for rows of one worth", () => {
    const none = one(0);
    expect(outcomeValue({ tp: none, fp: none, fn: none, tn: none }, gains, 0.95)).toBeNull();
    expect(outcomeValue({ tp: one(1), fp: none, fn: none, tn: none }, gains, 0.95)).toEqual({
      perRow: { value: 100, standardError: null, ci: null },
      total: { value: 100, standardError: null, ci: null },
    });
    expect(outcomeValue({ tp: one(1), fp: one(1), fn: none, tn: none }, gains, 0.95)?.perRow.value).toBe(40);
    expect(outcomeValue({ tp: one(9), fp: none, fn: none, tn: none }, gains, 0.95)?.perRow.ci).toEqual([100, 100]);
  });
  it("refuses nonsense", () => {
    expect(() => outcomeValue(table, { ...gains, fn: Number.NaN }, 0.95)).toThrow(RangeError);
    expect(() => outcomeValue(table, gains, 0)).toThrow(RangeError);
  });
});

describe("averagePrecision", () => {
  it("is scikit-learn's with the rows of a bin tied", () => {
    for (const { positives, negatives, value } of performanceGoldens.averagePrecision) {
      const found = present(averagePrecision({ positives: counts(positives), negatives: counts(negatives) }, 0.95));
      expect(found.value).toBeCloseTo(value, 12);
    }
  });
  it("bounds the one of the unbinned scores", () => {
    for (const { scores, labels, value } of performanceGoldens.unbinned) {
      for (const width of [1, 40]) {
        const bins = Math.ceil(SCORE_BINS / width);
        const [positives, negatives] = [zeros(bins), zeros(bins)];
        for (const [row, score] of scores.entries())
          tally(labels[row] === true ? positives : negatives, Math.floor(scoreBin(score) / width));
        const { unbinned } = present(averagePrecision(plain(positives, negatives), 0.95));
        expect(unbinned[0]).toBeLessThan(value);
        expect(unbinned[1]).toBeGreaterThan(value);
        if (width === 1) expect(unbinned[1] - unbinned[0]).toBeLessThan(0.02);
      }
    }
  });
  it("lies within its bounds and interval; order within a bin cannot matter", () => {
    fc.assert(
      fc.property(histograms, ([positives, negatives]) => {
        const found = averagePrecision(plain(positives, negatives), 0.95);
        if (found === null) return;
        expect(found.value).toBeGreaterThan(0);
        expect(found.value).toBeLessThanOrEqual(1 + 1e-12);
        expect(found.unbinned[0]).toBeLessThanOrEqual(found.value + 1e-12);
        expect(found.unbinned[1]).toBeGreaterThanOrEqual(found.value - 1e-12);
        if (found.ci !== null) expect(holds(found.ci, found.value)).toBe(true);
      }),
    );
  });
  it("has the slopes it says: its variance is that of many small changes", () => {
    const [positives, negatives] = [
      [3, 8, 0, 20],
      [30, 14, 6, 5],
    ];
    const at = (p: number[], n: number[]) => present(averagePrecision(plain(p, n), 0.95)).value;
    const step = 1e-6;
    let variance = 0;
    for (let bin = 0; bin < 4; bin += 1) {
      const bumped = (list: number[]) => list.map((count, index) => count + (index === bin ? step : 0));
      variance +=
        (positives?.[bin] ?? 0) * ((at(bumped(positives ?? []), negatives ?? []) - at(positives ?? [], negatives ?? [])) / step) ** 2;
      variance +=
        (negatives?.[bin] ?? 0) * ((at(positives ?? [], bumped(negatives ?? [])) - at(positives ?? [], negatives ?? [])) / step) ** 2;
    }
    expect(present(averagePrecision(plain(positives ?? [], negatives ?? []), 0.95)?.standardError)).toAgreeWith(Math.sqrt(variance), 1e-4);
  });
  it("answers at the edges", () => {
    expect(averagePrecision(plain([0, 0], [1, 2]), 0.95)).toBeNull();
    expect(averagePrecision(plain([], []), 0.95)).toBeNull();
    expect(averagePrecision(plain([3], [0]), 0.95)).toMatchObject({ value: 1, ci: null, unbinned: [1, 1], prevalence: 1 });
    expect(averagePrecision(plain([0, 5], [5, 0]), 0.95)).toMatchObject({ value: 1, standardError: 0, ci: null });
    expect(averagePrecision(plain([1, 0], [0, 1]), 0.95)).toMatchObject({ value: 0.5, ci: null });
    expect(averagePrecision(plain([25], [75]), 0.95)).toMatchObject({ value: 0.25, prevalence: 0.25 });
  });
  it("covers about 95 % of the time", () => {
    const { uniform, normal } = seeded(3);
    const draw = (rows: number) => {
      const [positives, negatives] = [zeros(SCORE_BINS), zeros(SCORE_BINS)];
      for (let row = 0; row < rows; row += 1) {
        const positive = uniform() < 0.2;
        tally(positive ? positives : negatives, scoreBin(logistic(normal() + (positive ? 1.5 : 0) - 2)));
      }
      return plain(positives, negatives);
    };
    const truth = present(averagePrecision(draw(400_000), 0.95)).value;
    let covered = 0;
    for (let run = 0; run < 500; run += 1) if (holds(averagePrecision(draw(500), 0.95)?.ci, truth)) covered += 1;
    expect(covered).toBeGreaterThan(455);
    expect(covered).toBeLessThan(492);
  });
  it("refuses nonsense", () => {
    expect(() => averagePrecision(plain([1], [1, 2]), 0.95)).toThrow(RangeError);
    expect(() => averagePrecision(plain([1, Number.NaN], [1, 2]), 0.95)).toThrow(RangeError);
    expect(() => averagePrecision(plain([1], [1]), 2)).toThrow(RangeError);
  });
});
