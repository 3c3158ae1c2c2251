import type { Millis, Window } from "../model/time.ts";
import type { Store } from "./store.ts";

/** What all tables of counts have in common: they are of buckets, each replaced as a whole, and read by steps of time. */

/** The bucket of a row, by its `time`. */
export const BUCKET = "toDateTime(intDiv(toUnixTimestamp(toDateTime(time)), {bucket:UInt32}) * {bucket:UInt32}, 'UTC')";

/** The stretch of time that holds all buckets of a parameter list. */
export const timeInBuckets = (column: string): string =>
  `${column} >= fromUnixTimestamp64Milli({from:Int64} * 1000) AND ${column} < fromUnixTimestamp64Milli({to:Int64} * 1000)`;

/** A condition for the rows of a list of buckets, where `bucket` is that of a row. Only their hours are read. */
export const ROWS_IN_BUCKETS = `${timeInBuckets("time")} AND toUnixTimestamp(bucket) IN {buckets:Array(UInt32)}`;

type BucketParams = { readonly bucket: number; readonly buckets: readonly number[]; readonly from: number; readonly to: number };

/** What the conditions above refer to; without buckets a stretch of nothing. */
export function bucketParams(bucketMs: Millis, buckets: readonly Millis[]): BucketParams {
  const none = buckets.length === 0;
  return {
    bucket: bucketMs / 1000,
    buckets: buckets.map((bucket) => bucket / 1000),
    from: none ? 0 : Math.min(...buckets) / 1000,
    to: none ? 0 : (Math.max(...buckets) + bucketMs) / 1000,
  };
}

/** A window in the whole seconds that buckets are kept in. */
export function secondsOf({ from, to }: Window): { from: number; to: number } {
  return { from: Math.max(0, Math.floor(from / 1000)), to: Math.ceil(to / 1000) };
}

/** What tells the counts of a bucket apart, beside model, version and bucket, and says that there are rows. */
const LIVE_COUNTS = {
  feature_counts: { keys: "baseline, segment, subject, feature, grid", rows: "rows", which: "AND baseline = '' AND grid = {grid:UInt32}" },
  outcome_counts: { keys: "baseline, segment", rows: "predictions", which: "AND baseline = ''" },
  service_counts: { keys: "", rows: "requests", which: "" },
  traffic_counts: { keys: "", rows: "rows + superseded", which: "" },
} as const;

/** A version that left a bucket (its row lost an identity conflict, perhaps to another hour) keeps no counts there. */
export function zeroWhatIsGone(
  store: Store,
  table: keyof typeof LIVE_COUNTS,
  params: { readonly model: string; readonly grid?: number; readonly buckets: readonly number[]; readonly generation: number },
): Promise<void> {
  const { keys, rows, which } = LIVE_COUNTS[table];
  const columns = `model, version, bucket${keys === "" ? "" : `, ${keys}`}`;
  const { model, grid = 0, buckets, generation } = params;
  return store.execute(
    `INSERT INTO ${table} (${columns}, generation)
     SELECT ${columns}, {generation:UInt64}
     FROM ${table}
     WHERE model = {model:String} ${which} AND toUnixTimestamp(bucket) IN {buckets:Array(UInt32)}
     GROUP BY ${columns}
     HAVING max(generation) < {generation:UInt64} AND argMax(${rows}, generation) > 0`,
    { model, grid, buckets, generation },
  );
}

/** Removes the counts of a model that know no grid, to be made again: those of another bucket or class would stay beside the new ones. */
export async function forgetCounts(store: Store, model: string): Promise<void> {
  for (const table of ["outcome_counts", "service_counts", "traffic_counts"])
    await store.execute(`DELETE FROM ${table} WHERE model = {model:String}`, { model });
}

/** Rows in the order of their steps, gathered by step, in what `put` makes of each version's. */
export function bySteps<Row extends { readonly step: number }, Value>(
  rows: readonly Row[],
  put: (byVersion: Map<string, Value>, row: Row) => void,
): { from: Millis; byVersion: Map<string, Value> }[] {
  const steps: { from: Millis; byVersion: Map<string, Value> }[] = [];
  for (const row of rows) {
    let step = steps.at(-1);
    if (step?.from !== row.step * 1000) steps.push((step = { from: row.step * 1000, byVersion: new Map() }));
    put(step.byVersion, row);
  }
  return steps;
}
