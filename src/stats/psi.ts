/** The population stability index and its distribution when nothing has changed. */

import { additivePValue } from "./additive-null.ts";
import { requireInteger, requirePairedCounts } from "./argument-domain.ts";
import { smoothedShares } from "./shares.ts";

/** A population stability index, in nats. */
export interface PopulationStability {
  /** Σ of `contributions`, at least 0. */
  value: number;
  /** One term per bin, each at least 0, in the order of the input. */
  contributions: number[];
  /** The same sum without smoothing; null when it is infinite, i.e. when some bin is empty on one side only. */
  unsmoothed: number | null;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** (a - b)·ln(a/b), the symmetrised divergence of one share; infinite when exactly one of the two is 0. */
function shareTerm(a: number, b: number): number {
  return a === b ? 0 : (a - b) * Math.log(a / b);
}

/**
 * The population stability index of two histograms over the same bins: Σ (p - q)·ln(p/q), in nats, where p and q are
 * the shares of each bin. It is Jeffreys' divergence, symmetric in its arguments, 0 for equal shares.
 *
 * Shapes: two lists of K counts (whole or weighted, at least 0). Zeros: half a row is added to every bin of each side
 * and the shares renormalised, p = (a + ½)/(n + K/2), so the value is finite, continuous in the counts and, under no
 * drift, close to (1/n + 1/m)·χ² with K - 1 degrees of freedom. No other floor is applied.
 * Missing rows are the caller's business: a bin of their own, or left out.
 *
 * Misleads: the folklore limits 0.1 and 0.25 mean nothing without the sizes. With 10 bins and 100 current rows the
 * value averages 0.09 with no drift at all; compare with `psiExpected` and `psiPValue`. Bins chosen from the
 * current data make it drift by themselves. A value falls when bins are merged.
 *
 * Returns null when either side has no rows or there are fewer than two bins (one bin cannot change). Sides of one or
 * two rows do get a value, which is then nearly all noise. Throws a RangeError for unequal lengths and for negative
 * or non-finite counts. Cost: linear in K.
 * Example: populationStabilityIndex([50, 30, 20], [40, 35, 25])?.unsmoothed = 0.041179066688494366.
 */
export function populationStabilityIndex(reference: readonly number[], current: readonly number[]): PopulationStability | null {
  requirePairedCounts(reference, current);
  const bins = reference.length;
  const n = total(reference);
  const m = total(current);
  if (bins < 2 || n === 0 || m === 0) return null;
  const now = smoothedShares(current);
  const contributions = smoothedShares(reference).map((share, bin) => shareTerm(share, now[bin]!));
  const raw = total(reference.map((count, bin) => shareTerm(count / n, current[bin]! / m)));
  return {
    value: total(contributions),
    contributions,
    unsmoothed: Number.isFinite(raw) ? raw : null,
  };
}

/**
 * The index to expect from sampling noise alone: (K - 1)·(1/n + 1/m), in nats, for K bins, n reference rows and m
 * current rows drawn from one distribution. The noise floor of a chart.
 *
 * First order in 1/n and 1/m: trust it when every bin expects about five rows on both sides.
 * Throws a RangeError unless bins >= 2 and both sizes >= 1 are integers. Cost: constant.
 */
export function psiExpected(bins: number, n: number, m: number): number {
  requireInteger("bins", bins, 2);
  requireInteger("n", n, 1);
  requireInteger("m", m, 1);
  return (bins - 1) * (1 / n + 1 / m);
}

/**
 * The probability of an index of at least the observed one under no drift, given the total of every bin. For full bins
 * it is P(χ²_{K-1} > value/(1/n + 1/m)); elsewhere, where that form gives anything from 0 to 13 % false alarms at a
 * nominal 5 % (unused bins, Zipf categories), the null is found bin by bin.
 *
 * Null, errors, cost and what misleads are those of `additivePValue`: rare bins are joined before they are tested, so a
 * change between them goes unseen (`orRareChange` looks at them as well).
 */
export function psiPValue(reference: readonly number[], current: readonly number[]): number | null {
  return additivePValue(reference, current, shareTerm);
}
