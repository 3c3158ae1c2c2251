/** Counts of rows that may carry weights, and how many equal rows they are worth. */

import { requireNonNegative } from "./argument-domain.ts";

/** Rows of one cell. Without weights both are the number of rows. Cells of disjoint sets of rows merge by adding. */
export interface Weight {
  /** Σw. */
  readonly sum: number;
  /** Σw². */
  readonly square: number;
}

/** Rows by bin or cell, as two lists of one length: Σw and Σw² of each. */
export interface WeightedCounts {
  readonly sums: readonly number[];
  readonly squares: readonly number[];
}

/** Labelled rows by score bin, ascending with the score, positives and negatives apart. */
export interface ScoredRows {
  readonly positives: WeightedCounts;
  readonly negatives: WeightedCounts;
}

/** An estimate with its sampling error. */
export interface Estimate {
  readonly value: number;
  /** Null where the rows are too few to tell. */
  readonly standardError: number | null;
  /** Two-sided confidence interval; null where none can be stated. */
  readonly ci: readonly [number, number] | null;
}

/** Counts of rows of weight 1: sums and squares are the same list. Cost: constant. */
export function unweighted(counts: readonly number[]): WeightedCounts {
  return { sums: counts, squares: counts };
}

/**
 * Kish's effective number of rows, (Σw)²/Σw²: how many rows of equal weight have a mean as uncertain as these.
 *
 * The number of rows when all weights are equal, whatever they are; at least 1 row, at most all of them. 0 without
 * rows. It supposes that weights are unrelated to what is averaged; where the two hang together (weights by class, the
 * rate of a class asked for) see `weightedShare`. Cost: constant. Example: weights 1, 1, 2 give 16/6 = 2.67.
 */
export function effectiveRows(rows: Weight): number {
  return rows.square === 0 ? 0 : (rows.sum / rows.square) * rows.sum;
}

/** Rows of both cells. Cost: constant. */
export function addWeights(a: Weight, b: Weight): Weight {
  return { sum: a.sum + b.sum, square: a.square + b.square };
}

/** Rows of the bins from `from` up to, not including, `to`. Cost: linear in bins. */
export function weightBetween(counts: WeightedCounts, from: number, to: number): Weight {
  let sum = 0;
  let square = 0;
  for (let bin = from; bin < to; bin += 1) {
    sum += counts.sums[bin]!;
    square += counts.squares[bin]!;
  }
  return { sum, square };
}

/**
 * Throws a RangeError unless both lists have `bins` entries, finite and at least 0, positive in the same places. Cost:
 * linear.
 */
export function requireWeights(name: string, counts: WeightedCounts, bins: number): void {
  if (counts.sums.length !== bins || counts.squares.length !== bins) {
    throw new RangeError(`${name} must have ${bins} bins, got ${counts.sums.length} sums and ${counts.squares.length} squares`);
  }
  for (let bin = 0; bin < bins; bin += 1) {
    const [sum, square] = [counts.sums[bin]!, counts.squares[bin]!];
    // Names are put together where they are needed: this is called more often than anything it guards.
    if (!(sum >= 0 && square >= 0 && sum < Infinity && square < Infinity)) {
      requireNonNegative(`a sum of ${name}`, sum);
      requireNonNegative(`a sum of squares of ${name}`, square);
    }
    if (sum > 0 !== square > 0) throw new RangeError(`${name}, bin ${bin}: the sum of weights is ${sum}, of their squares ${square}`);
  }
}

/** As `requireWeights`, for positives and negatives over the same bins; returns the number of bins. Cost: linear. */
export function requireScoredRows(rows: ScoredRows): number {
  const bins = rows.positives.sums.length;
  requireWeights("the positives", rows.positives, bins);
  requireWeights("the negatives", rows.negatives, bins);
  return bins;
}
