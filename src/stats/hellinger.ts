/** The Hellinger distance of two histograms, and what chance makes of it. */

import { additivePValue, expectedSum } from "./additive-null.ts";
import { requireInteger } from "./argument-domain.ts";
import { canCompare, plainShares, rowsOf, smoothedShares } from "./shares.ts";

/** A Hellinger distance. */
export interface Hellinger {
  /** The distance H, from 0 to 1. */
  value: number;
  /** One term of H² (not of H) per bin, each at least 0, in the order of the input. */
  contributions: number[];
  /** H without smoothing. */
  unsmoothed: number;
}

function term(p: number, q: number): number {
  return (Math.sqrt(p) - Math.sqrt(q)) ** 2 / 2;
}

function sumOfTerms(then: readonly number[], now: readonly number[]): number[] {
  return then.map((share, bin) => term(share, now[bin]!));
}

/**
 * The Hellinger distance of two histograms over the same bins: H = √(½·Σ (√p - √q)²) = √(1 - Σ √(p·q)).
 *
 * Shapes: two lists of K counts. Zeros: as in `populationStabilityIndex`, half a row is added to every bin of each side;
 * `unsmoothed` goes without and is finite all the same. Symmetric, a metric, 0 for equal counts; without a common bin 1
 * unsmoothed. H² adds up over bins, H does not. Some texts leave out the ½ and reach √2.
 *
 * Misleads: it is a root, so noise looks large in it: 10 bins and 100 current rows average 0.10 with no drift. Compare with
 * `hellingerExpected` and `hellingerPValue`. It ignores the order of bins, and falls when bins are merged.
 *
 * Returns null when either side has no rows or there are fewer than two bins. Sides of one or two rows do get a value,
 * which is then nearly all noise. Throws a RangeError for unequal lengths and for negative or non-finite counts.
 * Cost: linear in K. Example: hellinger([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8])?.unsmoothed = 0.0681277.
 */
export function hellinger(reference: readonly number[], current: readonly number[]): Hellinger | null {
  if (!canCompare(reference, current)) return null;
  const contributions = sumOfTerms(smoothedShares(reference), smoothedShares(current));
  return {
    value: Math.min(1, Math.sqrt(rowsOf(contributions))),
    contributions,
    unsmoothed: Math.min(1, Math.sqrt(rowsOf(sumOfTerms(plainShares(reference), plainShares(current))))),
  };
}

/**
 * The distance to expect from sampling noise alone, between this reference and m rows of its own distribution: the mean of
 * H, not the root of the mean of H². For full bins H² averages (K - 1)·(1/n + 1/m)/8.
 *
 * Returns null without reference rows or with fewer than two bins. Throws a RangeError unless counts are whole and m is
 * an integer of at least 1. Cost: up to 8·√m steps a bin.
 */
export function hellingerExpected(reference: readonly number[], m: number): number | null {
  requireInteger("m", m, 1);
  return expectedSum(reference, m, term)?.root ?? null;
}

/**
 * The probability of a Hellinger distance of at least the observed one under no drift. For full bins it is
 * P(χ²_{K-1} > 8·H²/(1/n + 1/m)); elsewhere the null is found bin by bin.
 *
 * Null, errors, cost and simulated false alarms are those of `additivePValue`.
 */
export function hellingerPValue(reference: readonly number[], current: readonly number[]): number | null {
  return additivePValue(reference, current, term);
}
