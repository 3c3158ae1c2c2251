/** Logarithmic loss, from terms that add up. */

import { requireFinite, requireInteger, requireNonNegative, requireOpenProbability, requireProbability } from "./argument-domain.ts";
import { studentTQuantile } from "./student-t.ts";

/**
 * The log loss of one row, in nats: -ln of the probability that the score gave to what happened.
 *
 * With q = score for a positive and 1 - score for a negative: -ln(min(max(q, ε), 1 - ε)), ε = 2⁻⁵² (the double
 * precision epsilon), as scikit-learn's `log_loss` clips. From 2.2e-16 to 36.04; a confident mistake costs 36, not ∞,
 * and one such row weighs as much as 50 coin tosses. Throws a RangeError outside [0, 1] and for NaN. Cost: constant.
 */
export function logLossTerm(score: number, positive: boolean): number {
  requireProbability("score", score);
  const given = positive ? score : 1 - score;
  return -Math.log(Math.min(Math.max(given, Number.EPSILON), 1 - Number.EPSILON));
}

/** Sums over rows; sums of disjoint sets of rows merge by adding. */
export interface LossSums {
  /** Rows. */
  n: number;
  /** Σ of `logLossTerm`. */
  sum: number;
  /** Σ of its squares. */
  sumOfSquares: number;
}

/**
 * The mean log loss in nats and its confidence interval.
 *
 * mean ± t·s/√n, s² = (Σℓ² - (Σℓ)²/n)/(n - 1), t Student's quantile with n - 1 degrees of freedom; the lower end is at
 * least 0, which no loss undercuts. The raw sums are safe here because the terms spread about as far as their mean.
 *
 * Misleads: losses are skewed (a few rows near 36), so below some hundred rows the interval undercovers upwards; and the
 * scale depends on the prevalence (always answering it scores its entropy): compare with the same population.
 *
 * Returns null for n = 0; `ci` is null for n = 1. Equal terms give an interval of width 0. Throws a RangeError unless n
 * is a whole number, the sums are finite and at least 0, and 0 < confidence < 1. Cost: constant (one t quantile).
 */
export function logLossFromSums(sums: LossSums, confidence: number): { value: number; ci: [number, number] | null } | null {
  const { n, sum, sumOfSquares } = sums;
  requireInteger("n", n, 0);
  requireNonNegative("sum", sum);
  requireNonNegative("sumOfSquares", sumOfSquares);
  requireOpenProbability("confidence", confidence);
  if (n === 0) return null;
  const value = sum / n;
  if (n === 1) return { value, ci: null };
  const variance = Math.max(0, sumOfSquares - sum * value) / (n - 1);
  const reach = -studentTQuantile((1 - confidence) / 2, n - 1) * Math.sqrt(variance / n);
  requireFinite("the interval", reach);
  return { value, ci: [Math.max(0, value - reach), value + reach] };
}
