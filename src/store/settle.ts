import type { Millis } from "../model/time.ts";
import { BUCKET, bucketParams, ROWS_IN_BUCKETS, timeInBuckets } from "./buckets.ts";
import type { QueryParams, Store } from "./store.ts";

/**
 * Settling: which of several rows that claim one id holds, and which prediction a label belongs to. It is done on sets
 * of rows after they are stored, not on each as it arrives: a lookup by id costs more the more is stored, and what was
 * stored by someone else meanwhile would be missed. Everything here may be repeated, in any order, and ends the same.
 */

/** Where to look for rows that share an id: among the buckets in hand, or everywhere. */
export type Scope = "buckets" | "everywhere";

/** Told the buckets whose counts are about to change (before), and again once they have (after). */
export type Touch = (buckets: readonly Millis[]) => Promise<void>;

const BUCKET_MS = `toInt64(toUnixTimestamp(${BUCKET})) * 1000`;

type Buckets = { readonly model: string; readonly bucketMs: Millis; readonly buckets: readonly Millis[] };

/** What `ROWS_IN_BUCKETS` refers to. */
const paramsOf = ({ model, bucketMs, buckets }: Buckets): QueryParams => ({ model, ...bucketParams(bucketMs, buckets) });

const IN_BUCKETS = `SELECT id, time, precedence, ${BUCKET} AS bucket FROM predictions WHERE model = {model:String} AND ${ROWS_IN_BUCKETS}`;

/**
 * Notes which rows are superseded among those that share an id with a row of the buckets: all but the one with the
 * largest precedence. Resolves with how many were not known to be so.
 *
 * Rows may arrive between any two statements, and a program may end there. So who is superseded is decided by one
 * statement, which stores it as not settled yet; what follows from it is done for those, and only then are they settled.
 */
export async function supersede(store: Store, rows: Buckets, scope: Scope, touch: Touch): Promise<number> {
  if (rows.buckets.length === 0) return 0;
  const params = paramsOf(rows);
  const reach =
    scope === "buckets"
      ? `SELECT id, time, precedence FROM (${IN_BUCKETS})`
      : `SELECT id, time, precedence FROM predictions WHERE model = {model:String} AND id IN (SELECT id FROM (${IN_BUCKETS}))`;
  // Nearly always there are none, and one pass says so.
  const contested = `SELECT id, max(precedence) AS best FROM (${reach}) GROUP BY id HAVING min(precedence) != best`;
  const [any] = await store.query<{ ids: number }>(`SELECT count() AS ids FROM (${contested})`, params);
  if (Number(any?.ids ?? 0) === 0) return 0;
  await store.execute(
    `INSERT INTO superseded (model, time, id, precedence, settled)
     SELECT DISTINCT {model:String}, r.time, r.id, r.precedence, 0
     FROM (${reach}) AS r INNER JOIN (${contested}) AS c ON r.id = c.id
     WHERE r.precedence < c.best AND (r.id, r.precedence) NOT IN (SELECT id, precedence FROM superseded WHERE model = {model:String})`,
    params,
  );
  const unsettled = `SELECT time, id, precedence FROM superseded FINAL WHERE model = {model:String} AND settled = 0 AND id IN (SELECT id FROM (${contested}))`;
  const [found] = await store.query<{ rows: number }>(`SELECT count() AS rows FROM (${unsettled})`, params);
  if (Number(found?.rows ?? 0) === 0) return 0;
  // Whichever row held so far, it may have been counted where it stands, and so may its label.
  const claims = `SELECT id, time, precedence FROM (${reach}) WHERE id IN (SELECT id FROM (${unsettled}))`;
  const changed = await store.query<{ at: Millis }>(`SELECT DISTINCT ${BUCKET_MS} AS at FROM (${claims}) ORDER BY at`, params);
  const buckets = changed.map((one) => Number(one.at));
  await touch(buckets);
  // A label follows its prediction to wherever that turns out to be.
  await store.execute(
    `INSERT INTO outcomes
     SELECT {model:String}, w.time, o.id, o.label, o.label_number, o.label_time, o.revision, o.precedence
     FROM (SELECT id, argMax(time, precedence) AS time FROM (${claims}) GROUP BY id) AS w
     INNER JOIN (
       SELECT id, label, label_number, o.time AS label_time, revision, precedence FROM outcomes AS o FINAL
       WHERE model = {model:String} AND id IN (SELECT id FROM (${unsettled}))
     ) AS o ON w.id = o.id`,
    params,
  );
  await touch(buckets);
  await store.execute(
    `INSERT INTO superseded (model, time, id, precedence, settled) SELECT {model:String}, time, id, precedence, 1 FROM (${unsettled})`,
    params,
  );
  return Number(found?.rows);
}

const LABEL_COLUMNS = "label, label_number, time AS label_time, revision, precedence";

export type Arrivals = { readonly model: string; readonly bucketMs: Millis; readonly minutes: readonly Millis[] };

/** Changes with every label that arrives. */
const FINGERPRINT = "toString(groupBitXor(cityHash64(arrived, id, precedence)))";

/** The stretch of time in which the labels of some minutes of arrival became known, and the fingerprint of them all. */
export async function spanOfArrivals(
  store: Store,
  { model, minutes }: Arrivals,
): Promise<{ from: Millis; to: Millis; fingerprint: string } | null> {
  const [row] = await store.query<{ first: Millis; last: Millis; rows: number; fingerprint: string }>(
    `SELECT toUnixTimestamp64Milli(min(known)) AS first, toUnixTimestamp64Milli(max(known)) AS last, count() AS rows, ${FINGERPRINT} AS fingerprint
     FROM (
       SELECT ifNull(i.time, toDateTime64(i.arrived, 3, 'UTC')) AS known, arrived, id, precedence FROM label_inbox AS i FINAL
       WHERE i.model = {model:String} AND toUnixTimestamp(i.arrived) IN {minutes:Array(UInt32)}
     )`,
    { model, minutes: minutes.map((minute) => minute / 1000) },
  );
  return row && Number(row.rows) > 0 ? { from: Number(row.first), to: Number(row.last) + 1, fingerprint: row.fingerprint } : null;
}

const ARRIVED = `SELECT id, ${LABEL_COLUMNS} FROM label_inbox FINAL WHERE model = {model:String} AND toUnixTimestamp(arrived) IN {minutes:Array(UInt32)}`;
const WAITING = `SELECT id, ${LABEL_COLUMNS} FROM waiting_labels FINAL WHERE model = {model:String}`;

/** Labels that stand with no prediction, by what was stored when they were joined: one that came since does not count. */
const notJoined = (labels: string, where: string): string =>
  `SELECT l.* FROM (${labels}) AS l
   LEFT JOIN (SELECT id, max(precedence) AS joined FROM outcomes WHERE model = {model:String} AND ${where} AND id IN (SELECT id FROM (${labels})) GROUP BY id) AS o ON l.id = o.id
   WHERE o.id = '' OR o.joined < l.precedence`;

/**
 * Joins the labels of some minutes of arrival with their predictions, within a stretch of event time or everywhere
 * (null). Resolves with how many labels have none there, and the fingerprint of all that had arrived by then. Of the minutes
 * in `joined` only labels that stand nowhere yet are looked at: the caller knows that where the others stand was touched.
 */
export async function joinLabels(
  store: Store,
  { model, bucketMs, minutes }: Arrivals,
  joined: readonly Millis[],
  within: { readonly from: Millis; readonly to: Millis } | null,
  touch: Touch,
): Promise<{ left: number; fingerprint: string }> {
  const params = {
    model,
    bucket: bucketMs / 1000,
    minutes: minutes.map((minute) => minute / 1000),
    joined: joined.map((minute) => minute / 1000),
    from: within === null ? 0 : Math.floor(within.from / 1000),
    to: within === null ? 0 : Math.ceil(within.to / 1000),
  };
  const where = (column: string) => (within === null ? "true" : timeInBuckets(column));
  const known = `SELECT id, precedence FROM outcomes WHERE model = {model:String} AND ${where("predicted_at")}`;
  const isNew = `toUnixTimestamp(arrived) NOT IN {joined:Array(UInt32)} OR (id, precedence) NOT IN (${known})`;
  await join(store, joined.length === 0 ? ARRIVED : `${ARRIVED} AND (${isNew})`, where("time"), params, touch);
  const [after] = await store.query<{ left: number; fingerprint: string }>(
    `SELECT count() AS left, (SELECT ${FINGERPRINT} FROM (SELECT arrived, id, precedence FROM label_inbox FINAL WHERE model = {model:String} AND toUnixTimestamp(arrived) IN {minutes:Array(UInt32)})) AS fingerprint
     FROM (${notJoined(ARRIVED, where("predicted_at"))})`,
    params,
  );
  return { left: Number(after?.left), fingerprint: after?.fingerprint ?? "" };
}

/** Stores labels with those of their predictions that meet a condition. Where a row is known not to hold is no place for a label. */
async function join(store: Store, labels: string, where: string, params: QueryParams, touch: Touch): Promise<void> {
  const predicted = `SELECT DISTINCT id, time FROM predictions
    WHERE model = {model:String} AND (id, precedence) NOT IN (SELECT id, precedence FROM superseded WHERE model = {model:String}) AND ${where} AND id IN (SELECT id FROM (${labels}))`;
  const found = await store.query<{ at: Millis }>(`SELECT DISTINCT ${BUCKET_MS} AS at FROM (${predicted}) ORDER BY at`, params);
  if (found.length === 0) return;
  const buckets = found.map((one) => Number(one.at));
  await touch(buckets);
  await store.execute(
    `INSERT INTO outcomes
     SELECT {model:String}, p.time, l.id, l.label, l.label_number, l.label_time, l.revision, l.precedence
     FROM (${labels}) AS l INNER JOIN (${predicted}) AS p ON l.id = p.id`,
    params,
  );
  await touch(buckets);
}

/** Puts the labels of some minutes that stand with no prediction aside, until one comes. */
export function putAside(store: Store, { model, minutes }: Arrivals): Promise<void> {
  return store.execute(
    `INSERT INTO waiting_labels
     SELECT {model:String}, id, label, label_number, label_time, revision, precedence, 0 FROM (${notJoined(ARRIVED, "true")})`,
    { model, minutes: minutes.map((minute) => minute / 1000) },
  );
}

/** Joins labels that were put aside with predictions that came since. */
export async function joinWaiting(store: Store, rows: Buckets, touch: Touch): Promise<void> {
  if (rows.buckets.length === 0) return;
  const params = paramsOf(rows);
  const came = `SELECT id FROM (${IN_BUCKETS})`;
  const labels = `${WAITING} AND id IN (${came})`;
  const [any] = await store.query<{ rows: number }>(`SELECT count() AS rows FROM (${labels})`, params);
  if (Number(any?.rows ?? 0) === 0) return;
  await join(store, labels, timeInBuckets("time"), params, touch);
  await store.execute(
    `INSERT INTO waiting_labels
     SELECT {model:String}, id, label, label_number, label_time, revision, precedence, 1 FROM (${WAITING})
     WHERE (id, precedence) NOT IN (SELECT id, precedence FROM (${notJoined(WAITING, timeInBuckets("predicted_at"))}))`,
    params,
  );
}

/** Labels that have no prediction. */
export async function countWaiting(store: Store, model: string): Promise<number> {
  const [row] = await store.query<{ rows: number }>("SELECT count() AS rows FROM waiting_labels FINAL WHERE model = {model:String}", {
    model,
  });
  return Number(row?.rows ?? 0);
}

/** Removes days of arrivals that are settled: what they held stands with the predictions, or waits. */
export async function dropArrivals(store: Store, before: Millis): Promise<void> {
  const days = await store.query<{ day: string }>(
    `SELECT DISTINCT partition AS day FROM system.parts
     WHERE database = currentDatabase() AND table = 'label_inbox' AND active AND toUInt32(partition) < toUInt32(toYYYYMMDD(toDateTime({before:UInt32}, 'UTC')))
       AND toUInt32(partition) NOT IN (
         SELECT toYYYYMMDD(bucket) FROM touched_buckets WHERE kind = 'labels' GROUP BY model, bucket HAVING max(touched) > max(counted)
       )`,
    { before: Math.max(0, Math.floor(before / 1000)) },
  );
  // A number that the engine told, not text from outside.
  for (const { day } of days) await store.execute(`ALTER TABLE label_inbox DROP PARTITION ${Number(day)}`);
}
