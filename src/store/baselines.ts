import type { BaselineRow } from "../model/event.ts";
import { categoriesOf, numbersOf } from "../model/features.ts";
import type { Millis } from "../model/time.ts";
import { dateTimeValue, recordOf } from "./values.ts";
import type { Store } from "./store.ts";

/** A file baseline that was loaded. */
export type StoredBaseline = {
  readonly model: string;
  /** A key of content, so that a changed file is another baseline. */
  readonly key: string;
  readonly name: string;
  /** The version it is for; empty when for all. */
  readonly version: string;
  readonly source: string;
  readonly digest: string;
  readonly rows: number;
  readonly labelled: number;
  readonly firstTime: Millis;
  readonly lastTime: Millis;
  readonly createdAt: Millis;
};

export function readBaselines(store: Store, model: string | null): Promise<StoredBaseline[]> {
  return store.query<StoredBaseline>(
    `SELECT model, baseline AS key, name, version, source, digest, rows, labelled, toUnixTimestamp64Milli(first_time) AS firstTime,
            toUnixTimestamp64Milli(last_time) AS lastTime, toUnixTimestamp64Milli(created_at) AS createdAt
     FROM baselines FINAL ${model === null ? "" : "WHERE model = {model:String}"} ORDER BY model, name, version, created_at`,
    model === null ? {} : { model },
  );
}

export async function insertBaseline(store: Store, baseline: StoredBaseline): Promise<void> {
  const { model, key, name, version, source, digest, rows, labelled } = baseline;
  await store.insert("baselines", [
    {
      model,
      baseline: key,
      name,
      version,
      source,
      digest,
      rows,
      labelled,
      first_time: dateTimeValue(baseline.firstTime),
      last_time: dateTimeValue(baseline.lastTime),
      created_at: dateTimeValue(baseline.createdAt),
    },
  ]);
}

/** What the stored rows of one baseline amount to; repeated ids count once. */
export async function summarizeBaselineRows(
  store: Store,
  model: string,
  key: string,
): Promise<{ rows: number; labelled: number; firstTime: Millis; lastTime: Millis }> {
  const [summary] = await store.query<{ rows: number; labelled: number; firstTime: number; lastTime: number }>(
    `SELECT count() AS rows, countIf(isNotNull(label)) AS labelled, toUnixTimestamp64Milli(min(time)) AS firstTime, toUnixTimestamp64Milli(max(time)) AS lastTime
     FROM baseline_rows FINAL WHERE model = {model:String} AND baseline = {key:String}`,
    { model, key },
  );
  return summary ?? { rows: 0, labelled: 0, firstTime: 0, lastTime: 0 };
}

/** Rows of baselines with their features as `SETTLED_FEATURES` has those of predictions. */
export const BASELINE_FEATURES = `(
  SELECT * EXCEPT (numbers, categories), mapKeys(b.numbers) AS number_names, mapValues(b.numbers) AS numbers, mapKeys(b.categories) AS category_names, mapValues(b.categories) AS categories
  FROM baseline_rows AS b FINAL)`;

export async function insertBaselineRows(
  store: Store,
  key: string,
  rows: readonly BaselineRow[],
  precedence: (row: BaselineRow) => string,
): Promise<void> {
  await store.insert(
    "baseline_rows",
    rows.map((row) => ({
      model: row.prediction.model,
      baseline: key,
      id: row.prediction.id,
      version: row.prediction.version,
      time: dateTimeValue(row.prediction.time),
      numbers: recordOf(numbersOf(row.prediction.features)),
      categories: recordOf(categoriesOf(row.prediction.features)),
      unparsable: row.prediction.features.unparsable,
      predicted_class: row.prediction.predictedClass,
      predicted_number: row.prediction.predictedNumber,
      score: row.prediction.score,
      scores: recordOf(row.prediction.scores),
      weight: row.prediction.weight,
      label: row.label?.label ?? null,
      label_number: row.label?.labelNumber ?? null,
      precedence: precedence(row),
    })),
  );
}
