/** A share of weighted rows with Wilson's interval. */

import { requireOpenProbability } from "./argument-domain.ts";
import { normalHalfWidth } from "./normal.ts";
import { addWeights, effectiveRows, type Estimate, type Weight } from "./weighted-rows.ts";

/**
 * Wilson's score interval for a share seen in a real number of rows.
 *
 * As `wilsonInterval`, whose values it has at whole numbers; here for effective numbers of rows. Ends are 0 and 1
 * exactly at shares 0 and 1. The caller checks 0 <= share <= 1, rows > 0. Cost: constant.
 */
export function wilsonOfShare(share: number, rows: number, confidence: number): [number, number] {
  const z = normalHalfWidth(confidence);
  const square = z * z;
  const centre = share * rows + square / 2;
  const reach = z * Math.sqrt(rows * share * (1 - share) + square / 4);
  // Where the plain lower end would subtract near-equals, the product of the ends gives it instead.
  const low = (share * share * rows) / (centre + reach);
  return [low, share === 1 ? 1 : Math.min(1, (centre + reach) / (rows + square))];
}

/**
 * The share p = S/(S + F) of weighted rows that are successes, with its standard error and Wilson's interval.
 *
 * The variance is that of a ratio, (Σ_S w²·(1 - p)² + Σ_F w²·p²)/(Σw)²; the interval is Wilson's for as many rows as
 * give a plain share this variance, p(1 - p)/variance. With weights unrelated to success that is Kish's (Σw)²/Σw²,
 * which is used as such at p = 0 and p = 1, where the variance is 0. Where weights go with success Kish's number
 * misleads: with negatives sampled 1 in 10 and weighted 10 it makes the variance of a precision of 1/11 five times too
 * large, and with weights the other way round five times too small.
 *
 * Equal weights of any size give what `wilsonInterval` gives for the rows. Returns null without rows; one row gives a
 * wide interval and standardError 0. Throws a RangeError unless 0 < confidence < 1; the caller checks the weights.
 * Cost: constant.
 */
export function weightedShare(successes: Weight, failures: Weight, confidence: number): Estimate | null {
  requireOpenProbability("confidence", confidence);
  const all = addWeights(successes, failures);
  if (all.sum === 0) return null;
  const value = successes.sum / all.sum;
  const variance = (successes.square * (failures.sum / all.sum) ** 2 + failures.square * value ** 2) / all.sum / all.sum;
  const rows = variance === 0 ? effectiveRows(all) : (value * (failures.sum / all.sum)) / variance;
  return { value, standardError: Math.sqrt(variance), ci: wilsonOfShare(value, rows, confidence) };
}

/**
 * F1 = 2h/(2h + m) of h hits and m rows that are missed or wrongly claimed, with its interval: that of the share j =
 * h/(h + m), carried through 2j/(1 + j), as `f1` explains. The standard error is carried to first order, 2/(1 + j)².
 *
 * 0 when all are misses; null when there is neither. Errors and cost as `weightedShare`.
 */
export function f1OfShare(hit: Weight, missedOrWrong: Weight, confidence: number): Estimate | null {
  const jaccard = weightedShare(hit, missedOrWrong, confidence);
  if (jaccard === null || jaccard.ci === null || jaccard.standardError === null) return null;
  const carried = (share: number) => (2 * share) / (1 + share);
  return {
    value: (2 * hit.sum) / (2 * hit.sum + missedOrWrong.sum),
    standardError: (2 * jaccard.standardError) / (1 + jaccard.value) ** 2,
    ci: [carried(jaccard.ci[0]), carried(jaccard.ci[1])],
  };
}
