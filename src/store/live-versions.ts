import type { Grid } from "../model/grid.ts";
import type { Millis, Window } from "../model/time.ts";
import { secondsOf } from "./buckets.ts";
import type { Store } from "./store.ts";

/** Versions with live rows in a step of time. */
export type StepVersions = { readonly from: Millis; readonly versions: readonly string[] };

/**
 * The versions of which rows were counted, of all or in one segment, by steps of time (aligned to the epoch), oldest first. Every row is counted for
 * every subject, so that one of them tells; a model without any has outcomes.
 */
export async function readLiveVersions(
  store: Store,
  model: string,
  grid: Grid,
  window: Window,
  stepMs: Millis,
  segment = "",
): Promise<StepVersions[]> {
  const first = grid.subjects[0]?.key;
  const counted = first
    ? "feature_counts FINAL WHERE rows > 0 AND grid = {grid:UInt32} AND subject = {subject:String} AND feature = {feature:String}"
    : "outcome_counts FINAL WHERE predictions > 0";
  const rows = await store.query<{ step: number; versions: string[] }>(
    `SELECT intDiv(toUnixTimestamp(bucket), {step:UInt32}) * {step:UInt32} AS step, groupUniqArray(toString(version)) AS versions
     FROM ${counted} AND model = {model:String} AND baseline = '' AND segment = {segment:String}
       AND bucket >= toDateTime({from:UInt32}, 'UTC') AND bucket < toDateTime({to:UInt32}, 'UTC')
     GROUP BY step ORDER BY step`,
    {
      model,
      grid: grid.version,
      ...first,
      segment,
      step: stepMs / 1000,
      ...secondsOf(window),
    },
  );
  return rows.map(({ step, versions }) => ({ from: step * 1000, versions }));
}
