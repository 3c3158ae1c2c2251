/** Performance of a regression from moments that merge. */

import { requireFinite, requireOpenProbability } from "./argument-domain.ts";
import { logInterval } from "./interval-scales.ts";
import { meanEstimate, slopeError, studentReach, type Moments } from "./moments.ts";
import type { Estimate } from "./weighted-rows.ts";

/** Places of the quantities of `regressionQuantities`. */
const ERROR = 0;
const ABSOLUTE = 1;
const SQUARE = 2;
const SHIFTED = 3;
const SHIFTED_SQUARE = 4;
const SIZE = 5;
const QUANTITIES = 6;

/**
 * What is summed of one row: e, |e|, e², d, d², |y|, with e = predicted - actual, y the actual value and d = y - shift.
 *
 * `shift` is any fixed number near the mean of y, such as the reference's mean, and must be one for all rows that are
 * ever merged; it changes no answer, only the digits of the interval of R². Throws a RangeError for values that are not
 * finite. Cost: constant.
 */
export function regressionQuantities(actual: number, predicted: number, shift: number): number[] {
  requireFinite("actual", actual);
  requireFinite("predicted", predicted);
  const error = predicted - actual;
  const shifted = actual - shift;
  return [error, Math.abs(error), error * error, shifted, shifted * shifted, Math.abs(actual)];
}

/** Each with its interval; in the unit of y, but for WAPE and R², which have none. */
export interface RegressionPerformance {
  readonly mae: Estimate;
  readonly rmse: Estimate;
  /** Mean of predicted - actual: positive when predictions are too high. */
  readonly bias: Estimate;
  /** Σ|e|/Σ|y|; null when all y are 0. */
  readonly wape: Estimate | null;
  /** 1 - Σe²/Σ(y - ȳ)²; null when y is constant. */
  readonly r2: Estimate | null;
}

/**
 * MAE, RMSE, bias, WAPE and R² from the moments of `regressionQuantities`, which merge over buckets (`mergeMoments`).
 *
 * Standard errors by the delta method, with t of n - 1 degrees of freedom: sd(|e|)/√n, sd(e)/√n, for the RMSE
 * sd(e²)/(2·RMSE·√n), for the two ratios with the covariance of numerator and denominator. Intervals of RMSE, WAPE and
 * of 1 - R² = MSE/Var(y) are taken on the logarithmic scale: they lean upwards and never reach below 0. The variance of
 * y is over n (as scikit-learn's `r2_score`). Simulated coverage at a nominal 95% of MAE, RMSE, bias, WAPE, R²: 95, 94,
 * 95, 96, 93% (normal errors, 30 rows), 96, 95, 95, 96, 95% (100), 93, 88, 95, 95, 91% (t errors of 5 degrees of
 * freedom, 30 rows), 95, 91, 95, 96, 93% (100), 95, 92, 94, 95, 94% (1000).
 *
 * Misleads: RMSE is ruled by its largest errors, and heavy tails make its interval too narrow; R² falls when y varies
 * less, with the errors as they were; WAPE of values near 0 explodes.
 *
 * Weights: effective rows (Kish). Fewer than 2 effective rows have values without intervals; one row has no R². Equal
 * errors give width 0. Returns null for null. Throws a RangeError for moments of other quantities and unless 0 <
 * confidence < 1. Cost: constant.
 */
export function regressionPerformance(moments: Moments | null, confidence: number): RegressionPerformance | null {
  requireOpenProbability("confidence", confidence);
  if (moments === null || moments.weight === 0) return null;
  if (moments.means.length !== QUANTITIES) throw new RangeError(`expected ${QUANTITIES} quantities, got ${moments.means.length}`);
  const mean = (quantity: number) => moments.means[quantity]!;
  const meanSquare = mean(SQUARE);
  const rmse = Math.sqrt(meanSquare);
  const spread = moments.comoments[SHIFTED]![SHIFTED]! / moments.weight;
  const size = mean(SIZE);
  const unexplained = meanSquare / spread;
  const share = positive(moments, unexplained, confidence, {
    [SQUARE]: 1 / spread,
    [SHIFTED_SQUARE]: -unexplained / spread,
    [SHIFTED]: (2 * mean(SHIFTED) * unexplained) / spread,
  });
  const mae = meanEstimate(moments, ABSOLUTE, confidence);
  return {
    mae: { ...mae, ci: mae.ci && [Math.max(0, mae.ci[0]), mae.ci[1]] },
    rmse: positive(moments, rmse, confidence, { [SQUARE]: rmse === 0 ? 0 : 1 / (2 * rmse) }),
    bias: meanEstimate(moments, ERROR, confidence),
    wape:
      size === 0
        ? null
        : positive(moments, mean(ABSOLUTE) / size, confidence, { [ABSOLUTE]: 1 / size, [SIZE]: -mean(ABSOLUTE) / size / size }),
    r2: spread === 0 ? null : { ...share, value: 1 - share.value, ci: share.ci && [1 - share.ci[1], 1 - share.ci[0]] },
  };
}

/** An estimate of at least 0 with its interval on the logarithmic scale. */
function positive(moments: Moments, value: number, confidence: number, slopes: Readonly<Record<number, number>>): Estimate {
  const standardError = slopeError(
    moments,
    moments.means.map((_, quantity) => slopes[quantity] ?? 0),
  );
  if (standardError === null) return { value, standardError: null, ci: null };
  return { value, standardError, ci: logInterval(value, standardError, studentReach(moments, confidence)) };
}
