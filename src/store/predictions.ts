import type { Prediction } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Layout, Layouts } from "./layouts.ts";
import { createRowWriter, type RowWriter } from "./row-binary.ts";
import type { Store } from "./store.ts";

/** ClickHouse refuses an insert that spans more than 100 partitions, and each costs a part. */
const MONTHS_PER_INSERT = 50;

/**
 * The predictions that hold: each id once. Rows that repeat are collapsed, and those that lost their id to another are left
 * out. A query on it reads only the hours its condition on `time` names. Needs the parameter `model`.
 */
export const SETTLED_PREDICTIONS =
  "(SELECT * FROM predictions FINAL WHERE (id, precedence) NOT IN (SELECT id, precedence FROM superseded WHERE model = {model:String}))";

/** The same with the names of the features: `number_names` beside `numbers` (NaN for none), `category_names` beside `categories`. */
export const SETTLED_FEATURES = `(
  SELECT p.*, if(p.layout = 0, p.names, l.names) AS number_names, arrayMap(place -> number_names[place + 1], p.category_places) AS category_names
  FROM ${SETTLED_PREDICTIONS} AS p LEFT JOIN (SELECT layout, any(names) AS names FROM layouts GROUP BY layout) AS l ON p.layout = l.layout)`;

/** A prediction to be stored. `precedence` says which of several rows with one id holds: the largest. */
export type PredictionRow = { readonly prediction: Prediction; readonly precedence: bigint };

const COLUMNS = [
  "model",
  "id",
  "version",
  "time",
  "layout",
  "names",
  "numbers",
  "category_places",
  "categories",
  "embeddings",
  "unparsable",
  "predicted_class",
  "predicted_number",
  "score",
  "scores",
  "latency_ms",
  "status",
  "role",
  "entity",
  "weight",
  "telemetry",
  "precedence",
] as const;

/** Bounds of one insert, and of the rows written in one turn of the event loop. */
const INSERT_BYTES = 16 * 1024 * 1024;
const ROWS_PER_TURN = 200;

/** Appends rows, durable when it resolves. Repeating it is harmless. */
export async function insertPredictions(store: Store, rows: readonly PredictionRow[], layouts: Layouts): Promise<void> {
  for (const group of splitByMonths(rows, MONTHS_PER_INSERT)) {
    const writer = createRowWriter(1024 * 1024);
    let written = 0;
    const insert = async () => {
      if (written === 0) return;
      // First: a row must never name a layout that is not there.
      await layouts.store(store);
      await store.insertBinary("predictions", COLUMNS, { rows: written, bytes: writer.take() });
      written = 0;
    };
    for (const [index, row] of group.entries()) {
      writeRow(writer, row, layouts);
      written += 1;
      if (writer.size() >= INSERT_BYTES) await insert();
      // Other work (heartbeats, requests) shares this thread: give way between slices.
      else if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await insert();
  }
}

function writeRow(writer: RowWriter, { prediction, precedence }: PredictionRow, layouts: Layouts): void {
  writer.text(prediction.model);
  writer.text(prediction.id);
  writer.text(prediction.version);
  writer.int64(prediction.time);
  writeFeatures(writer, prediction, layouts.layoutOf(prediction));
  writer.length(prediction.embeddings.size);
  for (const [name, parts] of prediction.embeddings) {
    writer.text(name);
    writer.length(parts.length);
    for (const part of parts) writer.float32(part);
  }
  writer.length(prediction.unparsable.length);
  for (const name of prediction.unparsable) writer.text(name);
  writeNullable(prediction.predictedClass, writer, writer.text);
  writeNullable(prediction.predictedNumber, writer, writer.float64);
  writeNullable(prediction.score, writer, writer.float64);
  writeNumbers(writer, prediction.scores);
  writeNullable(prediction.latencyMs, writer, writer.float64);
  writer.text(prediction.status);
  writer.text(prediction.role);
  writer.text(prediction.entity);
  writer.float64(prediction.weight);
  writeNumbers(writer, prediction.telemetry);
  writer.uint128(precedence);
}

/** By the layout's places, or with the row's own names: numbers first, then categories. */
function writeFeatures(writer: RowWriter, { numbers, categories }: Prediction, layout: Layout | null): void {
  writer.uint64(layout?.id ?? 0n);
  writer.length(layout ? 0 : numbers.size + categories.size);
  if (!layout) {
    for (const name of numbers.keys()) writer.text(name);
    for (const name of categories.keys()) writer.text(name);
    writer.length(numbers.size);
    for (const value of numbers.values()) writer.float64(value);
  } else {
    writer.length(layout.names.length);
    for (const name of layout.names) writer.float64(numbers.get(name) ?? Number.NaN);
  }
  writer.length(categories.size);
  let place = numbers.size;
  for (const name of categories.keys()) writer.uint16(layout ? (layout.places.get(name) ?? 0) : place++);
  writer.length(categories.size);
  for (const value of categories.values()) writer.text(value);
}

function writeNumbers(writer: RowWriter, numbers: ReadonlyMap<string, number>): void {
  writer.length(numbers.size);
  for (const [name, value] of numbers) {
    writer.text(name);
    writer.float64(value);
  }
}

function writeNullable<Value>(value: Value | null, writer: RowWriter, write: (value: Value) => void): void {
  writer.byte(value === null ? 1 : 0);
  if (value !== null) write(value);
}

/** Rows in as few groups as hold at most `limit` months each. */
export function splitByMonths(rows: readonly PredictionRow[], limit: number): PredictionRow[][] {
  const months = new Map<number, PredictionRow[]>();
  for (const row of rows) {
    const day = new Date(row.prediction.time);
    const month = day.getUTCFullYear() * 12 + day.getUTCMonth();
    const group = months.get(month);
    if (group) group.push(row);
    else months.set(month, [row]);
  }
  const groups = [...months.values()];
  const split: PredictionRow[][] = [];
  for (let start = 0; start < groups.length; start += limit) split.push(groups.slice(start, start + limit).flat());
  return split;
}

/** The event time of a model's newest prediction, or null when it has none. */
export async function newestPredictionTime(store: Store, model: string): Promise<Millis | null> {
  const rows = await store.query<{ time: Millis; rows: number }>(
    "SELECT toUnixTimestamp64Milli(max(time)) AS time, count() AS rows FROM predictions WHERE model = {model:String}",
    { model },
  );
  const row = rows[0];
  return row && Number(row.rows) > 0 ? Number(row.time) : null;
}

/** How many predictions a model has, each id once. */
export async function countPredictions(store: Store, model: string): Promise<number> {
  const rows = await store.query<{ rows: number }>(`SELECT count() AS rows FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String}`, {
    model,
  });
  return Number(rows[0]?.rows ?? 0);
}
