/** How far a bucket lies from a reference, on the scale of a standard normal variable. */

import { requireFinite, requireInteger, requireNonNegative, requireOpenProbability } from "./argument-domain.ts";
import { regularizedBetaComplemented } from "./beta.ts";
import { logBinomialMass } from "./binomial-mass.ts";
import { normalQuantile } from "./normal.ts";

/** Tails below about 1e-308 have no quantile left; what lies further is taken to lie here. */
const FARTHEST = 37;

/** The share of sampling noise in the standard deviation of a bucket's mean; 0/0 is left to the caller. */
function noiseShare(samplingVariance: number, between: number): number {
  return Math.sqrt(samplingVariance / (samplingVariance + between));
}

/**
 * The standardised residual of a bucket's mean: (sum/n - mean)/√(variance/n + between), for `n` rows that sum to `sum`.
 *
 * `mean` and `variance` are the reference's, per row; `between` is the variance of the buckets' true means, 0 when only
 * sampling makes buckets differ. Under no change about standard normal once n is large enough for the mean to be: with
 * skewed losses and small buckets the upper tail is too heavy, and detectors alarm more often than they promise.
 *
 * Misleads: a reference of N rows is itself off by √(n/N) of these units, in the same direction in every bucket, which
 * detectors that add buckets up take for a shift: keep n below N/200. `between` does not help, being drawn anew in each
 * bucket.
 *
 * Returns null without rows, or when variance and `between` are both 0: a constant has no scale. Throws a RangeError
 * for n that is not whole and at least 0, a sum or mean that is not finite, negative variances. Cost: constant.
 */
export function meanResidual(
  { n, sum }: { n: number; sum: number },
  { mean, variance, between }: { mean: number; variance: number; between: number },
): number | null {
  requireInteger("n", n, 0);
  requireFinite("sum", sum);
  requireFinite("mean", mean);
  requireNonNegative("variance", variance);
  requireNonNegative("between", between);
  if (n === 0) return null;
  const spread = variance / n + between;
  return spread === 0 ? null : (sum / n - mean) / Math.sqrt(spread);
}

/** P(X > s) + ½·P(X = s), or the lower tail so, whichever is the smaller, for X binomial. */
function midTail(successes: number, n: number, rate: number): number {
  const failures = n - successes;
  const half = 0.5 * Math.exp(logBinomialMass(successes, failures, rate, 1 - rate));
  if (successes > n * rate) return half + (failures === 0 ? 0 : regularizedBetaComplemented(rate, 1 - rate, successes + 1, failures));
  return half + (successes === 0 ? 0 : regularizedBetaComplemented(1 - rate, rate, failures + 1, successes));
}

/**
 * The standardised residual of a bucket's rate, `successes` of `n` rows where `rate` is usual: z = Φ⁻¹ of the binomial
 * mid-p tail, Φ⁻¹(P(X < s) + ½·P(X = s)), reckoned from the smaller tail.
 *
 * Nearer to a standard normal variable than (s - n·p)/√(n·p(1 - p)), whose upper tail is too heavy for rare events:
 * with p = 0.02 and 100 rows, 8 errors are 4.3 of those units and 3.3 of these. `between`, the variance of the buckets'
 * true rates (0 when only sampling makes buckets differ), shrinks z by √(v/(v + between)), v = p(1 - p)/n.
 *
 * Misleads: as `meanResidual` about a small reference; and a bucket that expects less than one success can hardly lie
 * below. A reference rate of exactly 0 or 1 makes any exception impossible: smooth it, (k + ½)/(N + 1).
 *
 * z stays within ±37. Returns null without rows. Throws a RangeError unless 0 <= successes <= n are whole, 0 < rate < 1
 * and between >= 0. Cost: up to about 10·√n steps.
 */
export function rateResidual(
  { n, successes }: { n: number; successes: number },
  { rate, between }: { rate: number; between: number },
): number | null {
  requireInteger("n", n, 0);
  requireInteger("successes", successes, 0);
  if (successes > n) throw new RangeError(`a bucket has ${successes} successes in ${n} rows`);
  requireOpenProbability("rate", rate);
  requireNonNegative("between", between);
  if (n === 0) return null;
  const size = Math.min(FARTHEST, -normalQuantile(midTail(successes, n, rate)));
  return (successes > n * rate ? size : -size) * noiseShare((rate * (1 - rate)) / n, between);
}
