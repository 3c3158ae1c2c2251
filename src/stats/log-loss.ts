/** Logarithmic loss, in terms that add up. */

import { requireProbability } from "./argument-domain.ts";

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
