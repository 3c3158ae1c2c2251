import { requireFinite, requireOpenProbability } from "./argument-domain.ts";

/**
 * The quantile (pinball) loss of one row for a prediction of the `level` quantile: level·(y - f) where y is above, (1 -
 * level)·(f - y) where it is below; in the unit of y, 0 at y = f. Its mean is least when f is that quantile, and at
 * level ½ half the MAE.
 *
 * Mean and interval of many: `meanEstimate` of their moments. Throws a RangeError for values that are not finite and
 * unless 0 < level < 1. Cost: constant. Example: quantileLoss(3, 1, 0.9) = 1.8.
 */
export function quantileLoss(actual: number, predicted: number, level: number): number {
  requireFinite("actual", actual);
  requireFinite("predicted", predicted);
  requireOpenProbability("level", level);
  const above = actual - predicted;
  return above >= 0 ? level * above : (level - 1) * above;
}
