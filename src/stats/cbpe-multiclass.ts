/** The performance of a classifier of K classes whose labels are not known yet, from calibrated scores. */

import { requireOpenProbability } from "./argument-domain.ts";
import type { Expectation } from "./cbpe.ts";
import { fisherInterval, logitInterval } from "./interval-scales.ts";
import { calibrationNoise, isotonicCalibration, type Calibration } from "./isotonic-calibration.ts";
import { normalHalfWidth } from "./normal.ts";
import {
  averageF1OfClasses,
  averagePrecisionOfClasses,
  averageRecallOfClasses,
  cohensKappa,
  matthewsCorrelation,
  tableAccuracy,
  tableMargins,
  type TableMargins,
  type TableMetric,
} from "./table-metrics.ts";
import { requireWeights, weightBetween, type ScoredRows, type WeightedCounts } from "./weighted-rows.ts";

export interface ExpectedMulticlassPerformance {
  /** Expected rows, by actual and predicted class. */
  readonly confusion: readonly (readonly number[])[];
  readonly accuracy: Expectation;
  readonly balancedAccuracy: Expectation;
  readonly macroPrecision: Expectation | null;
  readonly macroF1: Expectation | null;
  readonly mcc: Expectation | null;
  readonly kappa: Expectation | null;
}

/** What is known of the rows of one predicted class. */
interface Column {
  /** Expected rows by actual class; they sum to the rows of the column. */
  readonly cells: readonly number[];
  /** By how much the cells other than the hits were stretched to sum up. */
  readonly stretch: number;
}

/**
 * Confidence-based performance estimation for K classes, one against the rest.
 *
 * `reference[k]`: labelled rows by bin of class k's score, positives those of class k. `current[j][k]`: rows predicted
 * as j by bin of class k's score, so all `current[j]` count the same rows. Each class has its own isotonic calibration;
 * of the rows predicted j, Σ m·c_j are expected to be hits, and the rest is divided among the other classes in
 * proportion to their own calibrated sums (renormalised over the column; equally if they are all 0). The metrics are
 * those of this expected table, as `multiclassPerformance` has them.
 *
 * Variances as in `expectedPerformance`, hits bin by bin; how the misses fall on the other classes is taken as one draw
 * for the whole column, and the K calibrations as independent, which is not quite so. Simulated coverage at a nominal
 * 95%, 3 classes, of (accuracy, macro F1, MCC): (reference, current) rows: 95.0, 94.9, 94.9 at (5000, 500); 95.4, 94.5,
 * 95.3 at (5000, 5000); 96.7, 96.8, 96.3 at (2000, 20,000); 96.1, 95.6, 95.9 at (5000, 5000) with one class's scores
 * moved. On bins of a quarter in log-odds, with a class beside them that never occurs, of (accuracy, macro F1, MCC): 95.0,
 * 95.3, 96.2; 94.0, 93.5, 94.3; 96.0, 96.0, 96.0; and with a class's scores moved by 1, 95.5, 96.0, 96.3 and at (2000,
 * 20,000) 96.5, 97.5, 96.0.
 *
 * Misleads as `expectedPerformance`: blind to concept drift. Returns null without current rows or where a class has no
 * reference rows to calibrate by. Metrics that are 0/0 are null. Throws a RangeError unless there are K >= 2 classes
 * everywhere with lists over the same bins per class, for rows of a column that differ by class, and unless 0 <
 * confidence < 1. Cost: K² passes over the bins per metric.
 */
export function expectedMulticlassPerformance(
  reference: readonly ScoredRows[],
  current: readonly (readonly WeightedCounts[])[],
  confidence: number,
): ExpectedMulticlassPerformance | null {
  requireClasses(reference, current);
  requireOpenProbability("confidence", confidence);
  const calibrations = reference.map(isotonicCalibration).flatMap((calibration) => (calibration === null ? [] : [calibration]));
  const rows = current.map((byClass, j) => sumOf(byClass[j]!));
  if (calibrations.length < reference.length || rows.every((some) => some === 0)) return null;
  const columns = current.map((byClass, j) => expectedColumn(calibrations, byClass, j, rows[j]!));
  const confusion = reference.map((_, k) => columns.map(({ cells }) => cells[k]!));
  const margins = tableMargins(confusion);
  const reach = normalHalfWidth(confidence);
  const expect = (metric: (margins: TableMargins) => TableMetric | null, scale: Scale): Expectation | null => {
    const found = metric(margins);
    if (found === null) return null;
    const least = scale === fisherInterval ? -1 : 0;
    const { correction, outcomeVariance, calibrationVariance } = linearised(found, calibrations, current, columns);
    const value = Math.min(1, Math.max(least, found.value + correction));
    const ci = scale(value, Math.sqrt(outcomeVariance + calibrationVariance), reach);
    return { value, outcomeVariance, calibrationVariance, ci };
  };
  return {
    confusion,
    accuracy: expect(tableAccuracy, logitInterval) as Expectation,
    balancedAccuracy: expect((some) => averageRecallOfClasses(some, "macro"), logitInterval) as Expectation,
    macroPrecision: expect((some) => averagePrecisionOfClasses(some, "macro"), logitInterval),
    macroF1: expect((some) => averageF1OfClasses(some, "macro"), logitInterval),
    mcc: expect(matthewsCorrelation, fisherInterval),
    kappa: expect(cohensKappa, fisherInterval),
  };
}

type Scale = (value: number, standardError: number, reach: number) => [number, number] | null;

function sumOf(counts: WeightedCounts): number {
  return weightBetween(counts, 0, counts.sums.length).sum;
}

function expectedColumn(calibrations: readonly Calibration[], byClass: readonly WeightedCounts[], predicted: number, rows: number): Column {
  const raw = calibrations.map(({ rates }, k) => byClass[k]!.sums.reduce((sum, count, bin) => sum + count * rates[bin]!, 0));
  const hits = Math.min(rows, raw[predicted]!);
  const others = raw.reduce((sum, cell, k) => sum + (k === predicted ? 0 : cell), 0);
  const stretch = others === 0 ? 0 : (rows - hits) / others;
  const equal = others === 0 ? (rows - hits) / (calibrations.length - 1) : 0;
  return { cells: raw.map((cell, k) => (k === predicted ? hits : cell * stretch + equal)), stretch };
}

/** The correction and the two variances of a metric of the expected table. */
function linearised(
  metric: TableMetric,
  calibrations: readonly Calibration[],
  current: readonly (readonly WeightedCounts[])[],
  columns: readonly Column[],
) {
  // A row that moves from the misses of a column to its hits changes the metric by slope(hit) less the mean slope of the misses.
  const missed = columns.map(({ cells }, j) => {
    const misses = cells.reduce((sum, cell, k) => sum + (k === j ? 0 : cell), 0);
    const slopes = cells.reduce((sum, cell, k) => sum + (k === j ? 0 : cell * metric.slope(k, j)), 0);
    return misses === 0 ? metric.slope(j === 0 ? 1 : 0, j) : slopes / misses;
  });
  const apart = (k: number, j: number) => metric.slope(k, j) - missed[j]!;
  let outcomeVariance = 0;
  let correction = 0;
  let calibrationVariance = 0;
  for (const [k, calibration] of calibrations.entries()) {
    const rows = calibration.rates.map(() => 0);
    const slopes = calibration.rates.map(() => 0);
    for (const [j, { cells, stretch }] of columns.entries()) {
      const counts = current[j]![k]!;
      const slope = apart(k, j);
      for (const [bin, count] of counts.sums.entries()) {
        const rate = calibration.rates[bin]!;
        rows[bin] = rows[bin]! + count;
        slopes[bin] = slopes[bin]! + count * slope * (k === j ? 1 : stretch);
        if (k === j) outcomeVariance += counts.squares[bin]! * rate * (1 - rate) * slope ** 2;
      }
      const { sum, square } = weightBetween(counts, 0, counts.sums.length);
      if (k !== j && sum > 0) outcomeVariance += cells[k]! * (square / sum) * slope ** 2;
    }
    const learned = calibrationNoise(calibration, rows, slopes);
    correction += learned.correction;
    calibrationVariance += learned.variance;
  }
  return { correction, outcomeVariance, calibrationVariance };
}

function requireClasses(reference: readonly ScoredRows[], current: readonly (readonly WeightedCounts[])[]): void {
  const size = reference.length;
  if (size < 2) throw new RangeError(`there must be at least 2 classes, got ${size}`);
  if (current.length !== size) throw new RangeError(`the reference has ${size} classes and the current rows ${current.length}`);
  for (const [j, byClass] of current.entries()) {
    if (byClass.length !== size) throw new RangeError(`the rows predicted ${j} have scores of ${byClass.length} classes, not ${size}`);
    for (const [k, counts] of byClass.entries()) {
      requireWeights(`the rows predicted ${j} by score of ${k}`, counts, reference[k]!.positives.sums.length);
      if (Math.abs(sumOf(counts) - sumOf(byClass[0]!)) > 1e-9 * sumOf(counts)) {
        throw new RangeError(
          `the rows predicted ${j} differ: ${sumOf(counts)} have a score of class ${k}, ${sumOf(byClass[0]!)} of class 0`,
        );
      }
    }
  }
}
