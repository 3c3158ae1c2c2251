/** The Kullback-Leibler divergence of the current histogram from the reference, and what chance makes of it. */

import { additivePValue, expectedSum } from "./additive-null.ts";
import { requireInteger } from "./argument-domain.ts";
import { canCompare, plainShares, rowsOf, smoothedShares } from "./shares.ts";

/** A Kullback-Leibler divergence, in nats. */
export interface KullbackLeibler {
  /** Σ of `contributions`, at least 0; no upper bound. */
  value: number;
  /** One term per bin, q·ln(q/p) - q + p, each at least 0, in the order of the input. */
  contributions: number[];
  /** The divergence without smoothing; null when it is infinite, i.e. when current rows fall in a bin the reference leaves empty. */
  unsmoothed: number | null;
}

/** q·ln(q/p) - q + p. The last two cancel in the sum over bins; with them no bin's part is negative. */
function term(p: number, q: number): number {
  if (p === q) return 0;
  // Rounding can leave a term that is 0 or more in theory a hair below.
  return Math.max(0, (q === 0 ? 0 : q * Math.log(q / p)) - q + p);
}

function sumOfTerms(then: readonly number[], now: readonly number[]): number[] {
  return then.map((share, bin) => term(share, now[bin]!));
}

/**
 * The Kullback-Leibler divergence of the current rows from the reference, KL(current ‖ reference) = Σ q·ln(q/p) in nats,
 * p the reference's shares and q the current ones: the information lost when the reference is taken to describe the
 * current rows. `scipy.stats.entropy(q, p)`. Not symmetric: some tools report KL(reference ‖ current), which is this
 * function with its arguments swapped; the two add up to the population stability index.
 *
 * Shapes: two lists of K counts. Zeros: as in `populationStabilityIndex`, half a row is added to every bin of each side,
 * so the value is finite and continuous in the counts. Contributions are q·ln(q/p) - q + p rather than q·ln(q/p), which is
 * negative for bins that lost rows though they drifted too; the sum is the same.
 *
 * Misleads: bins that appear weigh heavily, bins that vanish hardly (a bin gone costs its share p at most). Where the
 * reference is nearly empty, the value hangs on the half row. Compare with `kullbackLeiblerExpected` and
 * `kullbackLeiblerPValue`. It ignores the order of bins, and falls when bins are merged.
 *
 * Returns null when either side has no rows or there are fewer than two bins. Sides of one or two rows do get a value,
 * which is then nearly all noise. Throws a RangeError for unequal lengths and for negative or non-finite counts.
 * Cost: linear in K. Example: kullbackLeibler([1, 1], [1, 0])?.unsmoothed = ln 2.
 */
export function kullbackLeibler(reference: readonly number[], current: readonly number[]): KullbackLeibler | null {
  if (!canCompare(reference, current)) return null;
  const contributions = sumOfTerms(smoothedShares(reference), smoothedShares(current));
  const unsmoothed = rowsOf(sumOfTerms(plainShares(reference), plainShares(current)));
  return { value: rowsOf(contributions), contributions, unsmoothed: Number.isFinite(unsmoothed) ? unsmoothed : null };
}

/**
 * The divergence to expect from sampling noise alone, in nats, between this reference and m rows of its own distribution.
 * For full bins (K - 1)·(1/n + 1/m)/2; `expectedSum` says how rare bins are met.
 *
 * Returns null without reference rows or with fewer than two bins. Throws a RangeError unless counts are whole and m is
 * an integer of at least 1. Cost: up to 8·√m steps a bin.
 */
export function kullbackLeiblerExpected(reference: readonly number[], m: number): number | null {
  requireInteger("m", m, 1);
  return expectedSum(reference, m, term)?.mean ?? null;
}

/**
 * The probability of a divergence of at least the observed one under no drift. For full bins it is
 * P(χ²_{K-1} > 2·value/(1/n + 1/m)); elsewhere the null is found bin by bin.
 *
 * Null, errors, cost and simulated false alarms are those of `additivePValue`.
 */
export function kullbackLeiblerPValue(reference: readonly number[], current: readonly number[]): number | null {
  return additivePValue(reference, current, term);
}
