import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scoreBin, SCORE_BINS } from "../../src/stats/auc.ts";
import { calibrationChange } from "../../src/stats/calibration-change.ts";
import { calibrationError, calibrationTest, reliabilityCurve } from "../../src/stats/calibration.ts";
import { isotonicBlocks } from "../../src/stats/isotonic.ts";
import { murphyDecomposition } from "../../src/stats/murphy.ts";
import { wilsonInterval } from "../../src/stats/proportion.ts";
import { unweighted, type ScoredRows } from "../../src/stats/weighted-rows.ts";
import { present } from "./goldens.ts";
import { counts, logistic, performanceGoldens, seeded, tally, zeros } from "./performance-goldens.ts";

const plain = (positives: number[], negatives: number[]): ScoredRows => ({
  positives: unweighted(positives),
  negatives: unweighted(negatives),
});
const binned = fc
  .integer({ min: 1, max: 15 })
  .chain((bins) =>
    fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: bins, maxLength: bins }),
  )
  .map((bins) => {
    const sorted = bins.map(([p, n, score]) => ({ p, n, score })).sort((a, b) => a.score - b.score);
    return {
      rows: plain(
        sorted.map(({ p }) => p),
        sorted.map(({ n }) => n),
      ),
      scores: sorted.map(({ p, n, score }) => (p + n) * score),
    };
  });

/** Rows whose scores are what they say, up to `stretch` of their log-odds. */
function drawScored({ uniform, normal }: ReturnType<typeof seeded>, rows: number, centre: number, stretch: number) {
  const [positives, negatives, scores] = [zeros(SCORE_BINS), zeros(SCORE_BINS), zeros(SCORE_BINS)];
  for (let row = 0; row < rows; row += 1) {
    const logOdds = centre + 1.5 * normal();
    const score = logistic(logOdds);
    const bin = scoreBin(score);
    tally(uniform() < logistic(stretch * logOdds) ? positives : negatives, bin);
    tally(scores, bin, score);
  }
  return { rows: plain(positives, negatives), scores };
}

describe("reliabilityCurve and murphyDecomposition", () => {
  it("agree with scikit-learn's curve and Brier score", () => {
    for (const { levels, positives, negatives, groups, scores, rates, brier } of performanceGoldens.calibration) {
      const sums = levels.map((level, bin) => level * ((positives[bin] ?? 0) + (negatives[bin] ?? 0)));
      const curve = reliabilityCurve(plain(positives, negatives), sums, groups, 0.95);
      expect(curve).toHaveLength(scores.length);
      for (const [index, point] of curve.entries()) {
        expect(point.score).toBeCloseTo(present(scores[index]), 12);
        expect(point.rate.value).toBeCloseTo(present(rates[index]), 12);
        const wilson = present(wilsonInterval(Math.round(point.rate.value * point.rows), point.rows, 0.95));
        expect(present(point.rate.ci)[0]).toBeCloseTo(wilson[0], 12);
      }
      const alone = reliabilityCurve(plain(positives, negatives), sums, levels.length, 0.95);
      const parts = present(murphyDecomposition(alone, brier));
      expect(parts.within).toBeCloseTo(0, 12);
      expect(parts.reliability - parts.resolution + parts.uncertainty).toBeCloseTo(brier, 12);
      const debiased = present(parts.debiased);
      expect(debiased.reliability - debiased.resolution + debiased.uncertainty).toBeCloseTo(brier, 12);
    }
  });
  it("account for every row, in order", () => {
    fc.assert(
      fc.property(binned, fc.integer({ min: 1, max: 20 }), ({ rows, scores }, groups) => {
        const curve = reliabilityCurve(rows, scores, groups, 0.95);
        const total = [...rows.positives.sums, ...rows.negatives.sums].reduce((sum, count) => sum + count, 0);
        expect(curve.reduce((sum, point) => sum + point.rows, 0)).toBeCloseTo(total, 9);
        expect(curve.length).toBeLessThanOrEqual(groups);
        for (const [index, point] of curve.entries()) {
          expect(point.from).toBeGreaterThanOrEqual(curve[index - 1]?.to ?? 0);
          expect(point.score).toBeGreaterThanOrEqual((curve[index - 1]?.score ?? 0) - 1e-12);
        }
      }),
    );
  });
  it("answer for no, one and two rows", () => {
    expect(reliabilityCurve(plain([0], [0]), [0], 10, 0.95)).toEqual([]);
    expect(reliabilityCurve(plain([], []), [], 10, 0.95)).toEqual([]);
    expect(murphyDecomposition([], 0.2)).toBeNull();
    expect(calibrationError([])).toBeNull();
    const single = reliabilityCurve(plain([1], [0]), [0.7], 10, 0.95);
    expect(single).toMatchObject([{ rows: 1, score: 0.7, rate: { value: 1 } }]);
    expect(calibrationError(single)).toMatchObject({ maximum: present(single[0]?.rate.value) - 0.7, worst: 0 });
    expect(murphyDecomposition(single, 0.09)).toMatchObject({ resolution: 0, uncertainty: 0, debiased: null });
    const two = reliabilityCurve(plain([1], [1]), [1.4], 10, 0.95);
    expect(present(murphyDecomposition(two, 0.29)?.debiased).uncertainty).toBe(0.5);
  });
  it("refuse nonsense", () => {
    expect(() => reliabilityCurve(plain([1], [1]), [1, 2], 10, 0.95)).toThrow(RangeError);
    expect(() => reliabilityCurve(plain([1], [1]), [-1], 10, 0.95)).toThrow(RangeError);
    expect(() => reliabilityCurve(plain([1], [1]), [1], 0, 0.95)).toThrow(RangeError);
    expect(() => reliabilityCurve(plain([1], [1]), [1], 10, 95)).toThrow(RangeError);
    expect(() => murphyDecomposition([], 2)).toThrow(RangeError);
  });
});

describe("calibrationError", () => {
  it("is the mean and the largest distance of promise and outcome", () => {
    const curve = reliabilityCurve(plain([2, 9], [8, 1]), [1, 8], 2, 0.95);
    expect(calibrationError(curve)).toMatchObject({ worst: 0 });
    expect(present(calibrationError(curve)).expected).toBeCloseTo((0.1 + 0.1) / 2, 12);
    expect(calibrationError(reliabilityCurve(plain([5], [5]), [5], 2, 0.95))).toMatchObject({ expected: 0, maximum: 0 });
  });
  it("has a floor that is what calibrated scores average, and a reliability that is free of it", () => {
    const random = seeded(6);
    let [error, floor, reliability, raw] = [0, 0, 0, 0];
    for (let run = 0; run < 400; run += 1) {
      const { rows, scores } = drawScored(random, 300, 0, 1);
      const curve = reliabilityCurve(rows, scores, 10, 0.95);
      error += present(calibrationError(curve)).expected / 400;
      floor += present(calibrationError(curve)).noiseFloor / 400;
      const parts = present(murphyDecomposition(curve, 0.2));
      raw += parts.reliability / 400;
      reliability += present(parts.debiased).reliability / 400;
    }
    expect(error).toBeGreaterThan(0.05);
    expect(error / floor).toBeGreaterThan(0.96);
    expect(error / floor).toBeLessThan(1.03);
    expect(Math.abs(reliability)).toBeLessThan(raw / 15);
  });
});

describe("calibrationTest", () => {
  it("is Hosmer and Lemeshow's statistic where groups hold one score each", () => {
    const found = present(calibrationTest(plain([30, 60], [70, 40]), [20, 65], 2));
    expect(found.statistic).toBeCloseTo(10 ** 2 / (100 * 0.2 * 0.8) + 5 ** 2 / (100 * 0.65 * 0.35), 12);
    expect(found.df).toBe(2);
  });
  it("alarms as often as it says, and finds overconfidence", () => {
    const random = seeded(7);
    let [alarms, found] = [0, 0];
    for (let run = 0; run < 300; run += 1) {
      const calibrated = drawScored(random, 500, -2, 1);
      const over = drawScored(random, 500, -2, 0.5);
      if (present(calibrationTest(calibrated.rows, calibrated.scores, 10)).pValue < 0.05) alarms += 1;
      if (present(calibrationTest(over.rows, over.scores, 10)).pValue < 0.05) found += 1;
    }
    expect(alarms / 300).toBeGreaterThan(0.025);
    expect(alarms / 300).toBeLessThan(0.08);
    expect(found / 300).toBeGreaterThan(0.95);
  });
  it("has no answer where too little is promised", () => {
    expect(calibrationTest(plain([], []), [], 10)).toBeNull();
    expect(calibrationTest(plain([1], [0]), [0.5], 10)).toBeNull();
    expect(calibrationTest(plain([5], [95]), [5], 10)).toBeNull();
    expect(calibrationTest(plain([6], [94]), [6], 10)).toMatchObject({ df: 1, statistic: 0, pValue: 1 });
    expect(calibrationTest(plain([0, 90], [100, 10]), [0, 100], 1)).toBeNull();
  });
  it("counts the misses of scores that were certain", () => {
    expect(present(calibrationTest(plain([50, 90], [50, 10]), [50, 100], 1)).statistic).toBeCloseTo(10 ** 2 / 25, 12);
  });
});

describe("calibrationChange", () => {
  const side = ([positives, negatives]: readonly [number[], number[]], levels: readonly number[]) => ({
    rows: plain(positives, negatives),
    scoreSums: levels.map((level, bin) => level * ((positives[bin] ?? 0) + (negatives[bin] ?? 0))),
  });
  it("is the statistic and SciPy's tail where groups hold equally many rows of both sides", () => {
    for (const { levels, before, after, groups, statistic, pValue } of performanceGoldens.calibrationChange) {
      const found = present(calibrationChange(side(before, levels), side(after, levels), groups));
      expect(found.df).toBe(groups);
      expect(found.statistic).toBeCloseTo(statistic, 9);
      expect(found.pValue).toBeCloseTo(pValue, 9);
    }
  });
  it("alarms as often as it says for scores that were always wrong, and finds that they became more so", () => {
    const random = seeded(11);
    let [alarms, found] = [0, 0];
    for (let run = 0; run < 300; run += 1) {
      const promised = ({ rows, scores }: ReturnType<typeof drawScored>) => ({ rows, scoreSums: scores });
      const before = promised(drawScored(random, 2_000, -1, 0.8));
      if (present(calibrationChange(before, promised(drawScored(random, 500, -1, 0.8)), 10)).pValue < 0.05) alarms += 1;
      if (present(calibrationChange(before, promised(drawScored(random, 500, -1, 0.4)), 10)).pValue < 0.05) found += 1;
    }
    expect(alarms / 300).toBeGreaterThan(0.025);
    expect(alarms / 300).toBeLessThan(0.08);
    expect(found / 300).toBeGreaterThan(0.8);
  });
  it("is zero for equal sides, symmetric, and null where a side is too small", () => {
    const one = side(
      [
        [10, 30],
        [30, 10],
      ],
      [0.3, 0.7],
    );
    const two = side(
      [
        [20, 30],
        [20, 10],
      ],
      [0.3, 0.7],
    );
    expect(calibrationChange(one, one, 2)).toMatchObject({ statistic: 0, df: 2, pValue: 1 });
    expect(present(calibrationChange(one, two, 2)).statistic).toBeCloseTo(present(calibrationChange(two, one, 2)).statistic, 12);
    expect(
      calibrationChange(
        one,
        side(
          [
            [1, 1],
            [0, 0],
          ],
          [0.3, 0.7],
        ),
        2,
      ),
    ).toBeNull();
    expect(calibrationChange(side([[], []], []), side([[], []], []), 10)).toBeNull();
    expect(() => calibrationChange(one, side([[1], [1]], [0.5]), 2)).toThrow(RangeError);
    expect(() => calibrationChange(one, { ...two, scoreSums: [1] }, 2)).toThrow(RangeError);
    expect(() => calibrationChange(one, two, 0)).toThrow(RangeError);
  });
});

describe("isotonicBlocks", () => {
  it("are scikit-learn's rates", () => {
    for (const { positives, negatives, seen, rates } of performanceGoldens.isotonic) {
      const blocks = isotonicBlocks({ positives: counts(positives), negatives: counts(negatives) });
      for (const [index, bin] of seen.entries()) {
        expect(blocks.find(({ from, to }) => from <= bin && bin < to)?.rate).toBeCloseTo(present(rates[index]), 12);
      }
    }
  });
  it("ascend, tile the bins, and keep the number of positives", () => {
    fc.assert(
      fc.property(binned, ({ rows }) => {
        const blocks = isotonicBlocks(rows);
        if (blocks.length === 0) return;
        expect(blocks[0]?.from).toBe(0);
        expect(blocks.at(-1)?.to).toBe(rows.positives.sums.length);
        let expected = 0;
        for (const [index, block] of blocks.entries()) {
          expect(block.from).toBe(blocks[index - 1]?.to ?? 0);
          expect(block.rate).toBeGreaterThan(blocks[index - 1]?.rate ?? -1);
          expected += block.rate * block.rows;
        }
        expect(expected).toBeCloseTo(
          rows.positives.sums.reduce((sum, count) => sum + count, 0),
          8,
        );
      }),
    );
  });
  it("give an empty bin the rate of its nearest neighbour, the lower of two", () => {
    const blocks = isotonicBlocks(plain([0, 1, 0, 0, 0, 4, 0], [0, 4, 0, 0, 0, 1, 0]));
    expect(blocks).toEqual([
      { from: 0, to: 4, rate: 0.2, rows: 5 },
      { from: 4, to: 7, rate: 0.8, rows: 5 },
    ]);
  });
  it("answer at the edges", () => {
    expect(isotonicBlocks(plain([], []))).toEqual([]);
    expect(isotonicBlocks(plain([0, 0], [0, 0]))).toEqual([]);
    expect(isotonicBlocks(plain([0, 1], [0, 0]))).toEqual([{ from: 0, to: 2, rate: 1, rows: 1 }]);
    expect(isotonicBlocks(plain([3, 1], [1, 3]))).toEqual([{ from: 0, to: 2, rate: 0.5, rows: 8 }]);
    expect(() => isotonicBlocks(plain([1], [1, 2]))).toThrow(RangeError);
  });
});
