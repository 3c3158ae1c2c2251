import { NUMBERS } from "./predictions.ts";
import { referenceRows, type ReferenceRows } from "./reference-rows.ts";
import type { Store } from "./store.ts";

/** What the texts of one feature are: how many there are of them, and the most frequent. */
export type TextFacts = {
  readonly feature: string;
  readonly rows: number;
  readonly distinct: number;
  /** Texts that occur once, and twice. */
  readonly once: number;
  readonly twice: number;
  readonly values: readonly string[];
};

/** The texts of every feature of a baseline; `most` of them by name. Cost: one pass over its rows. */
export async function readTextFacts(store: Store, model: string, rows: ReferenceRows, most: number): Promise<TextFacts[]> {
  const { source, params } = referenceRows(rows);
  const found = await store.query<Omit<TextFacts, "values"> & { named: [string, number][] }>(
    `SELECT feature, sum(held) AS rows, count() AS distinct, countIf(held = 1) AS once, countIf(held = 2) AS twice,
       arraySort(one -> (-toInt64(one.2), one.1), groupArrayIf((value, held), place <= {most:UInt32})) AS named
     FROM (
       SELECT entry.1 AS feature, entry.2 AS value, count() AS held, row_number() OVER (PARTITION BY feature ORDER BY held DESC, value) AS place
       FROM (SELECT arrayJoin(arrayMap((name, text) -> tuple(toString(name), toString(text)), category_names, categories)) AS entry FROM ${source})
       GROUP BY feature, value
     )
     GROUP BY feature ORDER BY feature`,
    { model, ...params, most },
  );
  return found.map(({ named, ...facts }) => ({ ...facts, values: named.map(([value]) => value) }));
}

/** The features of a baseline whose numbers are all whole. Cost: one pass over its rows. */
export async function readWholeFeatures(store: Store, model: string, rows: ReferenceRows): Promise<Set<string>> {
  const { source, params } = referenceRows(rows);
  const found = await store.query<{ feature: string }>(
    `SELECT entry.1 AS feature
     FROM (
       SELECT arrayJoin(arrayFilter(one -> NOT isNaN(one.2),
         arrayMap((name, x) -> tuple(toString(name), x), number_names, ${NUMBERS}))) AS entry
       FROM ${source}
     )
     GROUP BY feature HAVING countIf(entry.2 != floor(entry.2)) = 0 ORDER BY feature`,
    { model, ...params },
  );
  return new Set(found.map(({ feature }) => feature));
}
