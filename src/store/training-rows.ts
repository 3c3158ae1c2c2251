import { HOUR, type Millis, type Window } from "../model/time.ts";
import { SETTLED_FEATURES, WITHIN } from "./predictions.ts";
import type { Store } from "./store.ts";

/** Rows read at a time, and held at a time. */
const ROWS_AT_ONCE = 5_000;
const MOST_NAMES = 4_096;

/** A prediction that holds, with its label where that is known. */
export type TrainingRow = {
  readonly id: string;
  readonly version: string;
  readonly time: Millis;
  readonly features: ReadonlyMap<string, number | string | readonly number[]>;
  readonly predictedClass: string | null;
  readonly predictedNumber: number | null;
  readonly score: number | null;
  readonly scores: Readonly<Record<string, number>>;
  readonly role: string;
  readonly entity: string;
  readonly weight: number;
  readonly label: string | null;
  readonly labelNumber: number | null;
};

export type TrainingQuery = {
  readonly model: string;
  readonly window: Window;
  readonly version: string | null;
  readonly labelled: boolean;
};

type Row = {
  id: string;
  version: string;
  time_ms: number;
  number_names: string[];
  numbers: (number | null)[];
  category_names: string[];
  categories: string[];
  embeddings: Record<string, number[]>;
  predicted_class: string | null;
  predicted_number: number | null;
  score: number | null;
  scores: Record<string, number>;
  role: string;
  entity: string;
  weight: number;
  label: string | null;
  label_number: number | null;
};

const ofVersion = ({ version }: TrainingQuery) => (version === null ? "" : "AND version = {version:String}");
const paramsOf = ({ model, version }: TrainingQuery, { from, to }: Window) => ({
  model,
  from,
  to,
  ...(version === null ? {} : { version }),
});

/** Rows in order of their hour, and within it of their id, some thousand at a time: as many as there are, in the memory of one step. */
export async function* readTrainingRows(store: Store, query: TrainingQuery): AsyncGenerator<TrainingRow[]> {
  for (const stretch of await stretches(store, query)) {
    let after: { hour: number; id: string } | null = null;
    for (;;) {
      const rows: Row[] = await store.query<Row>(
        `SELECT p.id AS id, p.version AS version, toUnixTimestamp64Milli(p.time) AS time_ms, number_names, numbers, category_names, categories, embeddings,
                predicted_class, predicted_number, score, scores, role, entity, weight, o.label AS label, o.label_number AS label_number
         FROM (
           SELECT * FROM ${SETTLED_FEATURES} WHERE model = {model:String} AND ${WITHIN} AND status != 'error' ${ofVersion(query)}
             ${after === null ? "" : "AND (toUnixTimestamp(toStartOfHour(time)), id) > ({hour:UInt32}, {id:String})"}
         ) AS p
         LEFT JOIN (
           SELECT id, predicted_at, toNullable(label) AS label, label_number FROM outcomes FINAL
           WHERE model = {model:String} AND predicted_at >= fromUnixTimestamp64Milli({from:Int64}) AND predicted_at < fromUnixTimestamp64Milli({to:Int64})
         ) AS o ON p.id = o.id AND p.time = o.predicted_at
         ${query.labelled ? "WHERE label IS NOT NULL" : ""}
         ORDER BY toStartOfHour(p.time), p.id LIMIT {limit:UInt32}`,
        { ...paramsOf(query, stretch), limit: ROWS_AT_ONCE, ...after },
      );
      if (rows.length > 0) yield rows.map(parseRow);
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_AT_ONCE) break;
      after = { hour: Math.floor(last.time_ms / HOUR) * (HOUR / 1000), id: last.id };
    }
  }
}

/** Whole hours with rows, put together until they hold enough to be worth a query. */
async function stretches(store: Store, query: TrainingQuery): Promise<Window[]> {
  const { window } = query;
  const hours = await store.query<{ hour: number; rows: number }>(
    `SELECT toUnixTimestamp(toStartOfHour(time)) AS hour, count() AS rows FROM predictions
     WHERE model = {model:String} AND ${WITHIN} ${ofVersion(query)} GROUP BY hour ORDER BY hour`,
    paramsOf(query, window),
  );
  const found: { from: Millis; to: Millis; rows: number }[] = [];
  for (const { hour, rows } of hours) {
    const from = hour * 1000;
    const last = found.at(-1);
    if (last && last.rows + rows <= ROWS_AT_ONCE) Object.assign(last, { to: from + HOUR, rows: last.rows + rows });
    else found.push({ from, to: from + HOUR, rows });
  }
  return found.map(({ from, to }) => ({ from: Math.max(from, window.from), to: Math.min(to, window.to) }));
}

/** The names of all features among the rows, sorted: the columns of a table. */
export async function readTrainingNames(store: Store, query: TrainingQuery): Promise<string[]> {
  const rows = await store.query<{ name: string }>(
    `SELECT DISTINCT arrayJoin(arrayConcat(number_names, mapKeys(embeddings))) AS name FROM ${SETTLED_FEATURES}
     WHERE model = {model:String} AND ${WITHIN} AND status != 'error' ${ofVersion(query)} ORDER BY name LIMIT {most:UInt32}`,
    { ...paramsOf(query, query.window), most: MOST_NAMES },
  );
  return rows.map(({ name }) => name);
}

function parseRow(row: Row): TrainingRow {
  const features = new Map<string, number | string | readonly number[]>();
  for (const [place, name] of row.number_names.entries()) {
    const value = row.numbers[place];
    if (typeof value === "number") features.set(name, value);
  }
  for (const [place, name] of row.category_names.entries()) features.set(name, row.categories[place] ?? "");
  for (const [name, values] of Object.entries(row.embeddings)) features.set(name, values);
  return {
    id: row.id,
    version: row.version,
    time: row.time_ms,
    features,
    predictedClass: row.predicted_class,
    predictedNumber: row.predicted_number,
    score: row.score,
    scores: row.scores,
    role: row.role,
    entity: row.entity,
    weight: row.weight,
    label: row.label,
    labelNumber: row.label_number,
  };
}
