import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";

/**
 * What is due of a bucket: to count its features, or how predictions and labels compare; to look whether ids of its
 * predictions were used elsewhere (`identity`); or, a bucket being a minute of arrival, to join labels with their predictions.
 */
export type BucketKind = "features" | "outcomes" | "identity" | "labels";
export type BucketMark = { readonly model: string; readonly kind: BucketKind; readonly bucket: Millis };
/** A bucket that is due: touched after it was last counted. `touched` goes back unchanged once it is. */
export type TouchedBucket = BucketMark & { readonly touched: number };
export type Sequence = () => number;

/**
 * Numbers that only grow, over restarts too. They follow the clock, so that processes which share a store stay in
 * step, and start above what the store holds, so that a clock set back hides nothing.
 */
export async function createSequence(store: Store, clock: () => Millis = Date.now): Promise<Sequence> {
  const rows = await store.query<{ last: string }>("SELECT toString(greatest(max(touched), max(counted))) AS last FROM touched_buckets");
  let last = Number(rows[0]?.last ?? 0);
  return () => {
    last = Math.max(last + 1, clock() * 1000);
    return last;
  };
}

/** Notes that what is stored of these buckets changes. */
export async function touchBuckets(store: Store, marks: readonly BucketMark[], sequence: number): Promise<void> {
  if (marks.length > 0)
    await store.insert(
      "touched_buckets",
      marks.map((mark) => row(mark, sequence, 0)),
    );
}

/** The buckets that are due, of one model or of all, of some kinds or of all, oldest first. */
export async function readTouched(store: Store, model?: string, kinds: readonly BucketKind[] = []): Promise<TouchedBucket[]> {
  const rows = await store.query<{ model: string; kind: BucketKind; bucket_s: number; last_touched: string }>(
    `SELECT model, kind, toUnixTimestamp(bucket) AS bucket_s, toString(max(touched)) AS last_touched
     FROM touched_buckets
     WHERE 1 ${model === undefined ? "" : "AND model = {model:String}"} ${kinds.length === 0 ? "" : "AND kind IN {kinds:Array(String)}"}
     GROUP BY model, kind, bucket HAVING max(touched) > max(counted) ORDER BY bucket, model, kind`,
    { kinds, ...(model === undefined ? {} : { model }) },
  );
  return rows.map((found) => ({
    model: found.model,
    kind: found.kind,
    bucket: found.bucket_s * 1000,
    touched: Number(found.last_touched),
  }));
}

/** Notes that buckets were counted as of the `touched` read before counting: a touch since then keeps them due. */
export async function markCounted(store: Store, buckets: readonly TouchedBucket[]): Promise<void> {
  if (buckets.length > 0)
    await store.insert(
      "touched_buckets",
      buckets.map((bucket) => row(bucket, 0, bucket.touched)),
    );
}

function row(mark: BucketMark, touched: number, counted: number): Record<string, unknown> {
  return { model: mark.model, kind: mark.kind, bucket: mark.bucket / 1000, touched, counted };
}
