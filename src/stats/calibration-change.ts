/** Whether scores still mean what they meant: the miscalibration of two sets of rows, compared. */

import { requireInteger, requireNonNegative } from "./argument-domain.ts";
import type { CalibrationTest } from "./calibration.ts";
import { chiSquareSf } from "./chi-square.ts";
import { effectiveRows, requireScoredRows, type ScoredRows } from "./weighted-rows.ts";

/** Variance of the positives of a group, in rows, below which their number is not nearly normal: on either side. */
const LEAST_VARIANCE = 5;

/** Labelled rows by score bin, with Σ w·score of each bin. */
export interface PromisedRows {
  readonly rows: ScoredRows;
  readonly scoreSums: readonly number[];
}

/** One side of a run of score bins. */
interface Side {
  /** Effective rows (Kish). */
  readonly rows: number;
  readonly score: number;
  readonly rate: number;
}

/**
 * Tests whether the score promises as it did: per group of neighbouring scores the residual r = rate of positives - mean
 * score of either side, and Σ over groups of (r₂ - r₁)²/(v₁ + v₂), chi-square with as many degrees of freedom as groups.
 *
 * The score need not be calibrated: what it got wrong before it may go on getting wrong. Residuals, not rates, so a
 * change of the mix of scores within a group is no change of their meaning (as far as the miscalibration is the same
 * throughout the group). v = q(1 - q)/n with q a side's mean score plus the residual of both sides together, n its
 * effective rows. Groups hold at least 1/groups of the rows of both sides and a variance n·q(1 - q) of 5 rows on each;
 * outcomes take part only through that last condition.
 *
 * Simulated false alarms at a nominal 5 and 1%, score log-odds normal (sd 1.5) and a true slope of 0.8, ten groups, (before,
 * after) rows: 4.6 and 0.9% (5000, 500), 4.6 and 1.0% (5000, 5000), 5.6 and 1.8% (20,000, 200), 4.3 and 0.7% (5000, 1000
 * with scores moved by 0.7), 5.1 and 1.0% (20,000, 2000 with scores around 0.05). A slope of 0.6 instead is found at 5% in
 * 98.5% (5000, 5000) and 69.6% (20,000, 1000).
 * Misleads: finds any change at large sizes, however small. Rows that depend on each other make it cry wolf.
 *
 * Shapes: both sides over the same score bins, ascending. Returns null when no group can be formed. Throws a RangeError
 * for lists of unequal length, negative or non-finite entries and groups < 1. Cost: linear in bins.
 */
export function calibrationChange(before: PromisedRows, after: PromisedRows, groups: number): CalibrationTest | null {
  requireInteger("groups", groups, 1);
  const bins = requireScoredRows(before.rows);
  if (requireScoredRows(after.rows) !== bins) throw new RangeError(`one side has ${bins} bins, the other not`);
  for (const { scoreSums } of [before, after]) {
    if (scoreSums.length !== bins) throw new RangeError(`there are ${bins} bins and ${scoreSums.length} sums of scores`);
    for (const sum of scoreSums) requireNonNegative("a sum of scores", sum);
  }
  const sides = [before, after].map(cumulated) as [Cumulated, Cumulated];
  const rowsBetween = (from: number, to: number) => sides.reduce((sum, { rows }) => sum + rows[to]! - rows[from]!, 0);
  const total = rowsBetween(0, bins);
  const terms: number[] = [];
  let from = 0;
  let last: number | null = null;
  for (let bin = 0; bin < bins; bin += 1) {
    // A hair of slack, so that sums of weights which are equal but for rounding close a group.
    if (rowsBetween(from, bin + 1) < (total / groups) * (1 - 1e-9)) continue;
    const term = termOf(sides, from, bin + 1);
    if (term === null) continue;
    terms.push(term);
    last = from;
    from = bin + 1;
  }
  // What is left over joins the last group.
  if (last !== null && rowsBetween(from, bins) > 0) {
    terms.pop();
    const joined = termOf(sides, last, bins);
    if (joined !== null) terms.push(joined);
  }
  if (terms.length === 0) return null;
  const statistic = terms.reduce((sum, term) => sum + term, 0);
  return { statistic, df: terms.length, pValue: chiSquareSf(statistic, terms.length) };
}

/** Sums over all bins before each, so that those of any run of bins are differences. */
interface Cumulated {
  readonly positives: readonly number[];
  readonly rows: readonly number[];
  /** Σw². */
  readonly squares: readonly number[];
  readonly scores: readonly number[];
}

function cumulated({ rows: { positives, negatives }, scoreSums }: PromisedRows): Cumulated {
  const upTo = (list: readonly number[]) => {
    let sum = 0;
    return [0, ...list.map((one) => (sum += one))];
  };
  const both = (of: "sums" | "squares") => upTo(positives[of].map((one, bin) => one + negatives[of][bin]!));
  return { positives: upTo(positives.sums), rows: both("sums"), squares: both("squares"), scores: upTo(scoreSums) };
}

/** Null while either side is too small for its rate to be nearly normal. */
function termOf(sides: readonly [Cumulated, Cumulated], from: number, to: number): number | null {
  const [one, two] = [sideOf(sides[0], from, to), sideOf(sides[1], from, to)];
  if (one === null || two === null) return null;
  const residual = (one.rows * (one.rate - one.score) + two.rows * (two.rate - two.score)) / (one.rows + two.rows);
  const varianceOf = ({ rows, score }: Side) => {
    const expected = Math.min(1, Math.max(0, score + residual));
    const spread = expected * (1 - expected);
    return rows * spread < LEAST_VARIANCE ? null : spread / rows;
  };
  const [first, second] = [varianceOf(one), varianceOf(two)];
  return first === null || second === null ? null : (two.rate - two.score - (one.rate - one.score)) ** 2 / (first + second);
}

function sideOf({ positives, rows, squares, scores }: Cumulated, from: number, to: number): Side | null {
  const between = (list: readonly number[]) => list[to]! - list[from]!;
  const sum = between(rows);
  if (sum <= 0) return null;
  return { rows: effectiveRows({ sum, square: between(squares) }), score: between(scores) / sum, rate: between(positives) / sum };
}
