/** The total variation distance of two histograms, and what chance makes of it. */

import { absoluteCorrelation } from "./absolute-correlation.ts";
import { likelyTotals } from "./additive-null.ts";
import { requireInteger } from "./argument-domain.ts";
import { gammaTail } from "./gamma-tail.ts";
import { gatherRareBins } from "./gather-rare.ts";
import { dealtChange, dealtChangeSf } from "./hypergeometric.ts";
import { canCompare, plainShares, requireWholeCounts, rowsOf } from "./shares.ts";

/** With fewer expected rows than this on the smaller side, bins are joined before they are tested. */
const LEAST_EXPECTED = 5;
/** Less of the variance than this is rounding. */
const NO_MATTER = 1e-15;

/** A total variation distance. */
export interface TotalVariation {
  /** From 0 to 1; Σ of `contributions`. */
  value: number;
  /** ½·|p - q| of every bin, in the order of the input. */
  contributions: number[];
}

/**
 * The total variation distance of two histograms over the same bins: ½·Σ |p - q|, the share of rows that would have to
 * change bins to make the one the other; also the largest change of share of any set of bins.
 *
 * Shapes: two lists of K counts, whole or weighted. Zeros need no care and nothing is smoothed. Symmetric, a metric, 0 for
 * proportional counts, 1 when no bin holds rows of both.
 *
 * Misleads: noise grows with √K: 50 equal categories and 100 current rows average 0.27 with no drift. Compare with
 * `totalVariationExpected` and `totalVariationPValue`. It ignores the order of bins, and falls when bins are merged.
 *
 * Returns null when either side has no rows or there are fewer than two bins. Sides of one or two rows do get a value,
 * which is then nearly all noise. Throws a RangeError for unequal lengths and for negative or non-finite counts.
 * Cost: linear in K. Example: totalVariation([50, 30, 20], [40, 35, 25])?.value = 0.1.
 */
export function totalVariation(reference: readonly number[], current: readonly number[]): TotalVariation | null {
  if (!canCompare(reference, current)) return null;
  const now = plainShares(current);
  const contributions = plainShares(reference).map((share, bin) => Math.abs(share - now[bin]!) / 2);
  return { value: Math.min(1, rowsOf(contributions)), contributions };
}

/**
 * The distance to expect from sampling noise alone, between this reference and m rows of its own distribution:
 * ½·Σ E|p_j - q_j|, each exact for rows dealt at random (`dealtChange`). For full bins it is
 * √(1/n + 1/m)·Σ √(p_j·(1 - p_j)/(2π)). Simulated: within 3% of the average against 5000 reference rows; against a
 * reference no larger than the window up to 40% too small when bins hold about one row (see `expectedSum`).
 *
 * Returns null without reference rows or with fewer than two bins. Throws a RangeError unless counts are whole and m is
 * an integer of at least 1. Cost: linear in K.
 */
export function totalVariationExpected(reference: readonly number[], m: number): number | null {
  requireInteger("m", m, 1);
  if (!canCompare(reference, reference)) return null;
  requireWholeCounts(reference, reference);
  const n = rowsOf(reference);
  return rowsOf(likelyTotals(reference, m).map((total) => dealtChange(total, n, m).mean / 2));
}

/** Mean and variance of Σ_j |p_j - q_j| for bins of these totals. */
function dealtMoments(totals: readonly number[], n: number, m: number): { mean: number; variance: number } {
  const changes = totals.map((total) => dealtChange(total, n, m));
  let variance = rowsOf(changes.map((change) => change.variance));
  // The correlation of two bins' counts is -√(odds_i·odds_j), so each power of it splits the sum over pairs into squares.
  const reach = changes.map((change) => Math.sqrt(change.variance));
  const odds = totals.map((total) => total / (n + m - total));
  for (const weight of absoluteCorrelation) {
    let sum = 0;
    let squares = 0;
    for (let bin = 0; bin < reach.length; bin++) {
      const one = reach[bin]! * odds[bin]!;
      reach[bin] = one;
      sum += one;
      squares += one * one;
    }
    variance += weight * (sum * sum - squares);
    if (sum * sum < NO_MATTER * variance) break;
  }
  return { mean: rowsOf(changes.map((change) => change.mean)), variance };
}

/** The rows of a set of bins that makes up about half of all: the fullest bin first, each to the emptier half. */
function fullerHalf(totals: readonly number[]): number {
  let fuller = 0;
  let emptier = 0;
  for (const total of totals.toSorted((a, b) => b - a)) {
    emptier += total;
    if (emptier > fuller) [fuller, emptier] = [emptier, fuller];
  }
  return fuller;
}

/**
 * The probability of a distance of at least the observed one under no drift, given the total of every bin.
 *
 * Bins that expect fewer than 5 rows on the smaller side are joined first (`gatherRareBins`). The mean of Σ |p - q| when
 * rows are dealt at random is then exact, as is each bin's variance; covariances are those of normal variables of the
 * bins' correlations. A gamma variable of that mean and variance gives the tail: somewhat heavier than the
 * true one, so conservative. From below it is bounded by P(|p(A) - q(A)| >= value) for one set A of bins of about half
 * the rows: that is exact, and no p-value of the distance can be smaller, since the distance is at least that change. With
 * two bins left the bound is the answer, and exact.
 *
 * Since few rows make the distance move in steps, a quarter of a step, (1/n + 1/m)/4, is taken off it before the gamma tail.
 * Simulated false alarms at a nominal 5%, 1% and 0.1%, 10,000 runs for each of 48 cases (2 to 200 bins: equal, Zipf and rare
 * ones; 20 to 200 rows against 2000, 50 against 50 and 300 against 300): at most 4.9, 1.0 and 0.11%; mostly 3.2 to 4.4, 0.3 to
 * 0.7 and 0.02%, and 0 where joining leaves nothing.
 *
 * Misleads: a change between bins that were joined is not seen. Rows are taken as independent and bins as fixed beforehand;
 * autocorrelated rows make it far too small.
 *
 * Returns null when either side has no rows or fewer than two bins are left after joining. Throws a RangeError for unequal
 * lengths and counts that are not whole. Cost: K·ln K, and a few standard deviations of steps.
 */
export function totalVariationPValue(reference: readonly number[], current: readonly number[]): number | null {
  if (!canCompare(reference, current)) return null;
  requireWholeCounts(reference, current);
  const gathered = gatherRareBins(reference, current, LEAST_EXPECTED);
  if (gathered.reference.length < 2) return null;
  const n = rowsOf(reference);
  const m = rowsOf(current);
  const distance = totalVariation(gathered.reference, gathered.current)?.value ?? 0;
  const totals = gathered.reference.map((count, bin) => count + gathered.current[bin]!);
  const ofHalf = dealtChangeSf(distance, fullerHalf(totals), n, m);
  if (totals.length === 2) return ofHalf;
  const { mean, variance } = dealtMoments(totals, n, m);
  const step = 1 / n + 1 / m;
  return Math.max(ofHalf, gammaTail(2 * (distance - step / 4), mean, variance));
}
