import type { Counts } from "../model/counts.ts";
import { binCount, subjectId, type Grid, type SubjectKey } from "../model/grid.ts";
import type { Task } from "../model/settings.ts";
import type { Millis, Window } from "../model/time.ts";
import { answerSql } from "./answer-sql.ts";
import { BASELINE_FEATURES } from "./baselines.ts";
import { BUCKET, bucketParams, bySteps, ROWS_IN_BUCKETS, secondsOf, zeroWhatIsGone } from "./buckets.ts";
import { GRID_TABLES } from "./grid-sql.ts";
import { NUMBERS, SETTLED_FEATURES } from "./predictions.ts";
import { segmentPlacesSql } from "./segment-sql.ts";
import type { Store } from "./store.ts";

/** Rows that are counted: live events, or those of one baseline. */
export type CountedRows = { readonly model: string; /** Empty for live events. */ readonly baseline: string };

/** How infinities and what is no number are written as text. */
const NOT_FINITE = "('nan', 'inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity', '1.#inf', '-1.#inf', '1.#qnan', '-1.#ind')";
const NON_FINITE_BIN = -2;

/**
 * Counts the rows of some buckets on a grid and stores the counts, each bucket replaced as a whole. A pure function
 * of the stored rows: counted twice gives the same counts. `buckets` empty means all (baselines).
 *
 * One pass makes (subject, feature, value) of every row; an ASOF join finds the bin of a number (the smallest edge
 * not below it), a plain join that of a category. Rows in the same segments are counted together, and only their counts
 * are shared out to each of those: an event costs the same in however many it is. Names travel as data, never as SQL.
 *
 * Where half of the bins hold rows, all are listed (see `places` of the table): such lists are added up place by place.
 */
export async function countFeatures(
  store: Store,
  rows: CountedRows,
  grid: Grid,
  bucketMs: Millis,
  buckets: readonly Millis[],
  generation: number,
  task: Task,
): Promise<void> {
  const live = rows.baseline === "";
  const source = live ? SETTLED_FEATURES : BASELINE_FEATURES;
  const segments = segmentPlacesSql(grid.segments ?? []);
  const params = {
    ...segments.params,
    model: rows.model,
    baseline: rows.baseline,
    grid: grid.version,
    ...bucketParams(bucketMs, buckets),
    generation,
  };
  const inBuckets = buckets.length === 0 ? "" : `AND ${ROWS_IN_BUCKETS}`;
  const events = `SELECT version, ${BUCKET} AS bucket,
      number_names, numbers, category_names, categories, unparsable, predicted_class, predicted_number, score, ${segments.places} AS places
    FROM ${source}
    WHERE model = {model:String} ${live ? "AND status != 'error'" : "AND baseline = {baseline:String}"} ${inBuckets}`;
  await store.execute(
    `INSERT INTO feature_counts
     WITH
       events AS (${events}),
       ${GRID_TABLES},
       seen AS (
         SELECT version, bucket, places, value.1 AS subject, value.2 AS feature, value.3 AS kind, value.4 AS x, value.5 AS text
         FROM (
           SELECT version, bucket, places, arrayJoin(arrayConcat(
             arrayFilter(value -> NOT isNaN(value.4), arrayMap((name, number) -> tuple('feature', toString(name), 'n', number, ''), number_names, ${NUMBERS})),
             arrayMap((name, label) -> tuple('feature', toString(name), 'c', toFloat64(0), label), category_names, categories),
             arrayMap(name -> tuple('feature', toString(name), 'u', toFloat64(0), ''), unparsable),
             if(isNull(score), [], [tuple('score', '', 'n', assumeNotNull(score), '')]),
             if(isNull(predicted_number), [], [tuple('prediction', '', 'n', assumeNotNull(predicted_number), '')]),
             arrayMap(answer -> tuple('prediction', '', 'c', toFloat64(0), answer), ${answerSql(task)})
           )) AS value
           FROM events
         )
       ),
       binned AS (
         SELECT seen.version AS version, seen.bucket AS bucket, seen.places AS places, seen.subject AS subject, seen.feature AS feature,
           multiIf(
             seen.kind = 'n' AND edges.quantum > 0, edges.bin,
             seen.kind = 'c' AND bins.grid_kind = 'categorical', if(known.hit = 1, known.bin, toInt32(bins.unseen_from + 1)),
             bins.grid_kind = 'numeric' AND (seen.kind = 'u' OR lower(seen.text) IN ${NOT_FINITE}), ${NON_FINITE_BIN},
             -1) AS bin,
           count() AS rows,
           if(bin >= 0 AND seen.kind = 'n', min(seen.x), NULL) AS low,
           if(bin >= 0 AND seen.kind = 'n', max(seen.x), NULL) AS high,
           if(bin >= 0 AND seen.kind = 'n', sum(toInt128(round(greatest(least(seen.x / edges.quantum, 1.2e30), -1.2e30)))), 0) AS units
         FROM seen
         INNER JOIN bins ON seen.subject = bins.subject AND seen.feature = bins.feature
         LEFT JOIN known ON seen.subject = known.subject AND seen.feature = known.feature AND seen.kind = known.kind AND seen.text = known.text
         ASOF LEFT JOIN edges ON seen.subject = edges.subject AND seen.feature = edges.feature AND seen.kind = edges.kind AND seen.x <= edges.edge
         GROUP BY version, bucket, places, subject, feature, bin, seen.kind
       ),
       shared AS (
         SELECT version, bucket, place, subject, feature, bin, sum(binned.rows) AS rows, min(binned.low) AS low, max(binned.high) AS high,
           sum(binned.units) AS units
         FROM binned ARRAY JOIN places AS place GROUP BY version, bucket, place, subject, feature, bin
       ),
       merged AS (
         SELECT version, bucket, place, subject, feature, sum(rows) AS present, sumIf(rows, bin < 0) AS unparsable, sumIf(rows, bin = ${NON_FINITE_BIN}) AS non_finite,
           groupArrayInsertAtIf(0)(rows, toUInt32(bin), bin >= 0) AS listed, 2 * countIf(bin >= 0) >= length(listed) AS is_full, min(low) AS low, max(high) AS high,
           groupArrayIf((bin, units), bin >= 0) AS units
         FROM shared GROUP BY version, bucket, place, subject, feature
       ),
       totals AS (SELECT version, bucket, place, count() AS rows FROM events ARRAY JOIN places AS place GROUP BY version, bucket, place)
     SELECT {model:String} AS model, {baseline:String} AS baseline, totals.version, ${segments.names}[totals.place + 1] AS segment, bins.subject, bins.feature, {grid:UInt32} AS grid, totals.bucket,
       totals.rows, totals.rows - merged.present AS missing, merged.unparsable,
       if(bins.grid_kind = 'categorical', merged.listed[bins.unseen_from + 2], 0) AS unseen,
       if(merged.is_full, [], arrayFilter((bin, n) -> n > 0, range(toUInt16(length(merged.listed))), merged.listed)),
       if(merged.is_full, merged.listed, arrayFilter(n -> n > 0, merged.listed)), merged.low, merged.high,
       if(bins.grid_kind = 'numeric', arraySum(arrayMap(cell -> if(cell.1 = 0, cell.2, toInt128(0)), merged.units)), toInt128(0)) AS low_sum,
       if(bins.grid_kind = 'numeric', arraySum(arrayMap(cell -> if(cell.1 = bins.last_edge, cell.2, toInt128(0)), merged.units)), toInt128(0)) AS high_sum,
       {generation:UInt64} AS generation, merged.non_finite
     FROM totals CROSS JOIN bins
     LEFT JOIN merged ON totals.version = merged.version AND totals.bucket = merged.bucket AND totals.place = merged.place AND bins.subject = merged.subject AND bins.feature = merged.feature`,
    params,
  );
  if (buckets.length > 0) await zeroWhatIsGone(store, "feature_counts", params);
}

/** Counts of one step of time: by version, then by subject (`subjectId`). */
export type StepCounts = { readonly from: Millis; readonly byVersion: ReadonlyMap<string, ReadonlyMap<string, Counts>> };

type CountsRow = {
  step: number;
  version: string;
  subject: SubjectKey["subject"];
  feature: string;
  rows: number;
  missing: number;
  unparsable: number;
  non_finite: number;
  unseen: number;
  listed: number[];
  others: [number[], number[]];
  low: number | null;
  high: number | null;
  low_sum: string;
  high_sum: string;
};

/**
 * Counts within a window, summed by steps of time from its beginning on, of all rows or of one segment. Steps without
 * rows are absent. Oldest first.
 */
export async function readFeatureCounts(
  store: Store,
  rows: CountedRows,
  grid: Grid,
  window: Window,
  stepMs: Millis,
  segment = "",
): Promise<StepCounts[]> {
  const found = await store.query<CountsRow>(
    `SELECT {from:UInt32} + intDiv(toUnixTimestamp(c.bucket) - {from:UInt32}, {step:UInt32}) * {step:UInt32} AS step, c.version AS version, c.subject AS subject, c.feature AS feature,
            sumForEachIf(c.counts, empty(c.bins)) AS listed, sumMapIf(c.bins, c.counts, notEmpty(c.bins)) AS others,
            sum(c.rows) AS rows, sum(c.missing) AS missing, sum(c.unparsable) AS unparsable, sum(c.non_finite) AS non_finite, sum(c.unseen) AS unseen,
            min(c.low) AS low, max(c.high) AS high, toString(sum(c.low_sum)) AS low_sum, toString(sum(c.high_sum)) AS high_sum
     FROM feature_counts AS c FINAL
     WHERE c.model = {model:String} AND c.baseline = {baseline:String} AND c.grid = {grid:UInt32} AND c.segment = {segment:String}
       AND c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC') AND c.rows > 0
     GROUP BY step, version, subject, feature
     ORDER BY step`,
    {
      ...rows,
      segment,
      grid: grid.version,
      step: stepMs / 1000,
      ...secondsOf(window),
    },
  );
  const grids = new Map(grid.subjects.map(({ key, grid: bins }) => [subjectId(key), bins]));
  return bySteps(found, (byVersion: Map<string, Map<string, Counts>>, row) => {
    const id = subjectId(row);
    const bins = grids.get(id);
    if (!bins) return;
    let bySubject = byVersion.get(row.version);
    if (!bySubject) byVersion.set(row.version, (bySubject = new Map()));
    const quantum = bins.kind === "numeric" ? bins.quantum : 0;
    bySubject.set(id, {
      bins: dense(binCount(bins), row),
      rows: row.rows,
      missing: row.missing,
      unparsable: row.unparsable,
      nonFinite: row.non_finite,
      unseen: row.unseen,
      low: row.low,
      high: row.high,
      lowSum: Number(row.low_sum) * quantum,
      highSum: Number(row.high_sum) * quantum,
    });
  });
}

function dense(length: number, { listed, others: [places, counts] }: Pick<CountsRow, "listed" | "others">): number[] {
  const cells = Array.from({ length }, (_, bin) => listed[bin] ?? 0);
  places.forEach((bin, index) => ((cells[bin] as number) += counts[index] ?? 0));
  return cells;
}
