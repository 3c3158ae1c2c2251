import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanEstimate, mergeMoments, momentsFromSums, rowMoments, type Moments } from "../../src/stats/moments.ts";
import { quantileLoss } from "../../src/stats/quantile-loss.ts";
import { regressionPerformance, regressionQuantities } from "../../src/stats/regression.ts";
import { present } from "./goldens.ts";
import { holds, performanceGoldens, seeded } from "./performance-goldens.ts";

const METRICS = ["mae", "rmse", "bias", "wape", "r2"] as const;

function rowsOf(actual: readonly number[], predicted: readonly number[], shift: number, weights?: readonly number[]): Moments[] {
  return actual.map((y, row) => rowMoments(regressionQuantities(y, predicted[row] ?? 0, shift), weights?.[row] ?? 1));
}

/** What the quantile loss is made of. */
function sumsOf(actual: readonly number[], predicted: readonly number[], weights: readonly number[] = actual.map(() => 1)) {
  const sum = (of: (error: number) => number) =>
    actual.reduce((all, y, row) => all + (weights[row] ?? 1) * of((predicted[row] ?? 0) - y), 0);
  return {
    weight: sum(() => 1),
    squares: weights.reduce((all, weight) => all + weight * weight, 0),
    error: sum((e) => e),
    absolute: sum(Math.abs),
    squared: sum((e) => e * e),
    signedSquare: sum((e) => e * Math.abs(e)),
  };
}

describe("agreement with scikit-learn and statsmodels", () => {
  it("of MAE, RMSE, bias, WAPE and R², also far from 0 and with weights", () => {
    for (const golden of performanceGoldens.regression) {
      const shift = golden.actual[0] ?? 0;
      const found = present(regressionPerformance(mergeMoments(rowsOf(golden.actual, golden.predicted, shift, golden.weights)), 0.95));
      for (const metric of METRICS) expect(present(found[metric]).value).toAgreeWith(golden[metric], 1e-8, metric);
      if (golden.maeCi !== null && golden.biasCi !== null && golden.rmseError !== null) {
        expect(present(found.bias.ci)[0]).toAgreeWith(golden.biasCi[0], 1e-8);
        expect(present(found.bias.ci)[1]).toAgreeWith(golden.biasCi[1], 1e-8);
        expect(present(found.mae.ci)[0]).toBeCloseTo(Math.max(0, golden.maeCi[0]), 9);
        expect(present(found.mae.ci)[1]).toAgreeWith(golden.maeCi[1], 1e-8);
        expect(present(found.rmse.standardError)).toAgreeWith(golden.rmseError, 1e-7);
      }
    }
  });
  it("of the quantile loss", () => {
    for (const { actual, predicted, weights, pinball } of performanceGoldens.regression) {
      for (const [level, value] of pinball) {
        const found = present(quantileLoss(sumsOf(actual, predicted, weights), level, 0.95));
        expect(found.value).toAgreeWith(value, 1e-10);
        const losses = actual.map((y, row) => {
          const error = (predicted[row] ?? 0) - y;
          return rowMoments([error < 0 ? -level * error : (1 - level) * error], weights[row] ?? 1);
        });
        const mean = meanEstimate(present(mergeMoments(losses)), 0, 0.95);
        expect(present(found.standardError)).toAgreeWith(present(mean.standardError), 1e-7);
      }
    }
  });
});

describe("moments", () => {
  const rows = fc.array(fc.tuple(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })), {
    minLength: 2,
    maxLength: 60,
  });
  it("merge to the whole, whatever the parts and their order", () => {
    fc.assert(
      fc.property(rows, fc.nat(60), (pairs, cut) => {
        const parts = pairs.map((pair) => rowMoments(pair, 1));
        const whole = present(mergeMoments(parts));
        const halves = [mergeMoments(parts.slice(0, cut)), mergeMoments(parts.slice(cut))].filter((part) => part !== null);
        const merged = present(mergeMoments(halves.toReversed()));
        expect(merged.weight).toBe(whole.weight);
        for (let j = 0; j < 2; j += 1) {
          expect(merged.means[j]).toBeCloseTo(present(whole.means[j]), 9);
          for (let k = 0; k < 2; k += 1) expect(merged.comoments[j]?.[k]).toBeCloseTo(present(whole.comoments[j]?.[k]), 5);
        }
      }),
    );
  });
  it("are those of plain sums", () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const sum = (of: (pair: readonly [number, number]) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
        const products = [0, 1].map((j) => [0, 1].map((k) => sum((pair) => present(pair[j]) * present(pair[k]))));
        const fromSums = present(
          momentsFromSums(
            pairs.length,
            pairs.length,
            [0, 1].map((j) => sum((pair) => present(pair[j]))),
            products,
          ),
        );
        const merged = present(mergeMoments(pairs.map((pair) => rowMoments(pair, 1))));
        for (let j = 0; j < 2; j += 1) {
          for (let k = 0; k < 2; k += 1) expect(fromSums.comoments[j]?.[k]).toBeCloseTo(present(merged.comoments[j]?.[k]), 5);
        }
      }),
    );
    expect(momentsFromSums(0, 0, [0], [[0]])).toBeNull();
  });
  it("keep a spread of 1 around 1e9", () => {
    const merged = present(mergeMoments([1e9 - 1, 1e9, 1e9 + 1].map((value) => rowMoments([value], 1))));
    expect(meanEstimate(merged, 0, 0.95).standardError).toBeCloseTo(1 / Math.sqrt(3), 9);
  });
  it("skip empty parts and refuse others", () => {
    const empty = { weight: 0, squares: 0, means: [0], comoments: [[0]] };
    expect(mergeMoments([])).toBeNull();
    expect(mergeMoments([empty])).toBeNull();
    expect(mergeMoments([empty, rowMoments([4], 1)])?.means).toEqual([4]);
    expect(() => mergeMoments([rowMoments([4], 1), rowMoments([4, 5], 1)])).toThrow(RangeError);
    expect(() => meanEstimate(rowMoments([4], 1), 1, 0.95)).toThrow(RangeError);
    expect(() => momentsFromSums(-1, 1, [0], [[0]])).toThrow(RangeError);
  });
  it("count weights as Kish does", () => {
    const weighted = present(mergeMoments([1, 2, 3, 10].map((value) => rowMoments([value], 2.5))));
    const plain = present(mergeMoments([1, 2, 3, 10].map((value) => rowMoments([value], 1))));
    expect(present(meanEstimate(weighted, 0, 0.95).ci)[1]).toBeCloseTo(present(meanEstimate(plain, 0, 0.95).ci)[1], 10);
  });
});

describe("regressionPerformance", () => {
  it("answers for no, one and two rows", () => {
    expect(regressionPerformance(null, 0.95)).toBeNull();
    const single = present(regressionPerformance(mergeMoments(rowsOf([4], [5], 0)), 0.95));
    expect(single).toMatchObject({ mae: { value: 1, ci: null }, bias: { value: 1, standardError: null }, wape: { value: 0.25 }, r2: null });
    const two = present(regressionPerformance(mergeMoments(rowsOf([4, 6], [5, 6], 0)), 0.95));
    expect(two.mae.value).toBe(0.5);
    expect(present(two.mae.ci)[0]).toBe(0);
    expect(present(two.r2).value).toBe(0.5);
  });
  it("answers for perfect predictions and constant values", () => {
    const perfect = present(regressionPerformance(mergeMoments(rowsOf([1, 2, 3], [1, 2, 3], 2)), 0.95));
    expect(perfect).toMatchObject({ rmse: { value: 0, ci: [0, 0] }, r2: { value: 1, ci: [1, 1] }, wape: { value: 0 } });
    expect(present(regressionPerformance(mergeMoments(rowsOf([7, 7, 7], [1, 2, 3], 7)), 0.95)).r2).toBeNull();
    expect(present(regressionPerformance(mergeMoments(rowsOf([0, 0], [1, 2], 0)), 0.95)).wape).toBeNull();
  });
  it("does not depend on the shift, and follows units", () => {
    const { normal } = seeded(4);
    const actual = Array.from({ length: 80 }, () => 10 + 2 * normal());
    const predicted = actual.map((y) => y + normal());
    const at = (shift: number, unit: number) =>
      present(
        regressionPerformance(
          mergeMoments(
            rowsOf(
              actual.map((y) => y * unit),
              predicted.map((y) => y * unit),
              shift,
            ),
          ),
          0.95,
        ),
      );
    for (const metric of METRICS) {
      expect(present(at(10, 1)[metric]?.ci)[0]).toAgreeWith(present(at(-30, 1)[metric]?.ci)[0], 1e-7);
      const unit = metric === "wape" || metric === "r2" ? 1 : 1000;
      expect(present(at(10, 1)[metric]).value * unit).toAgreeWith(present(at(10_000, 1000)[metric]).value, 1e-9);
    }
  });
  it("has the errors of ratios, from what each row adds to them", () => {
    const { normal } = seeded(14);
    const actual = Array.from({ length: 200 }, () => 3 + 2 * normal());
    const predicted = actual.map((y) => y * 0.8 + normal());
    const found = present(regressionPerformance(mergeMoments(rowsOf(actual, predicted, 1)), 0.95));
    const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const errorOf = (values: number[]) => Math.sqrt(average(values.map((value) => (value - average(values)) ** 2)) / (values.length - 1));
    const [wape, r2, mean] = [present(found.wape), present(found.r2), average(actual)];
    const size = average(actual.map(Math.abs));
    const spread = average(actual.map((y) => (y - mean) ** 2));
    const ofWape = actual.map((y, row) => (Math.abs(present(predicted[row]) - y) - wape.value * Math.abs(y)) / size);
    const ofR2 = actual.map((y, row) => ((present(predicted[row]) - y) ** 2 - (1 - r2.value) * (y - mean) ** 2) / spread);
    expect(present(wape.standardError)).toAgreeWith(errorOf(ofWape), 1e-9);
    expect(present(r2.standardError)).toAgreeWith(errorOf(ofR2), 1e-9);
  });
  it("covers about 95 % of the time", () => {
    const { normal } = seeded(5);
    // The mean size of a normal variable of mean 0.2, and of one of mean 10 and deviation 2.
    const truth = { mae: 0.81379, wape: 0.081379, rmse: Math.sqrt(1.04), bias: 0.2, r2: 1 - 1.04 / 4 };
    const covered = { mae: 0, wape: 0, rmse: 0, bias: 0, r2: 0 };
    for (let run = 0; run < 1000; run += 1) {
      const rows = Array.from({ length: 60 }, () => {
        const y = 10 + 2 * normal();
        return rowMoments(regressionQuantities(y, y + 0.2 + normal(), 10), 1);
      });
      const found = present(regressionPerformance(mergeMoments(rows), 0.95));
      for (const metric of METRICS) if (holds(found[metric]?.ci, truth[metric])) covered[metric] += 1;
    }
    for (const times of Object.values(covered)) {
      expect(times).toBeGreaterThan(920);
      expect(times).toBeLessThan(975);
    }
  });
  it("refuses nonsense", () => {
    expect(() => regressionQuantities(Number.NaN, 1, 0)).toThrow(RangeError);
    expect(() => regressionQuantities(1, Infinity, 0)).toThrow(RangeError);
    expect(() => regressionPerformance(rowMoments([1], 1), 0.95)).toThrow(RangeError);
    expect(() => regressionPerformance(null, 95)).toThrow(RangeError);
    expect(() => quantileLoss(sumsOf([1], [2]), 1, 0.95)).toThrow(RangeError);
    expect(() => quantileLoss(sumsOf([1], [2]), 0.5, 1)).toThrow(RangeError);
  });
  it("of the median is half the absolute error", () => {
    expect(quantileLoss(sumsOf([3], [1]), 0.5, 0.95)).toMatchObject({ value: 1, ci: null });
    expect(quantileLoss(sumsOf([], []), 0.5, 0.95)).toBeNull();
    expect(quantileLoss(sumsOf([3, 3], [1, 1]), 0.9, 0.95)?.value).toBeCloseTo(1.8, 15);
    expect(quantileLoss(sumsOf([1], [3]), 0.9, 0.95)?.value).toBeCloseTo(0.2, 15);
    expect(quantileLoss(sumsOf([3], [3]), 0.9, 0.95)?.value).toBeCloseTo(0, 15);
  });
});
