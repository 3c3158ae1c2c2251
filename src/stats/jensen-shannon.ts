/** The Jensen-Shannon divergence of two histograms, and what chance makes of it. */

import { additivePValue, expectedSum } from "./additive-null.ts";
import { requireInteger } from "./argument-domain.ts";
import { canCompare, plainShares, rowsOf, smoothedShares } from "./shares.ts";

/** A Jensen-Shannon divergence. */
export interface JensenShannon {
  /** The divergence in nats, from 0 to ln 2 = 0.693; Σ of `contributions`. */
  value: number;
  /** √(value/ln 2), the distance with logarithms to base 2, from 0 to 1. */
  distance: number;
  /** One term per bin in nats, each at least 0, in the order of the input. */
  contributions: number[];
  /** The divergence in nats without smoothing. */
  unsmoothed: number;
}

/** share·ln(share/middle), 0 for an empty share. */
function surprise(share: number, middle: number): number {
  return share === 0 ? 0 : share * Math.log(share / middle);
}

function term(p: number, q: number): number {
  const middle = (p + q) / 2;
  // Rounding can leave a sum that is 0 or more in theory a hair below.
  return p === q ? 0 : Math.max(0, (surprise(p, middle) + surprise(q, middle)) / 2);
}

function sumOfTerms(then: readonly number[], now: readonly number[]): number[] {
  return then.map((share, bin) => term(share, now[bin]!));
}

/**
 * The Jensen-Shannon divergence of two histograms over the same bins: ½·KL(p‖h) + ½·KL(q‖h) with h = (p + q)/2.
 *
 * `value` is the divergence in nats, `distance` the square root of the divergence in bits, which is a metric. Tools differ:
 * `scipy.spatial.distance.jensenshannon` gives the root of nats by default (`distance`·√ln 2 = 0.833·`distance`).
 * Shapes: two lists of K counts. Zeros: as in `populationStabilityIndex`, half a row is added to every bin of each
 * side; `unsmoothed` goes without and is finite all the same. Symmetric; 0 for equal counts. Two histograms without a
 * common bin reach ln 2 unsmoothed, however far apart on the line: it knows no order of bins.
 *
 * Misleads: the distance is a root, so noise looks large in it: 10 bins and 100 current rows average 0.12 with no drift
 * at all. Compare with `jensenShannonExpected` and `jensenShannonPValue`. It falls when bins are merged.
 *
 * Returns null when either side has no rows or there are fewer than two bins. Sides of one or two rows do get a value,
 * which is then nearly all noise. Throws a RangeError for unequal lengths and for negative or non-finite counts.
 * Cost: linear in K. Example: jensenShannon([1, 0], [1, 1])?.unsmoothed = 0.2157615543388357.
 */
export function jensenShannon(reference: readonly number[], current: readonly number[]): JensenShannon | null {
  if (!canCompare(reference, current)) return null;
  const contributions = sumOfTerms(smoothedShares(reference), smoothedShares(current));
  const value = Math.min(Math.LN2, rowsOf(contributions));
  return {
    value,
    distance: Math.sqrt(value / Math.LN2),
    contributions,
    unsmoothed: Math.min(Math.LN2, rowsOf(sumOfTerms(plainShares(reference), plainShares(current)))),
  };
}

/**
 * The divergence (nats) and the distance (base 2) to expect from sampling noise alone, between this reference and m rows
 * of its own distribution. For full bins the divergence is (K - 1)·(1/n + 1/m)/8; `expectedSum` says how rare bins are met.
 *
 * Returns null without reference rows or with fewer than two bins. Throws a RangeError unless counts are whole and m is
 * an integer of at least 1. Cost: up to 8·√m steps a bin.
 */
export function jensenShannonExpected(reference: readonly number[], m: number): { divergence: number; distance: number } | null {
  requireInteger("m", m, 1);
  const expected = expectedSum(reference, m, term);
  return expected && { divergence: expected.mean, distance: expected.root / Math.sqrt(Math.LN2) };
}

/**
 * The probability of a Jensen-Shannon divergence (or distance: it is the same question) of at least the observed one
 * under no drift. For full bins it is P(χ²_{K-1} > 8·value/(1/n + 1/m)); elsewhere the null is found bin by bin.
 *
 * Null, errors, cost and simulated false alarms are those of `additivePValue`.
 */
export function jensenShannonPValue(reference: readonly number[], current: readonly number[]): number | null {
  return additivePValue(reference, current, term);
}
