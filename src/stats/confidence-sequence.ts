/** The difference between two versions, with an interval that may be looked at as often as one likes. */

import { requireFinite, requireInteger, requireNonNegative } from "./argument-domain.ts";
import { normalMixtureBound, normalMixtureLogE, normalMixtureScale } from "./normal-mixture.ts";

/** A challenger less its champion, estimated. */
export interface EstimatedDifference {
  difference: number;
  /** The standard error of `difference`. */
  standardError: number;
  /** Rows behind it, both versions together; pairs, where the versions were asked the same. */
  rows: number;
  /** Whether there are so many that the normal limit holds at every look, not only at a typical one. */
  isLarge: boolean;
}

/** Successes and failures that either side needs for that. */
export const LARGE_OUTCOMES = 20;

/** Successes among rows: correct answers, errors, clicks. */
export interface SuccessCount {
  successes: number;
  n: number;
}

/** An interval that holds the true difference at every look at once, with probability 1 - alpha. */
export interface ConfidenceSequence {
  difference: number;
  low: number;
  high: number;
  /** As in `EstimatedDifference`. */
  rows: number;
  alpha: number;
  /** The number of rows at which the interval is the tightest that it could be. */
  tunedRows: number;
}

/**
 * The difference of two proportions, challenger less champion, with its standard error √(v₁ + v₂), v = p̃(1 - p̃)/n.
 *
 * p̃ = (s + ½)/(n + 1) in the error only, so that no errors yet is not certainty; `difference` is that of the raw
 * shares. Large with 20 successes and 20 failures on either side. One row a side is answered, if with an error of no
 * meaning. Returns null when either side has no rows. Throws a RangeError unless 0 <= successes <= n are whole. Cost:
 * constant.
 */
export function proportionDifference(champion: SuccessCount, challenger: SuccessCount): EstimatedDifference | null {
  for (const { successes, n } of [champion, challenger]) {
    requireInteger("n", n, 0);
    requireInteger("successes", successes, 0);
    if (successes > n) throw new RangeError(`${successes} successes in ${n} rows`);
  }
  if (champion.n === 0 || challenger.n === 0) return null;
  return {
    difference: challenger.successes / challenger.n - champion.successes / champion.n,
    standardError: Math.sqrt(smoothedVariance(champion) + smoothedVariance(challenger)),
    rows: champion.n + challenger.n,
    isLarge: [champion, challenger].every(({ successes, n }) => Math.min(successes, n - successes) >= LARGE_OUTCOMES),
  };
}

function smoothedVariance({ successes, n }: SuccessCount): number {
  const share = (successes + 0.5) / (n + 1);
  return (share * (1 - share)) / n;
}

function requireEstimate({ difference, standardError, rows }: EstimatedDifference): void {
  requireFinite("the difference", difference);
  requireNonNegative("the standard error", standardError);
  requireInteger("rows", rows, 1);
}

/**
 * The asymptotic confidence sequence of a difference (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, arXiv
 * 2103.06476): difference ± se/√N·B(N), B the two-sided normal-mixture boundary tuned for `tunedRows`. With s² = se²·N
 * and r² = 1/ρ it is the familiar difference ± √s²·√(2(N·r² + 1)/(N·r)²·ln(√(N·r² + 1)/alpha)).
 *
 * For any difference with a normal limit and an honest standard error: proportions, means (`welchTest`), areas under
 * the curve, paired answers (`mcNemar`). Look after every bucket and stop when you like: the chance that it ever leaves
 * the true difference out is alpha, where a fixed-size 95 % interval looked at hourly for a month leaves it out half
 * the time. The price is width: at N = tunedRows it is 1.55 times as wide as the fixed one (alpha 0.05). Set
 * `tunedRows` to where a decision is hoped for, once, in advance: chosen anew from the data it voids the guarantee.
 *
 * Simulated, 720 hourly looks, 200 rows a side and hour, no difference, alpha 0.05, months in which it ever leaves 0
 * out: 0 to 4 % for rates from 0.002 to 0.3, tuned for 5,000 to 288,000 rows (300 months each; a z test at 5 %: 40 to
 * 51 %). A standard error from little data is often too small just when the difference is large, and one side may be
 * little however many rows there are: with 5 % of the traffic or less for the challenger, looking from the first row
 * on, 8 to 16 % left 0 out. Hence `isLarge`, before which there is no answer (`proportionSequence` has an exact one):
 * with it at most 2.9 % for proportions, 3.3 % for normal, exponential, log-normal and log losses, 4.0 % for areas, 3.0
 * % for paired answers.
 *
 * Misleads: rows that depend on each other make it too narrow; both versions must see the same traffic at the same
 * time, or the difference is the traffic's. Intervals wander: a narrower earlier one still holds.
 *
 * Returns null before the estimate is large, and for a standard error of 0: nothing has varied yet, which is not
 * certainty. Throws a RangeError unless the difference is finite, rows >= 1 whole, tunedRows > 0 and 0 < alpha < 1.
 * Cost: constant.
 */
export function differenceSequence(estimate: EstimatedDifference, alpha: number, tunedRows: number): ConfidenceSequence | null {
  requireEstimate(estimate);
  const { difference, standardError, rows, isLarge } = estimate;
  const reach = (standardError / Math.sqrt(rows)) * normalMixtureBound(rows, normalMixtureScale(tunedRows, alpha), alpha);
  if (!isLarge || standardError === 0) return null;
  return { difference, low: difference - reach, high: difference + reach, rows, alpha, tunedRows };
}

/**
 * ln of the e-value against a true difference of 0: Z²·N/(2(N + ρ)) - ½·ln(1 + N/ρ), Z = difference/se.
 *
 * At least ln(1/alpha) exactly when `differenceSequence` of the same arguments leaves 0 out. An e-value is a stake won
 * against the hypothesis: 20 means twenty to one, at any look. Keep the largest seen and give it to `alwaysValidP`.
 * Null, errors, cost and what misleads as there.
 */
export function differenceLogE(estimate: EstimatedDifference, alpha: number, tunedRows: number): number | null {
  requireEstimate(estimate);
  const { difference, standardError, rows, isLarge } = estimate;
  const rho = normalMixtureScale(tunedRows, alpha);
  // The sum of the rows' parts in units of a row's standard deviation se·√N: difference·N/(se·√N).
  return !isLarge || standardError === 0 ? null : normalMixtureLogE((difference / standardError) * Math.sqrt(rows), rows, rho);
}

/**
 * The p-value that holds at every look: min(1, exp(-maxLogE)), of the largest ln e seen so far (start from 0).
 *
 * At most α ever with probability at most α, if nothing is different. It never rises, unlike the evidence: a p-value of
 * 0.01 last week says nothing of today. Throws a RangeError unless maxLogE is a number at least 0. Cost: constant.
 */
export function alwaysValidP(maxLogE: number): number {
  requireNonNegative("maxLogE", maxLogE);
  return Math.exp(-maxLogE);
}
