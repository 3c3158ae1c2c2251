import { BASELINE_FEATURES } from "./baselines.ts";
import { SETTLED_FEATURES } from "./predictions.ts";

/** The rows of a baseline; those of live events for null. Needs the parameters `model` and `baseline`. */
export function referenceRows(baseline: string | null): string {
  return baseline === null
    ? `${SETTLED_FEATURES} WHERE model = {model:String}`
    : `${BASELINE_FEATURES} WHERE model = {model:String} AND baseline = {baseline:String}`;
}
