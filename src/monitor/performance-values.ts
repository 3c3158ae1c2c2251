import { confusionOf, sumOf, type OutcomeCounts, type OutcomeSum } from "../model/counts.ts";
import { atCutoff, atThreshold, isThresholdMetric, type CutoffName, type RealisedMetric, type ThresholdMetric } from "../model/metric.ts";
import type { OutcomeGrid } from "../model/outcome-grid.ts";
import type { ModelSettings } from "../model/settings.ts";
import { aucFromBins, SCORE_BINS, scoreBin } from "../stats/auc.ts";
import { averagePrecision } from "../stats/average-precision.ts";
import { binaryRates, confusionAtBin, outcomeValue, scoreBinStart } from "../stats/binary-threshold.ts";
import { calibrationError, reliabilityCurve, type ReliabilityPoint } from "../stats/calibration.ts";
import { accuracy, f1, precision, recall } from "../stats/confusion.ts";
import { meanEstimate, momentsFromSums } from "../stats/moments.ts";
import { multiclassPerformance, type MulticlassPerformance } from "../stats/multiclass.ts";
import { normalQuantile } from "../stats/normal.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { quantileLoss } from "../stats/quantile-loss.ts";
import { regressionPerformance, type RegressionPerformance } from "../stats/regression.ts";
import { addWeights, weightBetween, type Estimate, type ScoredRows, type Weight, type WeightedCounts } from "../stats/weighted-rows.ts";
import { LARGEST_TERM } from "../store/exact-sums.ts";
import {
  labelledWeight,
  weightedBins,
  weightedCell,
  weightedConfusion,
  weightedSum,
  weightedSumAt,
  weightedSums,
} from "./weighted-outcomes.ts";

export const CONFIDENCE = 0.95;
/** Groups of neighbouring scores of a reliability curve. */
export const SCORE_GROUPS = 10;

/** A metric's value with what is known of its error. */
export type MetricValue = {
  readonly value: number;
  readonly ci: readonly [number, number] | null;
  /** Null where no sampling variance can be stated. */
  readonly variance: number | null;
  /** Set where the metric is a share of rows: it is then tested as one. */
  readonly share?: { readonly successes: number; readonly trials: number };
};

/** What a model's outcomes are evaluated with. */
export type Evaluation = {
  readonly grid: OutcomeGrid;
  readonly value: NonNullable<ModelSettings["value"]> | null;
  /** Which quantile a regression predicts. */
  readonly quantile?: number;
};

const known = new WeakMap<OutcomeCounts, Map<RealisedMetric, MetricValue | null>>();

/**
 * A metric of some outcomes; null where it is 0/0, or where the task has no such metric. Worked out once for the same
 * counts, since those of a baseline and its windows stand beside every window: counts belong to one model.
 */
export function valueOf(metric: RealisedMetric, outcomes: OutcomeCounts, evaluation: Evaluation): MetricValue | null {
  let values = known.get(outcomes);
  if (!values) known.set(outcomes, (values = new Map()));
  let found = values.get(metric);
  if (found === undefined) values.set(metric, (found = evaluate(metric, outcomes, evaluation)));
  return found;
}

function evaluate(metric: RealisedMetric, outcomes: OutcomeCounts, { grid, value, quantile }: Evaluation): MetricValue | null {
  if (metric === "label_coverage") return coverage(outcomes);
  if (outcomes.labelled === 0) return null;
  if (isThresholdMetric(metric)) return grid.task === "binary" ? valueAtThreshold(metric, outcomes) : null;
  switch (grid.task) {
    case "binary":
      return (BINARY[metric] ?? LOSSES[metric])?.(outcomes, value) ?? null;
    case "multiclass":
      return (MULTICLASS[metric] ?? LOSSES[metric])?.(outcomes, value) ?? null;
    case "regression":
      if (metric === "quantile_loss") return quantile === undefined ? null : quantileValue(outcomes, grid, quantile);
      return regressionValue(metric, outcomes, grid);
    case "ranking":
      return rankingValue(metric, outcomes);
  }
}

/** The bin that begins nearest to a threshold. */
export function thresholdBin(threshold: number): number {
  const bin = scoreBin(threshold);
  const next = Math.min(bin + 1, SCORE_BINS - 1);
  return threshold - scoreBinStart(bin) <= scoreBinStart(next) - threshold ? bin : next;
}

/** As if what scores from the threshold on were called positive, whatever the model called it; of rows with a score. */
function valueAtThreshold(metric: ThresholdMetric, outcomes: OutcomeCounts): MetricValue | null {
  const at = atThreshold(metric);
  if (at === null) return null;
  const table = confusionAtBin(scoredRows(outcomes), thresholdBin(at.threshold));
  const { tp, fp, fn, tn } = table;
  const found = binaryRates(table, CONFIDENCE)[at.metric];
  if (found === null || outcomes.weights !== null) return estimated(found);
  const shares = {
    accuracy: [tp.sum + tn.sum, fp.sum + fn.sum],
    precision: [tp.sum, fp.sum],
    recall: [tp.sum, fn.sum],
    specificity: [tn.sum, fp.sum],
  };
  if (at.metric === "f1") return ofInterval(found);
  const [right = 0, wrong = 0] = shares[at.metric];
  return found.ci && rated({ value: found.value, ci: found.ci }, right, right + wrong);
}

function quantileValue(outcomes: OutcomeCounts, { scale }: Regression, level: number): MetricValue | null {
  if (isBeyondSums(outcomes)) return null;
  const sum = (name: OutcomeSum) => weightedSum(outcomes, name);
  const all = labelledWeight(outcomes);
  const sums = {
    weight: all.sum,
    squares: all.square,
    error: sum("error"),
    absolute: sum("absolute_error"),
    squared: sum("squared_error"),
    signedSquare: sum("signed_squared_error"),
  };
  return estimated(quantileLoss(sums, level, CONFIDENCE), scale);
}

/** The share of predictions whose label is known: all of it is missing where none is. */
function coverage({ labelled, predictions }: OutcomeCounts): MetricValue | null {
  const ci = wilsonInterval(labelled, predictions, CONFIDENCE);
  return ci && rated({ value: labelled / predictions, ci }, labelled, predictions);
}

type Evaluate = (outcomes: OutcomeCounts, gains: Evaluation["value"]) => MetricValue | null;

const BINARY: Partial<Record<RealisedMetric, Evaluate>> = {
  accuracy: (outcomes) => {
    if (outcomes.weights !== null) return weightedRate(outcomes, "accuracy");
    const confusion = confusionOf(outcomes);
    return rated(accuracy(confusion, CONFIDENCE), confusion.tp + confusion.tn, outcomes.labelled);
  },
  precision: (outcomes) => {
    if (outcomes.weights !== null) return weightedRate(outcomes, "precision");
    const confusion = confusionOf(outcomes);
    return rated(precision(confusion, CONFIDENCE), confusion.tp, confusion.tp + confusion.fp);
  },
  recall: (outcomes) => {
    if (outcomes.weights !== null) return weightedRate(outcomes, "recall");
    const confusion = confusionOf(outcomes);
    return rated(recall(confusion, CONFIDENCE), confusion.tp, confusion.tp + confusion.fn);
  },
  f1: (outcomes) => (outcomes.weights === null ? ofInterval(f1(confusionOf(outcomes), CONFIDENCE)) : weightedRate(outcomes, "f1")),
  roc_auc: (outcomes) => {
    const { positives, negatives } = scoredRows(outcomes);
    return ofInterval(aucFromBins(asManyAsWorth(positives), asManyAsWorth(negatives), CONFIDENCE));
  },
  average_precision: (outcomes) => estimated(averagePrecision(scoredRows(outcomes), CONFIDENCE)),
  mean_value: (outcomes, gains) =>
    gains === null ? null : estimated(outcomeValue(weightedConfusion(outcomes), gains, CONFIDENCE)?.perRow ?? null),
};

const MULTICLASS: Partial<Record<RealisedMetric, Evaluate>> = {
  accuracy: (outcomes) => {
    if (outcomes.weights !== null) return estimated(classPerformance(outcomes).performance?.accuracy ?? null);
    const hits = [...outcomes.cells].reduce((sum, [actual, row]) => sum + (row.get(actual) ?? 0), 0);
    const ci = wilsonInterval(hits, outcomes.labelled, CONFIDENCE);
    return ci && rated({ value: hits / outcomes.labelled, ci }, hits, outcomes.labelled);
  },
  balanced_accuracy: (outcomes) => ofClasses(outcomes, "balancedAccuracy"),
  macro_precision: (outcomes) => ofClasses(outcomes, "macroPrecision"),
  macro_f1: (outcomes) => ofClasses(outcomes, "macroF1"),
  weighted_f1: (outcomes) => ofClasses(outcomes, "weightedF1"),
  mcc: (outcomes) => ofClasses(outcomes, "mcc"),
};

/** Losses of probabilities: of two classes, or of several. */
const LOSSES: Partial<Record<RealisedMetric, Evaluate>> = {
  log_loss: (outcomes) => meanLoss(outcomes, "log_loss", "log_loss_squared"),
  brier: (outcomes) => meanLoss(outcomes, "brier", "brier_squared"),
  calibration_error: (outcomes) => {
    const found = calibrationError(reliabilityOf(outcomes));
    return found && { value: found.expected, ci: null, variance: null };
  },
};

function ofClasses(
  outcomes: OutcomeCounts,
  metric: "balancedAccuracy" | "macroPrecision" | "macroF1" | "weightedF1" | "mcc",
): MetricValue | null {
  return estimated(classPerformance(outcomes).performance?.[metric] ?? null);
}

function regressionValue(metric: RealisedMetric, outcomes: OutcomeCounts, grid: Regression): MetricValue | null {
  const found = regressionOf(outcomes, grid);
  if (metric === "mae" || metric === "rmse" || metric === "bias") return found && estimated(found[metric], grid.scale);
  return metric === "wape" || metric === "r2" ? found && estimated(found[metric]) : null;
}

/** Labelled rows whose label names a relevant item: the others have no value. */
export function rankedWeight(outcomes: OutcomeCounts): Weight {
  return weightBetween(weightedBins(outcomes, "labelled", 1), 0, 1);
}

/** Sums of what lies between 0 and 1; a hit is 0 or 1, so its squares are itself. */
const SQUARES = {
  precision: "precision_squared",
  recall: "recall_squared",
  hit_rate: "hit_rate",
  mrr: "mrr_squared",
  map: "map_squared",
  ndcg: "ndcg_squared",
} as const satisfies Readonly<Record<CutoffName, OutcomeSum>>;

/** The mean over lists of what each is worth by itself. */
function rankingValue(metric: RealisedMetric, outcomes: OutcomeCounts): MetricValue | null {
  const at = atCutoff(metric);
  const rows = rankedWeight(outcomes);
  if (at === null || rows.sum === 0) return null;
  const sum = (name: OutcomeSum) => weightedSumAt(outcomes, name, at.cutoff);
  if (at.metric === "hit_rate" && outcomes.weights === null) {
    const hits = Math.round(sum("hit_rate"));
    const ci = wilsonInterval(hits, rows.sum, CONFIDENCE);
    return ci && rated({ value: hits / rows.sum, ci }, hits, rows.sum);
  }
  const moments = momentsFromSums(rows.sum, rows.square, [sum(at.metric)], [[sum(SQUARES[at.metric])]]);
  const found = moments && meanEstimate(moments, 0, CONFIDENCE);
  return estimated(found && { ...found, ci: found.ci && [Math.max(0, found.ci[0]), Math.min(1, found.ci[1])] });
}

type Regression = Extract<OutcomeGrid, { task: "regression" }>;

/** Whether errors or labels are so large (3e8 in units of the grid) that the sums cut them short: no metric of them is right. */
export function isBeyondSums(outcomes: OutcomeCounts): boolean {
  return sumOf(outcomes, "squared_error") >= LARGEST_TERM || sumOf(outcomes, "actual_2") >= LARGEST_TERM;
}

/**
 * In units of the grid, from sums of e, y, their powers and products. Products that no metric needs are put in as if
 * the two were unrelated: their covariance is 0. Third and fourth powers that were cut short are taken as if one row had
 * made the sum of the squares, which is the most that they can be: intervals are then too wide at worst.
 */
function regressionOf(outcomes: OutcomeCounts, { center, scale }: Regression): RegressionPerformance | null {
  if (isBeyondSums(outcomes)) return null;
  const { sum: n, square: squares } = labelledWeight(outcomes);
  const sum = (name: OutcomeSum) => weightedSum(outcomes, name);
  const shift = center / scale;
  const sums = [sum("error"), sum("absolute_error"), sum("squared_error"), sum("actual"), sum("actual_2"), sum("size")];
  const [error, absolute, square, shifted, shiftedSquare, size] = [0, 1, 2, 3, 4, 5];
  const products = sums.map((one) => sums.map((other) => (one * other) / n));
  const put = (a: number, b: number, value: number) => {
    (products[a] as number[])[b] = value;
    (products[b] as number[])[a] = value;
  };
  put(error, error, sum("squared_error"));
  put(absolute, absolute, sum("squared_error"));
  const [errors, actuals] = [sum("squared_error"), sum("actual_2")];
  const whole = (name: OutcomeSum, most: number) => (Math.abs(sum(name)) < LARGEST_TERM ? sum(name) : Math.sign(sum(name)) * most);
  put(square, square, whole("error_4", errors ** 2));
  put(square, shifted, whole("squared_error_actual", errors * Math.sqrt(actuals)));
  put(square, shiftedSquare, whole("squared_error_actual_2", errors * actuals));
  put(shifted, shifted, actuals);
  put(shifted, shiftedSquare, whole("actual_3", actuals ** 1.5));
  put(shiftedSquare, shiftedSquare, whole("actual_4", actuals ** 2));
  // (d + shift)² = y² in units of the grid.
  put(size, size, sum("actual_2") + 2 * shift * sum("actual") + n * shift * shift);
  put(absolute, size, sum("absolute_error_size"));
  return regressionPerformance(momentsFromSums(n, squares, sums, products), CONFIDENCE);
}

/** All labelled rows that carried a score. */
function scoredWeight(outcomes: OutcomeCounts): Weight {
  if (outcomes.weights === null) {
    const rows = scoredCount(outcomes);
    return { sum: rows, square: rows };
  }
  const { positives, negatives } = scoredRows(outcomes);
  return addWeights(weightBetween(positives, 0, SCORE_BINS), weightBetween(negatives, 0, SCORE_BINS));
}

/**
 * A loss is at least 0, and so is the interval of its mean; its error is not what is left of that. Losses are skewed: below some
 * hundred rows the interval undercovers upwards.
 */
function meanLoss(outcomes: OutcomeCounts, name: OutcomeSum, squared: OutcomeSum): MetricValue | null {
  const all = scoredWeight(outcomes);
  const moments = momentsFromSums(all.sum, all.square, [weightedSum(outcomes, name)], [[weightedSum(outcomes, squared)]]);
  const found = moments && meanEstimate(moments, 0, CONFIDENCE);
  return estimated(found && { ...found, ci: found.ci && [Math.max(0, found.ci[0]), found.ci[1]] });
}

const scored = new WeakMap<OutcomeCounts, ScoredRows>();

/** Labelled rows that carried a score, by its bin; of several classes by the confidence, and whether it was right. One answer for the same counts. */
export function scoredRows(outcomes: OutcomeCounts): ScoredRows {
  const rows = (one: "positives" | "negatives", other: "right" | "wrong") =>
    weightedBins(outcomes, outcomes.histograms.has(one) ? one : other, SCORE_BINS);
  let found = scored.get(outcomes);
  if (!found) scored.set(outcomes, (found = { positives: rows("positives", "right"), negatives: rows("negatives", "wrong") }));
  return found;
}

/** Σ score of the same rows, by the same bins. */
export function scoreSums(outcomes: OutcomeCounts): number[] {
  return weightedSums(outcomes, "score", SCORE_BINS);
}

function weightedRate(outcomes: OutcomeCounts, metric: "accuracy" | "precision" | "recall" | "f1"): MetricValue | null {
  return estimated(binaryRates(weightedConfusion(outcomes), CONFIDENCE)[metric]);
}

/** Rows of one class scaled to how many equal ones they are worth: an area stays what it is, and its error becomes that of so many. */
function asManyAsWorth(rows: WeightedCounts): readonly number[] {
  const { sum, square } = weightBetween(rows, 0, rows.sums.length);
  return sum === square ? rows.sums : rows.sums.map((weight) => (weight * sum) / square);
}

export function reliabilityOf(outcomes: OutcomeCounts): ReliabilityPoint[] {
  return reliabilityCurve(scoredRows(outcomes), scoreSums(outcomes), SCORE_GROUPS, CONFIDENCE);
}

export function scoredCount({ histograms }: OutcomeCounts): number {
  let rows = 0;
  for (const name of ["positives", "negatives", "right", "wrong"] as const)
    for (const count of histograms.get(name)?.values() ?? []) rows += count;
  return rows;
}

const tables = new WeakMap<OutcomeCounts, { readonly classes: readonly string[]; readonly performance: MulticlassPerformance | null }>();

/** Every class against the rest, and averages over classes; worked out once for the same counts. */
export function classPerformance(outcomes: OutcomeCounts): { classes: readonly string[]; performance: MulticlassPerformance | null } {
  let found = tables.get(outcomes);
  if (!found) {
    const classes = [...new Set([...outcomes.cells].flatMap(([actual, row]) => [actual, ...row.keys()]))].sort();
    const cells = classes.map((actual) => classes.map((predicted) => weightedCell(outcomes, actual, predicted)));
    const sums = cells.map((row) => row.map(({ sum }) => sum));
    const squares = cells.map((row) => row.map(({ square }) => square));
    tables.set(outcomes, (found = { classes, performance: multiclassPerformance({ sums, squares }, CONFIDENCE) }));
  }
  return found;
}

function rated(rate: { value: number; ci: readonly [number, number] } | null, successes: number, trials: number): MetricValue | null {
  return rate && { ...rate, variance: varianceOf(rate.ci), share: { successes, trials } };
}

function ofInterval(found: { value: number; ci: readonly [number, number] | null } | null): MetricValue | null {
  return found && { value: found.value, ci: found.ci, variance: found.ci && varianceOf(found.ci) };
}

/** Of values so large that their squares are no numbers, no variance can be stated; nor is what they add up to itself always one. */
function estimated(found: Estimate | null, scale = 1): MetricValue | null {
  if (found === null || !Number.isFinite(found.value * scale)) return null;
  const { value, standardError, ci } = found;
  const variance = standardError === null ? null : (standardError * scale) ** 2;
  return {
    value: value * scale,
    ci: ci && [ci[0] * scale, ci[1] * scale],
    variance: variance !== null && Number.isFinite(variance) ? variance : null,
  };
}

/** The variance whose normal interval is as wide. */
export function varianceOf(ci: readonly [number, number]): number {
  return ((ci[1] - ci[0]) / (2 * normalQuantile(1 - (1 - CONFIDENCE) / 2))) ** 2;
}
