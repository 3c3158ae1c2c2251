import type { OutcomeCounts } from "../model/counts.ts";
import type { Millis, Window } from "../model/time.ts";
import { ROWS_IN_BUCKETS, timeInBuckets, type CountedRows } from "./feature-counts.ts";
import { SETTLED_PREDICTIONS } from "./predictions.ts";
import type { Store } from "./store.ts";

/** Sums of log-loss terms are kept in units of 2^-40: whole numbers, so exact in any order. */
const LOSS_UNIT = 2 ** -40;
/** Scores are clipped to [eps, 1 - eps] in the log loss, eps that of a 64-bit float, as scikit-learn does. */
const EPSILON = "2.220446049250313e-16";

/**
 * Counts the outcomes of some buckets: predictions joined with the labels known so far, each bucket replaced as a
 * whole. `buckets` empty means all (baselines, whose rows carry their labels). A binary model's classes are counted
 * as `1` (the positive one) and `0`; without a predicted class, a score of at least one half predicts the positive.
 *
 * Score bins are those of `scoreBin` in `stats/auc.ts`, said again in SQL.
 */
export async function countOutcomes(
  store: Store,
  rows: CountedRows,
  positive: string,
  bucketMs: Millis,
  buckets: readonly Millis[],
  generation: number,
): Promise<void> {
  const live = rows.baseline === "";
  const all = buckets.length === 0;
  const params = {
    model: rows.model,
    baseline: rows.baseline,
    positive,
    bucket: bucketMs / 1000,
    buckets: buckets.map((bucket) => bucket / 1000),
    from: all ? 0 : Math.min(...buckets) / 1000,
    to: all ? 0 : (Math.max(...buckets) + bucketMs) / 1000,
    generation,
  };
  const inBuckets = all ? "" : `AND ${ROWS_IN_BUCKETS}`;
  const bucketOf = "toDateTime(intDiv(toUnixTimestamp(toDateTime(time)), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') AS bucket";
  const predicted = "if(isNotNull(predicted_class), predicted_class = {positive:String}, assumeNotNull(score) >= 0.5)";
  const joined = live
    ? `SELECT p.version AS version, p.bucket AS bucket, p.score AS score, p.predicted AS predicted, l.known = 1 AS labelled, l.label = {positive:String} AS actual
       FROM (
         SELECT id, toStartOfHour(time) AS hour, version, ${bucketOf}, score, isNotNull(predicted_class) OR isNotNull(score) AS judged, ${predicted} AS predicted
         FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String} AND judged ${inBuckets}
       ) AS p
       LEFT JOIN (
         SELECT id, toStartOfHour(predicted_at) AS hour, label, 1 AS known FROM outcomes FINAL
         WHERE model = {model:String} AND ${timeInBuckets("predicted_at")}
       ) AS l ON p.id = l.id AND p.hour = l.hour`
    : `SELECT version, ${bucketOf}, score, ${predicted} AS predicted, isNotNull(label) AS labelled, assumeNotNull(label) = {positive:String} AS actual
       FROM baseline_rows FINAL
       WHERE model = {model:String} AND baseline = {baseline:String} AND (isNotNull(predicted_class) OR isNotNull(score))`;
  await store.execute(
    `INSERT INTO outcome_counts
     WITH
       outcomes AS (
         SELECT version, bucket, labelled, actual, predicted, isNotNull(score) AND labelled AS scored, assumeNotNull(score) AS p,
           multiIf(p <= 0, 0, p >= 1, 1001, toUInt16(1 + greatest(0, least(999, floor((log(p / (1 - p)) + 16) / 32 * 1000))))) AS score_bin,
           greatest(${EPSILON}, least(1 - ${EPSILON}, p)) AS clipped,
           toInt128(round(-log(if(actual, clipped, 1 - clipped)) * pow(2, 40))) AS loss,
           toInt128(round(pow(log(if(actual, clipped, 1 - clipped)), 2) * pow(2, 40))) AS loss_square
         FROM (${joined})
       ),
       bins AS (
         SELECT version, bucket, arraySort(groupArrayIf((score_bin, rows), actual)) AS positives, arraySort(groupArrayIf((score_bin, rows), NOT actual)) AS negatives
         FROM (SELECT version, bucket, actual, score_bin, count() AS rows FROM outcomes WHERE scored GROUP BY version, bucket, actual, score_bin)
         GROUP BY version, bucket
       ),
       totals AS (
         SELECT version, bucket, count() AS predictions, countIf(labelled) AS labelled_rows,
           countIf(labelled AND actual AND predicted) AS tp, countIf(labelled AND NOT actual AND predicted) AS fp,
           countIf(labelled AND actual AND NOT predicted) AS fn, countIf(labelled AND NOT actual AND NOT predicted) AS tn,
           countIf(scored) AS scored_rows, sumIf(loss, scored) AS loss_sum, sumIf(loss_square, scored) AS loss_square_sum
         FROM outcomes GROUP BY version, bucket
       )
     SELECT {model:String}, {baseline:String}, totals.version, '', totals.bucket, totals.predictions, totals.labelled_rows,
       ['1', '0', '1', '0'], ['1', '1', '0', '0'], [totals.tp, totals.fp, totals.fn, totals.tn],
       arrayMap(cell -> cell.1, bins.positives), arrayMap(cell -> cell.2, bins.positives),
       arrayMap(cell -> cell.1, bins.negatives), arrayMap(cell -> cell.2, bins.negatives),
       totals.scored_rows, totals.loss_sum, totals.loss_square_sum, {generation:UInt64}
     FROM totals LEFT JOIN bins ON totals.version = bins.version AND totals.bucket = bins.bucket`,
    params,
  );
  if (!all) await zeroWhatIsGone(store, params);
}

function zeroWhatIsGone(store: Store, params: { model: string; buckets: readonly number[]; generation: number }): Promise<void> {
  return store.execute(
    `INSERT INTO outcome_counts (model, baseline, version, segment, bucket, generation)
     SELECT model, baseline, version, segment, bucket, {generation:UInt64}
     FROM outcome_counts
     WHERE model = {model:String} AND baseline = '' AND toUnixTimestamp(bucket) IN {buckets:Array(UInt32)}
     GROUP BY model, baseline, version, segment, bucket
     HAVING max(generation) < {generation:UInt64} AND argMax(predictions, generation) > 0`,
    { model: params.model, buckets: params.buckets, generation: params.generation },
  );
}

/** Removes all outcome counts of a model, to be made again. */
export function forgetOutcomes(store: Store, model: string): Promise<void> {
  return store.execute("DELETE FROM outcome_counts WHERE model = {model:String}", { model });
}

export type StepOutcomes = { readonly from: Millis; readonly byVersion: ReadonlyMap<string, OutcomeCounts> };

/** Outcomes of rows of `outcome_counts AS c` together, as `outcomesOf` reads them. */
export const OUTCOME_SUMS = `sum(c.predictions) AS predictions, sum(c.labelled) AS labelled, sumForEach(c.cell_counts) AS cells,
            sumMap(c.positive_bins, c.positive_counts) AS positives, sumMap(c.negative_bins, c.negative_counts) AS negatives,
            sum(c.scored) AS scored, toString(sum(c.loss_sum)) AS loss_sum, toString(sum(c.loss_square_sum)) AS loss_square_sum`;

export type OutcomeSums = {
  predictions: number;
  labelled: number;
  cells: [number, number, number, number];
  positives: [number[], number[]];
  negatives: [number[], number[]];
  scored: number;
  loss_sum: string;
  loss_square_sum: string;
};

/** Outcome counts within a window, summed by steps of time. Steps without predictions are absent. Oldest first. */
export async function readOutcomeCounts(store: Store, rows: CountedRows, window: Window, stepMs: Millis): Promise<StepOutcomes[]> {
  const found = await store.query<OutcomeSums & { step: number; version: string }>(
    `SELECT intDiv(toUnixTimestamp(c.bucket), {step:UInt32}) * {step:UInt32} AS step, c.version AS version,
            ${OUTCOME_SUMS}
     FROM outcome_counts AS c FINAL
     WHERE c.model = {model:String} AND c.baseline = {baseline:String} AND c.segment = ''
       AND c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC') AND c.predictions > 0
     GROUP BY step, version ORDER BY step`,
    { ...rows, step: stepMs / 1000, from: Math.max(0, Math.floor(window.from / 1000)), to: Math.ceil(window.to / 1000) },
  );
  const steps: { from: Millis; byVersion: Map<string, OutcomeCounts> }[] = [];
  for (const row of found) {
    let step = steps.at(-1);
    if (step?.from !== row.step * 1000) steps.push((step = { from: row.step * 1000, byVersion: new Map() }));
    step.byVersion.set(row.version, outcomesOf(row));
  }
  return steps;
}

export function outcomesOf(row: OutcomeSums): OutcomeCounts {
  const [tp, fp, fn, tn] = row.cells;
  return {
    predictions: row.predictions,
    labelled: row.labelled,
    confusion: { tp, fp, fn, tn },
    positives: sparse(row.positives),
    negatives: sparse(row.negatives),
    scored: row.scored,
    lossSum: Number(row.loss_sum) * LOSS_UNIT,
    lossSquareSum: Number(row.loss_square_sum) * LOSS_UNIT,
  };
}

function sparse([bins, counts]: readonly [readonly number[], readonly number[]]): Map<number, number> {
  return new Map(bins.map((bin, index) => [bin, counts[index] ?? 0]));
}
