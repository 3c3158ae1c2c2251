import type { OutcomeCounts } from "../model/counts.ts";
import type { Millis } from "../model/time.ts";
import { OUTCOMES_TOGETHER, outcomesOf, type OutcomesTogether } from "./outcome-counts.ts";
import type { Store } from "./store.ts";

/** Two versions of one model. */
export type VersionPair = { readonly model: string; readonly first: string; readonly second: string };

const ROWS_OF_BOTH =
  "c.model = {model:String} AND c.baseline = '' AND c.segment = '' AND c.version IN ({first:String}, {second:String}) AND c.predictions > 0";

export type SharedBuckets = {
  /** Buckets in which both versions predicted, that began before `before`. */
  readonly common: number;
  /** Such buckets that began at `before` or later. */
  readonly later: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
};

/** In how many buckets two versions predicted, together and alone. */
export async function countSharedBuckets(store: Store, { model, first, second }: VersionPair, before: Millis): Promise<SharedBuckets> {
  const [row] = await store.query<SharedBuckets>(
    `SELECT countIf(one AND two AND bucket < toDateTime({before:UInt32}, 'UTC')) AS common,
            countIf(one AND two AND bucket >= toDateTime({before:UInt32}, 'UTC')) AS later,
            countIf(NOT two) AS onlyFirst, countIf(NOT one) AS onlySecond
     FROM (
       SELECT c.bucket AS bucket, countIf(c.version = {first:String}) > 0 AS one, countIf(c.version = {second:String}) > 0 AS two
       FROM outcome_counts AS c FINAL WHERE ${ROWS_OF_BOTH} GROUP BY bucket
     )`,
    { model, first, second, before: seconds(before) },
  );
  return row ?? { common: 0, later: 0, onlyFirst: 0, onlySecond: 0 };
}

/** Outcomes of both versions in some successive buckets in which both predicted; `from` is the start of the first of them, `last` of the last. */
export type CommonOutcomes = {
  readonly from: Millis;
  readonly last: Millis;
  readonly first: OutcomeCounts;
  readonly second: OutcomeCounts;
};

/** Outcomes in the buckets before `before` in which both versions predicted, summed by `together` buckets each. Oldest first. */
export async function readCommonOutcomes(
  store: Store,
  { model, first, second }: VersionPair,
  before: Millis,
  together: number,
): Promise<CommonOutcomes[]> {
  const rows = await store.query<OutcomesTogether & { from_s: number; last_s: number; version: string }>(
    `WITH common AS (
       SELECT bucket, intDiv(row_number() OVER (ORDER BY bucket) - 1, {together:UInt32}) AS step
       FROM (
         SELECT c.bucket AS bucket FROM outcome_counts AS c FINAL
         WHERE ${ROWS_OF_BOTH} AND c.bucket < toDateTime({before:UInt32}, 'UTC') GROUP BY bucket HAVING count() = 2
       )
     )
     SELECT common.step AS step, c.version AS version, toUnixTimestamp(min(c.bucket)) AS from_s, toUnixTimestamp(max(c.bucket)) AS last_s,
            ${OUTCOMES_TOGETHER}
     FROM outcome_counts AS c FINAL INNER JOIN common ON c.bucket = common.bucket
     WHERE ${ROWS_OF_BOTH} AND c.bucket < toDateTime({before:UInt32}, 'UTC')
     GROUP BY step, version ORDER BY step, version = {second:String}`,
    { model, first, second, before: seconds(before), together },
  );
  const steps: CommonOutcomes[] = [];
  for (let index = 0; index + 1 < rows.length; index += 2) {
    const [one, two] = rows.slice(index, index + 2);
    if (one && two) steps.push({ from: one.from_s * 1000, last: one.last_s * 1000, first: unweighted(one), second: unweighted(two) });
  }
  return steps;
}

function seconds(time: Millis): number {
  return Math.max(0, Math.floor(time / 1000));
}

/** Versions are compared row by row, whatever the rows weigh: what holds however often one looks is a count of trials. */
function unweighted(row: OutcomesTogether): OutcomeCounts {
  return { ...outcomesOf(row), weights: null };
}
