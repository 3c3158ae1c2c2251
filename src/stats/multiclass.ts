/** Performance of a classifier of K classes from its confusion table. */

import { requireOpenProbability } from "./argument-domain.ts";
import { fisherInterval, logitInterval } from "./interval-scales.ts";
import { normalHalfWidth } from "./normal.ts";
import {
  averageF1OfClasses,
  averagePrecisionOfClasses,
  averageRecallOfClasses,
  cohensKappa,
  matthewsCorrelation,
  tableMargins,
  type TableMargins,
  type TableMetric,
} from "./table-metrics.ts";
import { addWeights, requireWeights, weightBetween, type Estimate, type Weight } from "./weighted-rows.ts";
import { f1OfShare, weightedShare } from "./weighted-share.ts";

/** K×K cells, rows by actual class, columns by predicted class: Σw and Σw² of each; both are the counts without weights. */
export interface ConfusionTable {
  readonly sums: readonly (readonly number[])[];
  readonly squares: readonly (readonly number[])[];
}

/** An average over classes. */
export interface ClassAverage extends Estimate {
  /** The classes it is taken over: those for which it is not 0/0. */
  readonly classes: number;
}

/** One class against the rest; null where the ratio is 0/0. */
export interface ClassPerformance {
  readonly precision: Estimate | null;
  readonly recall: Estimate | null;
  readonly f1: Estimate | null;
  /** Σw of rows of this class. */
  readonly support: number;
}

export interface MulticlassPerformance {
  readonly classes: readonly ClassPerformance[];
  /**
   * Also the micro average of precision, of recall and of F1, and the weighted average of recall: with one label a row
   * they are one number.
   */
  readonly accuracy: Estimate;
  readonly balancedAccuracy: ClassAverage;
  readonly macroPrecision: ClassAverage | null;
  readonly macroF1: ClassAverage | null;
  readonly weightedPrecision: ClassAverage | null;
  readonly weightedF1: ClassAverage | null;
  readonly mcc: Estimate | null;
  readonly kappa: Estimate | null;
}

/** Rows added for the interval, spread as if actual and predicted class were independent. */
const PRIOR_ROWS = 0.5;

/**
 * Performance over K classes, rows of the table by actual and columns by predicted class (as scikit-learn's
 * `confusion_matrix`). Tables of disjoint rows merge by adding, sums and squares apart.
 *
 * Per class k, with h hits, a rows of the class, p rows predicted as it: precision h/p, recall h/a, F1 2h/(a + p), each
 * null at 0/0, never 0; intervals are Wilson's (F1's that of h/(a + p - h), carried over, as in `f1`). Averages leave
 * out the classes for which the ratio is 0/0 (scikit-learn: zero_division=nan) and say over how many they are taken: a
 * class never predicted flatters the macro precision, and shows as a smaller `classes` and a recall of 0. Weighted
 * averages weigh by support. balancedAccuracy is the macro recall. MCC is Gorodkin's R_K, κ Cohen's, both null where
 * 0/0 (scikit-learn says 0 for MCC).
 *
 * standardError is the delta method's for a multinomial table, √Σ w²·slope² over cells (for κ the one of Fleiss, Cohen
 * and Everitt 1969). Intervals of averages are taken on the scale of log-odds, those of MCC and κ on Fisher's z, after
 * half a row is spread over the table in proportion to its margins, so that a perfect table does not claim to be
 * certain; they contain the value. Simulated coverage at a nominal 95% for κ, MCC, macro F1: 95.4, 95.2, 95.4 (2
 * classes, accuracy 0.9, 100 rows), 94.6, 94.5, 94.7 (3 classes, 0.8 beyond chance, 100), 95.4, 95.5, 91.7 (5 classes,
 * smallest 5%, 100). A class with one or two rows has an unsteady recall: balanced accuracy and macro F1 cover 82 and
 * 80% with 5 classes in 30 rows, 91 and 93% with a minority of 5 in 100.
 *
 * Misleads: accuracy under imbalance; κ and MCC move with prevalence; rows that depend on each other make all intervals
 * too narrow.
 * Returns null without rows. One row gives ratios of 0 or 1 and mostly null for the rest. Throws a RangeError for a
 * table that is not square, negative or non-finite cells, and unless 0 < confidence < 1. Cost: about 20·K².
 */
export function multiclassPerformance(table: ConfusionTable, confidence: number): MulticlassPerformance | null {
  requireTable(table);
  requireOpenProbability("confidence", confidence);
  const margins = tableMargins(table.sums);
  if (margins.total === 0) return null;
  const reach = normalHalfWidth(confidence);
  const moderate = withIndependentRows(table, margins);
  const moderateMargins = tableMargins(moderate.sums);
  const estimate = (metric: (margins: TableMargins) => TableMetric | null, scale: Scale): ClassAverage | null => {
    const found = metric(margins);
    if (found === null) return null;
    const standardError = slopeError(table, found);
    const stable = metric(moderateMargins);
    const interval = stable === null ? null : scale(stable.value, slopeError(moderate, stable), reach);
    const ci: [number, number] | null = interval === null ? null : [Math.min(found.value, interval[0]), Math.max(found.value, interval[1])];
    return { value: found.value, standardError, ci, classes: found.classes };
  };
  return {
    classes: table.sums.map((_, k) => oneClass(table, margins, k, confidence)),
    accuracy: weightedShare(...hitsAndMisses(table), confidence) as Estimate,
    balancedAccuracy: estimate((some) => averageRecallOfClasses(some, "macro"), logitInterval) as ClassAverage,
    macroPrecision: estimate((some) => averagePrecisionOfClasses(some, "macro"), logitInterval),
    macroF1: estimate((some) => averageF1OfClasses(some, "macro"), logitInterval),
    weightedPrecision: estimate((some) => averagePrecisionOfClasses(some, "weighted"), logitInterval),
    weightedF1: estimate((some) => averageF1OfClasses(some, "weighted"), logitInterval),
    mcc: estimate(matthewsCorrelation, fisherInterval),
    kappa: estimate(cohensKappa, fisherInterval),
  };
}

type Scale = (value: number, standardError: number, reach: number) => [number, number] | null;

/** √Σ w²·slope² over cells: the delta method for a multinomial table. */
function slopeError(table: ConfusionTable, metric: TableMetric): number {
  let variance = 0;
  for (const [i, row] of table.squares.entries()) for (const [j, square] of row.entries()) variance += square * metric.slope(i, j) ** 2;
  return Math.sqrt(variance);
}

/** The table and `PRIOR_ROWS` more rows, of typical weight. */
function withIndependentRows(table: ConfusionTable, { actual, predicted, total }: TableMargins): ConfusionTable {
  const typical = table.squares.flat().reduce((sum, square) => sum + square, 0) / total;
  const share = (i: number, j: number) => (PRIOR_ROWS * actual[i]! * predicted[j]!) / total / total;
  return {
    sums: table.sums.map((row, i) => row.map((sum, j) => sum + share(i, j) * typical)),
    squares: table.squares.map((row, i) => row.map((square, j) => square + share(i, j) * typical * typical)),
  };
}

function hitsAndMisses(table: ConfusionTable): [Weight, Weight] {
  let hits: Weight = { sum: 0, square: 0 };
  let misses: Weight = hits;
  for (const [i, row] of table.sums.entries()) {
    for (const [j, sum] of row.entries()) {
      const cell = { sum, square: table.squares[i]![j]! };
      if (i === j) hits = addWeights(hits, cell);
      else misses = addWeights(misses, cell);
    }
  }
  return [hits, misses];
}

function oneClass(table: ConfusionTable, margins: TableMargins, k: number, confidence: number): ClassPerformance {
  const rowOf = { sums: table.sums[k]!, squares: table.squares[k]! };
  const columnOf = { sums: table.sums.map((row) => row[k]!), squares: table.squares.map((row) => row[k]!) };
  const size = table.sums.length;
  const hit = weightBetween(rowOf, k, k + 1);
  const missed = addWeights(weightBetween(rowOf, 0, k), weightBetween(rowOf, k + 1, size));
  const wrong = addWeights(weightBetween(columnOf, 0, k), weightBetween(columnOf, k + 1, size));
  return {
    precision: weightedShare(hit, wrong, confidence),
    recall: weightedShare(hit, missed, confidence),
    f1: f1OfShare(hit, addWeights(wrong, missed), confidence),
    support: margins.actual[k]!,
  };
}

function requireTable({ sums, squares }: ConfusionTable): void {
  if (squares.length !== sums.length) throw new RangeError(`the table has ${sums.length} rows of sums and ${squares.length} of squares`);
  for (const [i, row] of sums.entries()) requireWeights(`row ${i} of the table`, { sums: row, squares: squares[i]! }, sums.length);
}
