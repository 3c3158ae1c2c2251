/** A binary classifier at any threshold, from counts of positives and negatives per score bin. */

import { requireFinite, requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { SCORE_BINS } from "./auc.ts";
import { meanEstimate, mergeMoments, type Moments } from "./moments.ts";
import { addWeights, requireScoredRows, weightBetween, type Estimate, type ScoredRows, type Weight } from "./weighted-rows.ts";
import { f1OfShare, weightedShare } from "./weighted-share.ts";

/** Labelled rows by predicted and actual class; without weights `sum` and `square` are the count. */
export interface WeightedConfusion {
  readonly tp: Weight;
  readonly fp: Weight;
  readonly fn: Weight;
  readonly tn: Weight;
}

/** Rates of a binary table; null at 0/0. */
export interface BinaryRates {
  readonly accuracy: Estimate | null;
  readonly precision: Estimate | null;
  readonly recall: Estimate | null;
  /** tn/(tn + fp), the share of actual negatives left alone. */
  readonly specificity: Estimate | null;
  readonly f1: Estimate | null;
}

const LOGIT_STEP = 0.032;
const LOGIT_LIMIT = 16;

/**
 * The least score of a bin of `scoreBin`, up to rounding: 0 for bin 0, 1 for bin 1001, else 1/(1 + exp(16 - 0.032·(bin
 * - 1))). Bin 1 takes all scores above 0 that are below bin 2.
 *
 * Thresholds at these values are exact in binned counts; 0.5 is one (bin 501). Any other threshold t is answered as the
 * start of its bin, `scoreBin(t)`, at most 0.032 in log-odds and 0.008 in the score lower. Throws a RangeError unless
 * bin is whole, from 0 to 1001. Cost: constant.
 */
export function scoreBinStart(bin: number): number {
  requireInteger("bin", bin, 0);
  if (bin >= SCORE_BINS) throw new RangeError(`bin must be below ${SCORE_BINS}, got ${bin}`);
  if (bin <= 1) return 0;
  if (bin === SCORE_BINS - 1) return 1;
  return 1 / (1 + Math.exp(LOGIT_LIMIT - LOGIT_STEP * (bin - 1)));
}

/**
 * The confusion table if scores in bins `bin` and above are called positive: threshold `scoreBinStart(bin)`, which is
 * called positive itself.
 *
 * Bins ascend with the score; bin 0 calls everything positive, bin K (one beyond the last) nothing. All zeros without
 * rows. How far the table could be off for a threshold inside the bin is the rows of that bin. Throws a RangeError for
 * lists of unequal length, negative or non-finite counts, and a bin outside [0, K]. Cost: linear in bins.
 */
export function confusionAtBin(rows: ScoredRows, bin: number): WeightedConfusion {
  const bins = requireScoredRows(rows);
  requireInteger("bin", bin, 0);
  if (bin > bins) throw new RangeError(`bin must be at most ${bins}, got ${bin}`);
  return {
    tp: weightBetween(rows.positives, bin, bins),
    fp: weightBetween(rows.negatives, bin, bins),
    fn: weightBetween(rows.positives, 0, bin),
    tn: weightBetween(rows.negatives, 0, bin),
  };
}

/**
 * Accuracy, precision, recall, specificity and F1 of a weighted table; without weights those of `confusion.ts`.
 *
 * Intervals are Wilson's at the effective number of rows (`weightedShare`); what misleads is said in `confusion.ts`.
 * Each is null at 0/0: no rows, nothing predicted positive, no positives, no negatives, none of tp, fp and fn.
 * Throws a RangeError unless 0 < confidence < 1. Cost: constant.
 */
export function binaryRates({ tp, fp, fn, tn }: WeightedConfusion, confidence: number): BinaryRates {
  return {
    accuracy: weightedShare(addWeights(tp, tn), addWeights(fp, fn), confidence),
    precision: weightedShare(tp, fp, confidence),
    recall: weightedShare(tp, fn, confidence),
    specificity: weightedShare(tn, fp, confidence),
    f1: f1OfShare(tp, addWeights(fp, fn), confidence),
  };
}

/** What one row of each cell is worth, in any one unit; losses are negative. */
export interface OutcomeGains {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

/** The worth of a window's outcomes. */
export interface OutcomeValue {
  /** The mean per row, in the unit of the gains. */
  readonly perRow: Estimate;
  /** Σ over the rows seen; its interval is that of `perRow` times their number: what as many rows of this kind would bring. */
  readonly total: Estimate;
}

/**
 * The business value of a confusion table, Σ gain·rows over cells, and per row.
 *
 * A mean of as many values as rows: mean ± t·s/√n with s from the four cells, n effective rows (Kish) and n - 1 degrees
 * of freedom. Misleads: a cell not seen counts as impossible, however dear. With 3 in 1000 rows lost at 1000 each, 5%
 * of windows of 1000 rows see none and report an interval without the loss; ask for at least ten rows in the cell that
 * matters. All rows in one cell, or equal gains, give width 0.
 *
 * Returns null without rows; with one row the interval and standard error are null. Throws a RangeError for gains that
 * are not finite and unless 0 < confidence < 1. Cost: constant.
 */
export function outcomeValue(confusion: WeightedConfusion, gains: OutcomeGains, confidence: number): OutcomeValue | null {
  requireOpenProbability("confidence", confidence);
  for (const cell of ["tp", "fp", "fn", "tn"] as const) requireFinite(`the gain of ${cell}`, gains[cell]);
  const cells = (["tp", "fp", "fn", "tn"] as const).map((cell): Moments => ({
    weight: confusion[cell].sum,
    squares: confusion[cell].square,
    means: [gains[cell]],
    comoments: [[0]],
  }));
  const moments = mergeMoments(cells);
  const perRow = moments === null ? null : meanEstimate(moments, 0, confidence);
  if (moments === null || perRow === null) return null;
  return { perRow, total: timesRows(perRow, moments.weight) };
}

function timesRows({ value, standardError, ci }: Estimate, rows: number): Estimate {
  return {
    value: value * rows,
    standardError: standardError === null ? null : standardError * rows,
    ci: ci === null ? null : [ci[0] * rows, ci[1] * rows],
  };
}
