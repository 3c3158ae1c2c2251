import type { SubjectKey } from "../model/grid.ts";
import type { Task } from "../model/settings.ts";
import type { Window } from "../model/time.ts";
import { answerSql } from "./answer-sql.ts";
import { BASELINE_FEATURES } from "./baselines.ts";
import { COUNTED_FEATURES, NUMBERS } from "./predictions.ts";
import type { Store } from "./store.ts";

/** Rows of one baseline, or live ones of one version in some windows together. */
export type RawRows =
  | { readonly kind: "baseline"; readonly model: string; readonly baseline: string }
  | { readonly kind: "live"; readonly model: string; readonly version: string; readonly windows: readonly Window[] };

type Place = { readonly from: string; readonly params: Readonly<Record<string, string | number | readonly number[]>> };

/** The rows that were counted, as a FROM clause. */
function placeOf(rows: RawRows): Place {
  if (rows.kind === "baseline")
    return {
      from: `${BASELINE_FEATURES} WHERE model = {model:String} AND baseline = {baseline:String}`,
      params: { model: rows.model, baseline: rows.baseline },
    };
  const begins = rows.windows.map(({ from }) => from);
  const ends = rows.windows.map(({ to }) => to);
  return {
    from: `${COUNTED_FEATURES}
             AND arrayExists((begin, end) -> toUnixTimestamp64Milli(time) >= begin AND toUnixTimestamp64Milli(time) < end, {begins:Array(Int64)}, {ends:Array(Int64)})`,
    params: { model: rows.model, version: rows.version, from: Math.min(...begins), to: Math.max(...ends), begins, ends },
  };
}

/** What is read of a row, as a list of none or one. */
const NUMBER: Readonly<Record<SubjectKey["subject"], string>> = {
  feature: `arrayFilter(x -> NOT isNaN(x), if(has(number_names, {feature:String}), [${NUMBERS}[indexOf(number_names, {feature:String})]], []))`,
  score: "if(isNull(score), [], [assumeNotNull(score)])",
  prediction: "if(isNull(predicted_number), [], [assumeNotNull(predicted_number)])",
};

/** Every number of a subject, in no order. The caller sees to it that they are not too many to be held. */
export async function readRawNumbers(store: Store, rows: RawRows, { subject, feature }: SubjectKey): Promise<number[]> {
  const { from, params } = placeOf(rows);
  const [found] = await store.query<{ numbers: number[] }>(`SELECT groupArrayArray(${NUMBER[subject]}) AS numbers FROM ${from}`, {
    ...params,
    feature,
  });
  return found?.numbers ?? [];
}

/** How many rows hold each text of a subject. */
export async function readRawTexts(
  store: Store,
  rows: RawRows,
  { subject, feature }: SubjectKey,
  task: Task,
): Promise<Map<string, number>> {
  const { from, params } = placeOf(rows);
  const texts =
    subject === "feature"
      ? "if(has(category_names, {feature:String}), [categories[indexOf(category_names, {feature:String})]], [])"
      : answerSql(task);
  const found = await store.query<{ text: string; rows: number }>(
    `SELECT arrayJoin(${texts}) AS text, count() AS rows FROM ${from} GROUP BY text ORDER BY text`,
    { ...params, feature },
  );
  return new Map(found.map((row) => [row.text, row.rows]));
}
