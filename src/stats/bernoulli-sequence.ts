/** Exact confidence sequences of proportions, for counts too small for a normal limit. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { differenceSequence, proportionDifference, type ConfidenceSequence, type SuccessCount } from "./confidence-sequence.ts";
import { logGamma } from "./gamma.ts";
import { normalMixtureScale } from "./normal-mixture.ts";

/** The prior never weighs less than this many rows. */
const LEAST_PRIOR_ROWS = 1e-3;

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/**
 * ln of the e-value of `successes` in `n` rows against the rate `p`: the beta-binomial mixture.
 *
 * ln[B(c·p + s, c·(1 - p) + n - s)/B(c·p, c·(1 - p))] - s·ln p - (n - s)·ln(1 - p): the likelihood of rates drawn from
 * a beta distribution around p, of c rows, over that of p. c = max(κ - 1, 0.001) with κ = tunedRows/(2·ln(1/α) + ln(1 +
 * 2·ln(1/α))), Howard and others' (2021) choice. A martingale of mean 1 under p, so that it ever reaches 1/alpha with
 * probability at most alpha: exactly, for one row as for a million. n = 0 gives 0. Throws a RangeError unless 0 <=
 * successes <= n are whole, 0 < p < 1, 0 < alpha < 1, tunedRows > 0. Cost: constant. Example: bernoulliLogE(135, 625,
 * 0.2, 0.05, 625) = -0.6941012.
 */
export function bernoulliLogE({ successes, n }: SuccessCount, p: number, alpha: number, tunedRows: number): number {
  requireInteger("n", n, 0);
  requireInteger("successes", successes, 0);
  if (successes > n) throw new RangeError(`${successes} successes in ${n} rows`);
  requireOpenProbability("p", p);
  const prior = Math.max(normalMixtureScale(tunedRows, alpha) - 1, LEAST_PRIOR_ROWS);
  const failures = n - successes;
  const mixed = logBeta(prior * p + successes, prior * (1 - p) + failures) - logBeta(prior * p, prior * (1 - p));
  return mixed - successes * Math.log(p) - failures * Math.log1p(-p);
}

/** Where ln e crosses `threshold` between `inside`, where it is below, and `outside`, an end of [0, 1]. */
function crossing(count: SuccessCount, outside: number, inside: number, alpha: number, tunedRows: number): number {
  const threshold = -Math.log(alpha);
  let beyond = outside;
  let within = inside;
  for (let step = 0; step < 60; step++) {
    const middle = (beyond + within) / 2;
    if (middle === beyond || middle === within) break;
    if (bernoulliLogE(count, middle, alpha, tunedRows) > threshold) beyond = middle;
    else within = middle;
  }
  return beyond;
}

/**
 * The exact confidence sequence of a proportion: all p that `bernoulliLogE` has not rejected at alpha.
 *
 * Holds the true rate at every look at once, with probability at least 1 - alpha, from the first row on. The ends lie
 * in [0, 1], the low one 0 without successes and the high one 1 without failures; one row says nothing, [0, 1]. Rows
 * must be independent. Returns null for n = 0. Errors as `bernoulliLogE`. Cost: about 120 times that. Example:
 * bernoulliSequence({ successes: 700, n: 1000 }, 0.05, 100) = [0.651629, 0.745949].
 */
export function bernoulliSequence(count: SuccessCount, alpha: number, tunedRows: number): [number, number] | null {
  requireInteger("n", count.n, 0);
  if (count.n === 0) return null;
  const share = count.successes / count.n;
  const low = share === 0 ? 0 : crossing(count, 0, share, alpha, tunedRows);
  const high = share === 1 ? 1 : crossing(count, 1, share, alpha, tunedRows);
  return [low, high];
}

/**
 * The exact confidence sequence of a difference of two proportions, challenger less champion: the two rates' own
 * sequences, each at alpha/2 and tuned for half of `tunedRows`, taken against each other.
 *
 * Valid for any counts where `differenceSequence` needs its normal limit, at the price of width: about 1.5 times as
 * wide. Lies in [-1, 1]. Returns null when either side has no rows. Errors as `bernoulliLogE`. Cost: about 240 times
 * that.
 */
export function bernoulliDifferenceSequence(
  champion: SuccessCount,
  challenger: SuccessCount,
  alpha: number,
  tunedRows: number,
): ConfidenceSequence | null {
  const first = bernoulliSequence(champion, alpha / 2, tunedRows / 2);
  const second = bernoulliSequence(challenger, alpha / 2, tunedRows / 2);
  if (first === null || second === null) return null;
  return {
    difference: challenger.successes / challenger.n - champion.successes / champion.n,
    low: second[0] - first[1],
    high: second[1] - first[0],
    rows: champion.n + challenger.n,
    alpha,
    tunedRows,
  };
}

/**
 * The confidence sequence of a difference of two proportions that may be followed from the first row on:
 * `bernoulliDifferenceSequence` while the counts are small, `differenceSequence` once there are 20 successes and 20
 * failures on either side.
 *
 * Simulated, 720 hourly looks, no difference, alpha 0.05, months in which it ever leaves 0 out: at most 4 % for rates
 * from 0.002 to 0.3, 200 rows a side and hour or 380 and 20, tuned for 5,000 to 288,000 rows (300 months each).
 *
 * Misleads as both: by the sum of the two promises the chance of ever leaving the truth out could be 2·alpha, which
 * nothing simulated comes near. Null, errors and cost as the two.
 */
export function proportionSequence(
  champion: SuccessCount,
  challenger: SuccessCount,
  alpha: number,
  tunedRows: number,
): ConfidenceSequence | null {
  const estimate = proportionDifference(champion, challenger);
  if (estimate === null) return null;
  return differenceSequence(estimate, alpha, tunedRows) ?? bernoulliDifferenceSequence(champion, challenger, alpha, tunedRows);
}
