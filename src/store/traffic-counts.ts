import type { Millis, Window } from "../model/time.ts";
import type { Traffic } from "../model/traffic.ts";
import { BUCKET, bucketParams, bySteps, ROWS_IN_BUCKETS, secondsOf, zeroWhatIsGone } from "./buckets.ts";
import { NUMBERS, SETTLED_FEATURES, SETTLED_PREDICTIONS } from "./predictions.ts";
import type { Store } from "./store.ts";

/** Unknown features of one version that are named in a bucket: senders may make up ever new ones. */
const MOST_UNKNOWN = 20;

/**
 * Counts the rows of some buckets, those that lost their id to another, and the features that no reference knows, and
 * stores the counts, each bucket replaced as a whole: a pure function of the stored rows.
 *
 * Unknown features are looked for only in rows that can hold one, which are none as a rule: those whose layout has
 * such a name, and those that carry their names themselves. A name without a value is not carried.
 */
export async function countTraffic(
  store: Store,
  model: string,
  grid: number,
  bucketMs: Millis,
  buckets: readonly Millis[],
  generation: number,
): Promise<void> {
  if (buckets.length === 0) return;
  const params = {
    model,
    grid,
    ...bucketParams(bucketMs, buckets),
    most: MOST_UNKNOWN,
    generation,
  };
  await store.execute(
    `INSERT INTO traffic_counts
     WITH
       known AS (SELECT feature FROM grids FINAL WHERE model = {model:String} AND grid = {grid:UInt32} AND subject = 'feature'),
       odd AS (SELECT DISTINCT layout FROM layouts ARRAY JOIN names AS name WHERE name NOT IN (SELECT feature FROM known)),
       totals AS (
         SELECT version, bucket, count() AS rows, max(event_time) AS last
         FROM (SELECT version, time AS event_time, ${BUCKET} AS bucket FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String} AND ${ROWS_IN_BUCKETS})
         GROUP BY version, bucket
       ),
       strange AS (
         SELECT version, ${BUCKET} AS bucket,
           arrayDistinct(arrayFilter(name -> name NOT IN (SELECT feature FROM known), arrayConcat(
             arrayFilter((name, number) -> NOT isNaN(number), number_names, ${NUMBERS}), category_names, unparsable))) AS names
         FROM ${SETTLED_FEATURES}
         WHERE model = {model:String} AND ${ROWS_IN_BUCKETS} AND (layout = 0 OR layout IN (SELECT layout FROM odd))
       ),
       carriers AS (SELECT version, bucket, count() AS rows FROM strange WHERE notEmpty(names) GROUP BY version, bucket),
       named AS (
         SELECT version, bucket, groupArray((name, rows)) AS cells
         FROM (
           SELECT version, bucket, name, count() AS rows FROM strange ARRAY JOIN names AS name
           GROUP BY version, bucket, name ORDER BY rows DESC, name LIMIT {most:UInt32} BY version, bucket
         )
         GROUP BY version, bucket
       ),
       lost AS (
         SELECT version, bucket, count() AS rows
         FROM (
           SELECT version, ${BUCKET} AS bucket FROM predictions FINAL
           WHERE model = {model:String} AND ${ROWS_IN_BUCKETS} AND (id, precedence) IN (SELECT id, precedence FROM superseded WHERE model = {model:String})
         )
         GROUP BY version, bucket
       )
     SELECT {model:String}, every.version, every.bucket, totals.rows, lost.rows,
       if(totals.rows = 0, NULL, totals.last), carriers.rows,
       arrayMap(cell -> cell.1, named.cells), arrayMap(cell -> cell.2, named.cells), {generation:UInt64}
     FROM (SELECT version, bucket FROM totals UNION DISTINCT SELECT version, bucket FROM lost) AS every
     LEFT JOIN totals ON every.version = totals.version AND every.bucket = totals.bucket
     LEFT JOIN lost ON every.version = lost.version AND every.bucket = lost.bucket
     LEFT JOIN carriers ON every.version = carriers.version AND every.bucket = carriers.bucket
     LEFT JOIN named ON every.version = named.version AND every.bucket = named.bucket`,
    params,
  );
  await zeroWhatIsGone(store, "traffic_counts", params);
}

/** Traffic of one step of time, by version. */
export type StepTraffic = { readonly from: Millis; readonly byVersion: ReadonlyMap<string, Traffic> };

type Row = {
  step: number;
  version: string;
  rows: number;
  superseded: number;
  last_ms: number | null;
  unknown_rows: number;
  unknown: [string[], number[]];
};

/** Traffic within a window, summed by steps of time (aligned to the epoch). Steps without rows are absent. Oldest first. */
export async function readTraffic(store: Store, model: string, window: Window, stepMs: Millis): Promise<StepTraffic[]> {
  const found = await store.query<Row>(
    `SELECT intDiv(toUnixTimestamp(t.bucket), {step:UInt32}) * {step:UInt32} AS step, t.version AS version, sum(t.rows) AS rows,
            sum(t.superseded) AS superseded, toUnixTimestamp64Milli(max(t.last)) AS last_ms, sum(t.unknown_rows) AS unknown_rows,
            sumMap(t.unknown_names, t.unknown_counts) AS unknown
     FROM traffic_counts AS t FINAL
     WHERE t.model = {model:String} AND t.rows + t.superseded > 0
       AND t.bucket >= toDateTime({from:UInt32}, 'UTC') AND t.bucket < toDateTime({to:UInt32}, 'UTC')
     GROUP BY step, version ORDER BY step, version`,
    { model, step: stepMs / 1000, ...secondsOf(window) },
  );
  const served = new Map((await readServed(store, model, window, stepMs)).map((row) => [`${row.step} ${row.version}`, row]));
  return bySteps(found, (byVersion: Map<string, Traffic>, row) => {
    const [names, counts] = row.unknown;
    const { errors = 0, latency: [bins, timed] = [[], []] } = served.get(`${row.step} ${row.version}`) ?? {};
    byVersion.set(row.version, {
      rows: row.rows,
      superseded: row.superseded,
      last: row.last_ms === null ? null : Number(row.last_ms),
      unknownRows: row.unknown_rows,
      unknown: new Map(names.map((name, index) => [name, counts[index] ?? 0])),
      errors,
      latencies: new Map(bins.map((bin, index) => [bin, timed[index] ?? 0])),
    });
  });
}

type Served = { step: number; version: string; errors: number; latency: [number[], number[]] };

/** Failures and latencies, by the same steps. */
function readServed(store: Store, model: string, window: Window, stepMs: Millis): Promise<Served[]> {
  return store.query<Served>(
    `SELECT intDiv(toUnixTimestamp(s.bucket), {step:UInt32}) * {step:UInt32} AS step, s.version AS version, sum(s.errors) AS errors,
            sumMap(s.latency_bins, s.latency_counts) AS latency
     FROM service_counts AS s FINAL
     WHERE s.model = {model:String} AND s.bucket >= toDateTime({from:UInt32}, 'UTC') AND s.bucket < toDateTime({to:UInt32}, 'UTC')
     GROUP BY step, version HAVING sum(s.requests) > 0`,
    { model, step: stepMs / 1000, ...secondsOf(window) },
  );
}
