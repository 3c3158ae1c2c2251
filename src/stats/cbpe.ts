/** The performance of a binary model whose labels are not known yet, from calibrated scores. */

import { requireOpenProbability, requireProbability } from "./argument-domain.ts";
import { logInterval, logitInterval } from "./interval-scales.ts";
import { calibrationNoise, isotonicCalibration, type Calibration } from "./isotonic-calibration.ts";
import { normalHalfWidth } from "./normal.ts";
import { requireWeights, weightBetween, type ScoredRows, type WeightedCounts } from "./weighted-rows.ts";

/** Rows without labels by score bin, apart by what was predicted of them. */
export interface PredictedRows {
  readonly positives: WeightedCounts;
  readonly negatives: WeightedCounts;
}

/** What a metric of these rows will turn out to be. */
export interface Expectation {
  readonly value: number;
  /** The variance of the metric because outcomes are chance, were the calibration exact. */
  readonly outcomeVariance: number;
  /** The variance of the value because the calibration was learned from so many rows. */
  readonly calibrationVariance: number;
  /** An interval for what will be realised on these very rows; both variances are in it. Null where none can be stated. */
  readonly ci: readonly [number, number] | null;
}

export interface ExpectedPerformance {
  readonly accuracy: Expectation;
  readonly precision: Expectation | null;
  readonly recall: Expectation | null;
  readonly f1: Expectation | null;
  readonly auc: Expectation | null;
  readonly logLoss: Expectation;
  /** The share of rows in score bins where the reference has no labelled rows: their rates are borrowed from neighbours. */
  readonly borrowed: number;
}

/** By how much a metric changes when one more row of a bin turns out positive instead of negative. */
interface Linearised {
  readonly value: number;
  readonly ofPositive: (bin: number) => number;
  readonly ofNegative: (bin: number) => number;
}

/**
 * Confidence-based performance estimation: accuracy, precision, recall, F1, AUC and log loss to expect of rows whose
 * labels are not known, if a row of a score is positive as often as in the labelled reference.
 *
 * Isotonic rates c_b per score bin (`isotonicBlocks`) turn the rows into expected outcomes: with m₁ and m₀ rows
 * predicted positive and negative, TP = Σ m₁c, FP = Σ m₁(1 - c), FN = Σ m₀c, and the metrics of these; AUC ranks by the
 * raw score, Σ m·c against Σ m·(1 - c) per bin; log loss takes each bin's score for what was claimed. Isotonic rates
 * fit noise in their direction (AUC too high, log loss too low); that is corrected to first order (`calibrationNoise`).
 *
 * Two variances, by the metric's slope in each outcome: outcomes are chance, Σ m_b·slope²·c(1 - c), and the rates were
 * learned from n_b rows, Σ (slopes' sum)²·c(1 - c)/n over blocks. The interval (log-odds; logarithm for the loss) is
 * for what these very rows will turn out to score. Simulated coverage at a nominal 95%, score log-odds normal (sd 1.5)
 * and badly calibrated, of (accuracy, precision, recall, F1, AUC, log loss), (reference, current) rows: 94.8, 95.9,
 * 94.2, 95.3, 94.1, 94.1 at (5000, 500); 94.8, 93.9, 95.0, 94.2, 95.1, 95.1 at (5000, 5000); 95.0, 95.3, 94.5, 95.2,
 * 95.2, 95.0 at (2000, 20,000); 94.7, 95.4, 94.3, 95.0, 94.7, 94.7 at (5000, 5000) with scores moved by 0.7 in
 * log-odds; 94.8, 95.2, 94.3, 94.5, 94.0, 93.9 there with scores around 0.05.
 *
 * Misleads: it sees a change of the mix of scores, never a change of what a score means (concept drift): there it is
 * wrong with a narrow interval. Compare with what is realised (`compareRealised`). Dependent rows make it too narrow.
 * `borrowed` far above 0 means that the reference says nothing of such scores.
 *
 * Shapes: all lists over the same score bins, ascending; `scores` is each bin's score (its mean or middle; used by the
 * log loss alone). Without a predicted class a row counts by its threshold. Returns null without reference rows or
 * without current rows; precision is null when nothing is predicted positive, recall and F1 when no positive is
 * expected, AUC when but one class is. One reference row gives rates of 0 or 1 alone. Where the value of a share is 0
 * or 1 the interval is null. Throws a RangeError for unequal lengths, negative or non-finite counts, scores outside [0,
 * 1] and unless 0 < confidence < 1.
 * Cost: about ten passes over the bins.
 */
export function expectedPerformance(
  reference: ScoredRows,
  current: PredictedRows,
  scores: readonly number[],
  confidence: number,
): ExpectedPerformance | null {
  const bins = scores.length;
  requireWeights("the rows predicted positive", current.positives, bins);
  requireWeights("the rows predicted negative", current.negatives, bins);
  lossesOf(scores);
  requireOpenProbability("confidence", confidence);
  const calibration = isotonicCalibration(reference);
  if (reference.positives.sums.length !== bins)
    throw new RangeError(`the reference must have ${bins} bins, got ${reference.positives.sums.length}`);
  const calledPositive = weightBetween(current.positives, 0, bins).sum;
  const total = calledPositive + weightBetween(current.negatives, 0, bins).sum;
  if (calibration === null || total === 0) return null;
  const { rates } = calibration;
  const hits = dot(current.positives.sums, rates);
  const missed = dot(current.negatives.sums, rates);
  const positives = hits + missed;
  const reach = normalHalfWidth(confidence);
  const share = (metric: Linearised) =>
    expectation(metric, calibration, current, (value, error) => logitInterval(value, error, reach), [0, 1]);
  const unseen = scores.map((_, bin) => !(reference.positives.sums[bin]! + reference.negatives.sums[bin]! > 0));
  const all = scores.map((_, bin) => current.positives.sums[bin]! + current.negatives.sums[bin]!);
  const constant = (slope: number) => () => slope;
  const accuracy = (hits + (total - calledPositive) - missed) / total;
  const recall = hits / positives;
  const f1 = (2 * hits) / (calledPositive + positives);
  const area = areaUnderCurve(all, rates, positives, total - positives);
  return {
    accuracy: share({ value: accuracy, ofPositive: constant(1 / total), ofNegative: constant(-1 / total) }),
    precision:
      calledPositive === 0
        ? null
        : share({ value: hits / calledPositive, ofPositive: constant(1 / calledPositive), ofNegative: constant(0) }),
    recall:
      positives === 0
        ? null
        : share({ value: recall, ofPositive: constant((1 - recall) / positives), ofNegative: constant(-recall / positives) }),
    f1:
      calledPositive + positives === 0
        ? null
        : share({
            value: f1,
            ofPositive: constant((2 - f1) / (calledPositive + positives)),
            ofNegative: constant(-f1 / (calledPositive + positives)),
          }),
    auc: area === null ? null : share(area),
    logLoss: expectation(logLoss(all, rates, scores, total), calibration, current, (value, error) => logInterval(value, error, reach), [
      0,
      Infinity,
    ]),
    borrowed: all.reduce((sum, rows, bin) => sum + (unseen[bin] === true ? rows : 0), 0) / total,
  };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

/**
 * The value with the two variances of its linearisation, in which a row that turns out positive changes the metric by a
 * slope.
 */
function expectation(
  { value, ofPositive, ofNegative }: Linearised,
  calibration: Calibration,
  { positives, negatives }: PredictedRows,
  scale: (value: number, standardError: number) => [number, number] | null,
  [least, most]: readonly [number, number],
): Expectation {
  const { rates } = calibration;
  const rows = new Float64Array(rates.length);
  const slopes = new Float64Array(rates.length);
  let outcomeVariance = 0;
  for (let bin = 0; bin < rows.length; bin += 1) {
    const [called, other] = [positives.sums[bin]!, negatives.sums[bin]!];
    if (called + other === 0) continue;
    const [up, down, rate] = [ofPositive(bin), ofNegative(bin), rates[bin]!];
    outcomeVariance += (positives.squares[bin]! * up ** 2 + negatives.squares[bin]! * down ** 2) * rate * (1 - rate);
    rows[bin] = called + other;
    slopes[bin] = called * up + other * down;
  }
  const learned = calibrationNoise(calibration, rows, slopes);
  const kept = Math.min(most, Math.max(least, value + learned.correction));
  const standardError = Math.sqrt(outcomeVariance + learned.variance);
  return { value: kept, outcomeVariance, calibrationVariance: learned.variance, ci: scale(kept, standardError) };
}

function areaUnderCurve(all: readonly number[], rates: readonly number[], positives: number, negatives: number): Linearised | null {
  if (positives === 0 || negatives === 0) return null;
  const ofPositives = all.map((rows, bin) => rows * rates[bin]!);
  const ofNegatives = all.map((rows, bin) => rows * (1 - rates[bin]!));
  let below = 0;
  let above = positives;
  let won = 0;
  const overNegatives: number[] = [];
  const underPositives: number[] = [];
  for (const [bin, p] of ofPositives.entries()) {
    const n = ofNegatives[bin]!;
    above -= p;
    overNegatives.push((below + n / 2) / negatives);
    underPositives.push((above + p / 2) / positives);
    won += (p * (below + n / 2)) / negatives;
    below += n;
  }
  const value = won / positives;
  const slope = (bin: number) => (overNegatives[bin]! - value) / positives - (underPositives[bin]! - value) / negatives;
  return { value, ofPositive: slope, ofNegative: slope };
}

/** The losses of a row by score bin, were it positive or negative: the same for every set of rows. */
interface Losses {
  readonly whenPositive: readonly number[];
  readonly whenNegative: readonly number[];
}

const losses = new WeakMap<readonly number[], Losses>();

function lossesOf(scores: readonly number[]): Losses {
  const lossOf = (probability: number) => -Math.log(Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON));
  let found = losses.get(scores);
  if (!found) {
    for (const score of scores) requireProbability("a score", score);
    losses.set(scores, (found = { whenPositive: scores.map(lossOf), whenNegative: scores.map((score) => lossOf(1 - score)) }));
  }
  return found;
}

function logLoss(all: readonly number[], rates: readonly number[], scores: readonly number[], total: number): Linearised {
  const { whenPositive, whenNegative } = lossesOf(scores);
  const perBin = rates.map((rate, bin) => rate * whenPositive[bin]! + (1 - rate) * whenNegative[bin]!);
  const slope = (bin: number) => (whenPositive[bin]! - whenNegative[bin]!) / total;
  return { value: dot(all, perBin) / total, ofPositive: slope, ofNegative: slope };
}
