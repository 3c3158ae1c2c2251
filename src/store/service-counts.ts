import type { Millis } from "../model/time.ts";
import { BUCKET, bucketParams, ROWS_IN_BUCKETS, zeroWhatIsGone } from "./buckets.ts";
import { SETTLED_PREDICTIONS } from "./predictions.ts";
import type { Store } from "./store.ts";

/**
 * Counts requests, failures and latencies of some buckets and stores the counts, each bucket replaced as a whole: a
 * pure function of the stored predictions. Latencies are kept in bins whose bounds grow by 2 %, so that a quantile
 * read from sums of them is within 1 % of the true one, from a microsecond to months.
 */
export async function countService(
  store: Store,
  model: string,
  bucketMs: Millis,
  buckets: readonly Millis[],
  generation: number,
): Promise<void> {
  if (buckets.length === 0) return;
  const params = {
    model,
    ...bucketParams(bucketMs, buckets),
    generation,
  };
  await store.execute(
    `INSERT INTO service_counts
     WITH
       events AS (
         SELECT version, ${BUCKET} AS bucket, status, latency_ms,
           if(isNull(latency_ms), NULL, toUInt16(greatest(0, least(2000, ceil(log(greatest(latency_ms * 1000, 1)) / log(1.02)))))) AS latency_bin
         FROM ${SETTLED_PREDICTIONS}
         WHERE model = {model:String} AND ${ROWS_IN_BUCKETS}
       ),
       totals AS (SELECT version, bucket, count() AS requests, countIf(status = 'error') AS errors FROM events GROUP BY version, bucket),
       latencies AS (
         SELECT version, bucket, arraySort(groupArray((latency_bin, rows))) AS cells
         FROM (SELECT version, bucket, assumeNotNull(latency_bin) AS latency_bin, count() AS rows FROM events WHERE isNotNull(events.latency_bin) GROUP BY version, bucket, latency_bin)
         GROUP BY version, bucket
       )
     SELECT {model:String}, totals.version, totals.bucket, totals.requests, totals.errors,
       arrayMap(cell -> cell.1, latencies.cells), arrayMap(cell -> cell.2, latencies.cells), {generation:UInt64}
     FROM totals LEFT JOIN latencies ON totals.version = latencies.version AND totals.bucket = latencies.bucket`,
    params,
  );
  await zeroWhatIsGone(store, "service_counts", params);
}
