import type { Millis, Window } from "../model/time.ts";
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

const NEWEST_GRID = "(SELECT max(grid) FROM grids WHERE model = {model:String})";

/** Rows by version and bucket. All subjects of a grid count the same rows, so one of them is enough. */
const COUNTED = `SELECT c.version AS version, toUnixTimestamp(c.bucket) AS start, c.rows AS hits
  FROM feature_counts AS c FINAL
  WHERE c.model = {model:String} AND c.baseline = '' AND c.segment = '' AND c.rows > 0 AND c.grid = ${NEWEST_GRID}
    AND (c.subject, c.feature) IN (SELECT subject, feature FROM grids WHERE model = {model:String} AND grid = ${NEWEST_GRID} ORDER BY subject, feature LIMIT 1)`;

/** A model without bins has few rows: they are counted as they lie. */
const UNCOUNTED = `SELECT p.version AS version, toUnixTimestamp(toStartOfHour(p.time)) AS start, count() AS hits
  FROM predictions AS p FINAL WHERE p.model = {model:String} AND p.status != 'error' GROUP BY version, start`;

const LABELLED = `SELECT o.version AS version, toUnixTimestamp(o.bucket) AS start, o.labelled AS hits
  FROM outcome_counts AS o FINAL WHERE o.model = {model:String} AND o.baseline = '' AND o.segment = '' AND o.labelled > 0`;

async function hasGrid(store: Store, model: string): Promise<boolean> {
  const [row] = await store.query<{ grids: number }>("SELECT count() AS grids FROM grids WHERE model = {model:String}", { model });
  return (row?.grids ?? 0) > 0;
}

/** Rows and labels by version and step of time (aligned to the epoch), oldest first. Steps without rows are absent. */
export async function readVolume(store: Store, model: string, window: Window, stepMs: Millis): Promise<Volume[]> {
  const params = { model, step: stepMs / 1000, from: Math.max(0, Math.floor(window.from / 1000)), to: Math.ceil(window.to / 1000) };
  const sums = (source: string) =>
    store.query<{ step: number; version: string; total: number }>(
      `SELECT intDiv(start, {step:UInt32}) * {step:UInt32} AS step, version, sum(hits) AS total FROM (${source})
       WHERE start >= {from:UInt32} AND start < {to:UInt32} GROUP BY step, version ORDER BY step, version`,
      params,
    );
  const rows = await sums((await hasGrid(store, model)) ? COUNTED : UNCOUNTED);
  const labels = new Map((await sums(LABELLED)).map((row) => [JSON.stringify([row.step, row.version]), row.total]));
  return rows.map((row) => ({
    from: row.step * 1000,
    version: row.version,
    rows: row.total,
    labelled: labels.get(JSON.stringify([row.step, row.version])) ?? 0,
  }));
}

/** Every version of a model that was seen, the one seen last first. Times are starts of buckets. */
export async function readVersions(store: Store, model: string): Promise<ModelVersion[]> {
  const totals = (source: string) =>
    store.query<{ version: string; total: number; first: number; last: number }>(
      `SELECT version, sum(hits) AS total, min(start) AS first, max(start) AS last FROM (${source}) GROUP BY version ORDER BY last DESC, first DESC, version`,
      { model },
    );
  const rows = await totals((await hasGrid(store, model)) ? COUNTED : UNCOUNTED);
  const labels = new Map((await totals(LABELLED)).map((row) => [row.version, row.total]));
  return rows.map((row) => ({
    version: row.version,
    rows: row.total,
    labelled: labels.get(row.version) ?? 0,
    firstSeen: row.first * 1000,
    lastSeen: row.last * 1000,
  }));
}
