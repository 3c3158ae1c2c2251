/** From counts to shares, and what every comparison of two histograms asks first. */

import { requireInteger, requirePairedCounts } from "./argument-domain.ts";

const PRIOR_COUNT = 0.5;

/** The sum of a list of counts. Cost: linear. */
export function rowsOf(counts: readonly number[]): number {
  let sum = 0;
  for (let bin = 0; bin < counts.length; bin++) sum += counts[bin]!;
  return sum;
}

/**
 * Whether two histograms can be compared: rows on both sides, and at least two bins, since one bin cannot change.
 *
 * Throws a RangeError for unequal lengths and for negative or non-finite counts. Cost: linear.
 */
export function canCompare(reference: readonly number[], current: readonly number[]): boolean {
  requirePairedCounts(reference, current);
  return reference.length >= 2 && rowsOf(reference) > 0 && rowsOf(current) > 0;
}

/** Throws a RangeError unless every count of both lists is whole: only whole rows can be dealt. Cost: linear. */
export function requireWholeCounts(reference: readonly number[], current: readonly number[]): void {
  requireWhole("a reference count", reference);
  requireWhole("a current count", current);
}

function requireWhole(name: string, counts: readonly number[]): void {
  for (let bin = 0; bin < counts.length; bin++) {
    const count = counts[bin]!;
    if (!(count >= 0 && Number.isInteger(count))) requireInteger(name, count, 0);
  }
}

/** The share of each bin, a_j/n. The caller sees to it that there are rows. Cost: linear. */
export function plainShares(counts: readonly number[]): number[] {
  const rows = rowsOf(counts);
  return counts.map((count) => count / rows);
}

/**
 * The shares of K bins with half a row added to each: p_j = (a_j + ½)/(n + K/2). They add up to 1, and none is 0, so
 * that ratios and logarithms of them are finite. No rows at all give K equal shares.
 *
 * Misleads: with few rows and many bins the added rows weigh (K/2)/(n + K/2) in all, a pull towards equal shares that
 * is stronger on the smaller side. The caller checks the counts. Cost: linear.
 */
export function smoothedShares(counts: readonly number[]): number[] {
  const rows = rowsOf(counts);
  const prior = PRIOR_COUNT * counts.length;
  return counts.map((count) => (count + PRIOR_COUNT) / (rows + prior));
}
