/** Whether scores mean what they say: reliability by score, its summaries, and a test. */

import { requireInteger, requireNonNegative, requireOpenProbability } from "./argument-domain.ts";
import { logBinomialMass } from "./binomial-mass.ts";
import { chiSquareSf } from "./chi-square.ts";
import { groupScores, type ScoreGroup } from "./score-groups.ts";
import { addWeights, effectiveRows, requireScoredRows, type Estimate, type ScoredRows } from "./weighted-rows.ts";
import { weightedShare } from "./weighted-share.ts";

/** Variance of the positives of a group, in rows, below which their number is not nearly normal. */
const LEAST_VARIANCE = 5;

/** A group of neighbouring scores. */
export interface ReliabilityPoint {
  /** Its score bins, from `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** Σw. */
  readonly rows: number;
  /** Effective rows (Kish). */
  readonly effective: number;
  /** The mean score: what is promised. */
  readonly score: number;
  /** The share of positives with Wilson's interval: what is kept. */
  readonly rate: Estimate;
}

/** Checks the counts by score bin that this file's functions share. */
function requireScores(rows: ScoredRows, scoreSums: readonly number[], confidence = 0.5): void {
  const bins = requireScoredRows(rows);
  if (scoreSums.length !== bins) throw new RangeError(`there are ${bins} bins and ${scoreSums.length} sums of scores`);
  for (const sum of scoreSums) requireNonNegative("a sum of scores", sum);
  requireOpenProbability("confidence", confidence);
}

/**
 * The reliability curve: mean score and share of positives in at most `groups` groups of neighbouring score bins, about
 * equally many rows each (quantile groups, as scikit-learn's `calibration_curve` with strategy "quantile", but never
 * splitting a bin).
 *
 * Shapes: positives, negatives and Σ w·score by score bin, ascending. Exact for these groups: scores need no binning
 * error, since their sums are kept. A perfectly calibrated score lies within each Wilson interval 95 times in 100; of
 * ten groups one outside is nothing.
 * Misleads: within a group over- and underconfidence cancel.
 *
 * Returns [] without rows; one row is one point. Throws a RangeError for lists of unequal length, negative or
 * non-finite entries, groups < 1, and unless 0 < confidence < 1. Cost: linear in bins.
 */
export function reliabilityCurve(rows: ScoredRows, scoreSums: readonly number[], groups: number, confidence: number): ReliabilityPoint[] {
  requireScores(rows, scoreSums, confidence);
  return groupScores(rows, scoreSums, groups).map((group) => {
    const both = addWeights(group.positives, group.negatives);
    return {
      from: group.from,
      to: group.to,
      rows: both.sum,
      effective: effectiveRows(both),
      score: group.scoreSum / both.sum,
      rate: weightedShare(group.positives, group.negatives, confidence) as Estimate,
    };
  });
}

/** How far promise and outcome are apart. */
export interface CalibrationError {
  /** ECE: Σ rows·|score - rate|/Σ rows. In [0, 1]. */
  readonly expected: number;
  /** The ECE to expect of perfectly calibrated scores at these sizes. */
  readonly noiseFloor: number;
  /** MCE: the largest |score - rate|. */
  readonly maximum: number;
  /** The index of its group. */
  readonly worst: number;
}

/**
 * Expected and maximum calibration error of a reliability curve (Naeini et al. 2015).
 *
 * Biased upwards, since noise does not cancel in |·|: with calibrated scores the ECE averages `noiseFloor`, Σ
 * rows·E|X/n - s|/Σ rows, X binomial of the group's n rows and mean score s, by de Moivre's closed form 2·ν·(1 - s)·P(X
 * = ν), ν = ⌊ns⌋ + 1 (for weights, n effective rows, rounded). About √(2·s(1 - s)/(π·n)) a group: 0.12 for groups of 10
 * rows at ½, 0.013 of 1000. Read the ECE against it; `murphyDecomposition` has a reliability without this bias. The MCE
 * is the noisiest of the noisy: its group's interval says what it is worth.
 *
 * Returns null for an empty curve. Cost: linear in groups.
 */
export function calibrationError(curve: readonly ReliabilityPoint[]): CalibrationError | null {
  const total = curve.reduce((sum, { rows }) => sum + rows, 0);
  if (total === 0) return null;
  const average = (of: (point: ReliabilityPoint) => number) => curve.reduce((sum, point) => sum + point.rows * of(point), 0) / total;
  const gaps = curve.map(({ score, rate }) => Math.abs(score - rate.value));
  const maximum = Math.max(...gaps);
  return {
    expected: average(({ score, rate }) => Math.abs(score - rate.value)),
    noiseFloor: average(({ score, effective }) => meanDeviation(Math.max(1, Math.round(effective)), Math.min(1, score))),
    maximum,
    worst: gaps.indexOf(maximum),
  };
}

/** E|X/n - p| of a binomial X. */
function meanDeviation(n: number, p: number): number {
  if (p === 0 || p === 1) return 0;
  const least = Math.floor(n * p) + 1;
  return (2 * least * (1 - p) * Math.exp(logBinomialMass(least, n - least, p, 1 - p))) / n;
}

/** The outcome of a test of calibration. */
export interface CalibrationTest {
  readonly statistic: number;
  /** The number of groups. */
  readonly df: number;
  /** How often calibrated scores miss their promise by so much. */
  readonly pValue: number;
}

/**
 * Tests whether scores are calibrated: Σ over groups of (positives - Σ scores)²/variance, chi-square with as many
 * degrees of freedom as groups, since nothing was fitted to these rows (Hosmer and Lemeshow's statistic for a model
 * made elsewhere).
 *
 * Groups are runs of score bins with 1/groups of the rows and a variance of at least 5 rows (so at least 5 positives
 * and 5 negatives are expected), and outcomes play no part in them. The variance is summed bin by bin, Σ w²·s(1 - s)
 * with s the bin's mean score, so a group of unlike scores is not credited with too much; weights enter by their
 * squares. Simulated false alarms at a nominal 5 and 1%: 4.4 and 0.9% (200 rows, balanced), 5.4 and 1.1% (1000), 5.7
 * and 1.6% (2000 rows, some 4% positive), 5.6 and 0.8% (20,000), 5.0 and 1.3% (1000 rows, nearly all scores close to 0
 * or 1); with exponential weights 5.0% at a nominal 5% (1000 rows).
 *
 * Misleads: it finds any miscalibration at large sizes, however small: look at the ECE. Rows that depend on each other
 * make it cry wolf. Not for the rows the score was calibrated with.
 *
 * Returns null when no group can be formed: without rows, with few, or where scores promise next to no variance at all
 * (all exactly 0 or 1). Throws a RangeError as `reliabilityCurve`. Cost: linear in bins.
 */
export function calibrationTest(rows: ScoredRows, scoreSums: readonly number[], groups: number): CalibrationTest | null {
  requireScores(rows, scoreSums);
  requireInteger("groups", groups, 1);
  const formed = groupScores(rows, scoreSums, groups, variesEnough);
  if (!formed.every(variesEnough) || formed.length === 0) return null;
  const statistic = formed.reduce((sum, { positives, scoreSum, variance }) => sum + (positives.sum - scoreSum) ** 2 / variance, 0);
  return { statistic, df: formed.length, pValue: chiSquareSf(statistic, formed.length) };
}

function variesEnough({ positives, negatives, variance }: ScoreGroup): boolean {
  const both = addWeights(positives, negatives);
  // In units of a row of typical weight.
  return variance * (both.sum / both.square) ** 2 >= LEAST_VARIANCE;
}
