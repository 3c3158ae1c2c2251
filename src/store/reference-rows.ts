import type { Millis, Window } from "../model/time.ts";
import { BASELINE_FEATURES } from "./baselines.ts";
import { SETTLED_FEATURES, WITHIN } from "./predictions.ts";

/** Rows that bins are made from: of a baseline by its key, or of live events in a stretch of time, all of it for null. */
export type ReferenceRows = { readonly baseline: string } | { readonly live: Window | null };

/** Those rows, with what a query needs beside the parameter `model`. */
export function referenceRows(rows: ReferenceRows): { source: string; params: { baseline: string; from: Millis; to: Millis } } {
  if ("baseline" in rows)
    return {
      source: `${BASELINE_FEATURES} WHERE model = {model:String} AND baseline = {baseline:String}`,
      params: { baseline: rows.baseline, from: 0, to: 0 },
    };
  return {
    source: `${SETTLED_FEATURES} WHERE model = {model:String} ${rows.live === null ? "" : `AND ${WITHIN}`}`,
    params: { baseline: "", from: rows.live?.from ?? 0, to: rows.live?.to ?? 0 },
  };
}
