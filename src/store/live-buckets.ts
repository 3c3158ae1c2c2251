import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";

/** The event time of a model's first prediction, or null when it has none. */
export async function firstPredictionTime(store: Store, model: string): Promise<Millis | null> {
  const [row] = await store.query<{ first: Millis; rows: number }>(
    "SELECT toUnixTimestamp64Milli(min(time)) AS first, count() AS rows FROM predictions WHERE model = {model:String}",
    { model },
  );
  return row && Number(row.rows) > 0 ? Number(row.first) : null;
}

/** The start of every bucket that holds a live prediction, oldest first. */
export async function liveBuckets(store: Store, model: string, bucketMs: Millis): Promise<Millis[]> {
  const rows = await store.query<{ bucket: number }>(
    "SELECT DISTINCT intDiv(toUnixTimestamp64Milli(time), {bucket:Int64}) * {bucket:Int64} AS bucket FROM predictions WHERE model = {model:String} ORDER BY bucket",
    { model, bucket: bucketMs },
  );
  return rows.map((row) => Number(row.bucket));
}
