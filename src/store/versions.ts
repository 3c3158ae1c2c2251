import type { Millis, Window } from "../model/time.ts";
import { secondsOf } from "./buckets.ts";
import type { Store } from "./store.ts";

/** How many rows of one version fell in one step of time, and how many of them are labelled by now. */
export type Volume = { readonly from: Millis; readonly version: string; readonly rows: number; readonly labelled: number };

/** A version that sent predictions. */
export type ModelVersion = {
  readonly version: string;
  readonly rows: number;
  readonly labelled: number;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
};

/** Rows and labels by version and step of time (aligned to the epoch), oldest first. Steps without rows are absent. */
export async function readVolume(store: Store, model: string, window: Window, stepMs: Millis): Promise<Volume[]> {
  const rows = await store.query<{ step: number; version: string; rows: number; labelled: number }>(
    `SELECT intDiv(toUnixTimestamp(v.time), {step:UInt32}) * {step:UInt32} AS step, v.version AS version, sum(v.predictions) AS rows, sum(ifNull(v.labelled, 0)) AS labelled
     FROM v_volume AS v
     WHERE v.model = {model:String} AND v.time >= toDateTime({from:UInt32}, 'UTC') AND v.time < toDateTime({to:UInt32}, 'UTC') AND v.predictions > 0
     GROUP BY step, version ORDER BY step, version`,
    { model, step: stepMs / 1000, ...secondsOf(window) },
  );
  return rows.map((row) => ({ from: row.step * 1000, version: row.version, rows: row.rows, labelled: row.labelled }));
}

/** Every version of a model that was seen, the one seen last first. Times are starts of buckets. */
export async function readVersions(store: Store, model: string): Promise<ModelVersion[]> {
  const rows = await store.query<{ version: string; rows: number; labelled: number; first: number; last: number }>(
    `SELECT v.version AS version, sum(v.predictions) AS rows, sum(ifNull(v.labelled, 0)) AS labelled,
            toUnixTimestamp(min(v.time)) AS first, toUnixTimestamp(max(v.time)) AS last
     FROM v_volume AS v WHERE v.model = {model:String} AND v.predictions > 0
     GROUP BY version ORDER BY last DESC, first DESC, version`,
    { model },
  );
  return rows.map(({ first, last, ...row }) => ({ ...row, firstSeen: first * 1000, lastSeen: last * 1000 }));
}
