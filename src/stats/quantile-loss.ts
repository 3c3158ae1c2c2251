import { requireOpenProbability } from "./argument-domain.ts";
import { meanEstimate, momentsFromSums } from "./moments.ts";
import type { Estimate } from "./weighted-rows.ts";

/** Sums over rows of e = predicted - actual; weighted rows count with their weight. */
export interface ErrorSums {
  /** Σw and Σw². */
  readonly weight: number;
  readonly squares: number;
  readonly error: number;
  readonly absolute: number;
  readonly squared: number;
  /** Σ w·e·|e|. */
  readonly signedSquare: number;
}

/**
 * The mean quantile (pinball) loss of predictions of the `level` quantile: per row level·(y - f) where y is above, (1 -
 * level)·(f - y) where it is below, in the unit of y. It is least when f is that quantile, and at level ½ half the MAE.
 *
 * With e = f - y a row's loss is |e|/2 + (½ - level)·e, so its sum and its squares follow from sums that merge: Σℓ² =
 * Σe²/4 + (½ - level)²·Σe² + (½ - level)·Σe|e|. The interval is that of a mean, t with n - 1 degrees of freedom
 * (`meanEstimate`).
 *
 * Misleads: what it should be depends on how the values scatter, so it is compared with itself; it does not say whether
 * predictions are too high or too low, the bias does.
 *
 * Returns null without rows; one row has no interval. Throws a RangeError unless 0 < level < 1 and 0 < confidence < 1.
 * Cost: constant. Example: one row with y = 3, f = 1 at level 0.9 has loss 1.8.
 */
export function quantileLoss(sums: ErrorSums, level: number, confidence: number): Estimate | null {
  requireOpenProbability("level", level);
  const tilt = 0.5 - level;
  const sum = sums.absolute / 2 + tilt * sums.error;
  const product = (0.25 + tilt * tilt) * sums.squared + tilt * sums.signedSquare;
  const moments = momentsFromSums(sums.weight, sums.squares, [sum], [[product]]);
  return moments && meanEstimate(moments, 0, confidence);
}
