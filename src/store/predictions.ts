import type { Prediction } from "../model/event.ts";
import type { Millis, Window } from "../model/time.ts";
import type { Layouts, Placed } from "./layouts.ts";
import {
  createBytes,
  float64s,
  int64s,
  namedTexts,
  nativeBlock,
  nullable,
  numberLists,
  numberMaps,
  textLists,
  texts,
  uint64s,
  vectorMaps,
  type Bytes,
  type Column,
} from "./native-block.ts";
import type { Store } from "./store.ts";

/** Each month of an insert costs a part, and all of them are written at once. */
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

/** The numbers of such a row, one for each of `number_names`: the last ones may not be stored. */
export const NUMBERS = "arrayResize(numbers, length(number_names), nan)";

/** Said of rows in a window. Needs the parameters `from` and `to`. */
export const WITHIN = "time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})";

/** The rows of one version in a window that are counted, as a FROM clause that more conditions may follow. Needs the parameter `version` too. */
export const COUNTED_FEATURES = `${SETTLED_FEATURES} WHERE model = {model:String} AND version = {version:String} AND status != 'error' AND ${WITHIN}`;

/** A prediction to be stored. `precedence` says which of several rows with one id holds: the largest. Its parts are of 48, 32 and 48 bits. */
export type PredictionRow = {
  readonly prediction: Prediction;
  readonly precedence: { readonly time: number; readonly latency: number; readonly content: number };
};

/** A row with its place in a layout, or none where it carries its own names. */
type PlacedRow = PredictionRow & { readonly placed: Placed | null };

const COLUMNS: readonly Column<PlacedRow>[] = [
  { name: "model", type: "LowCardinality(String)", write: namedTexts((row) => row.prediction.model) },
  { name: "id", type: "String", write: texts((row) => row.prediction.id) },
  { name: "version", type: "LowCardinality(String)", write: namedTexts((row) => row.prediction.version) },
  { name: "time", type: "DateTime64(3, 'UTC')", write: int64s((row) => row.prediction.time) },
  { name: "layout", type: "UInt64", write: uint64s((row) => row.placed?.layout.id ?? 0n) },
  {
    name: "names",
    type: "Array(String)",
    write: textLists((row) => (row.placed ? [] : row.prediction.features.names)),
  },
  { name: "numbers", type: "Array(Float64)", write: numberLists(Float64Array, sizeOf, fillNumbers) },
  {
    name: "category_places",
    type: "Array(UInt16)",
    write: numberLists(Uint16Array, (row) => row.prediction.features.categories.length, fillPlaces),
  },
  {
    name: "categories",
    type: "Array(String)",
    write: textLists((row) => row.prediction.features.categories),
  },
  {
    name: "embeddings",
    type: "Map(String, Array(Float32))",
    write: vectorMaps((row) => row.prediction.features.embeddings),
  },
  {
    name: "unparsable",
    type: "Array(String)",
    write: textLists((row) => row.prediction.features.unparsable),
  },
  {
    name: "predicted_class",
    type: "Nullable(String)",
    write: nullable((row) => row.prediction.predictedClass, "", texts),
  },
  {
    name: "predicted_number",
    type: "Nullable(Float64)",
    write: nullable((row) => row.prediction.predictedNumber, 0, float64s),
  },
  {
    name: "score",
    type: "Nullable(Float64)",
    write: nullable((row) => row.prediction.score, 0, float64s),
  },
  {
    name: "scores",
    type: "Map(String, Float64)",
    write: numberMaps((row) => row.prediction.scores),
  },
  {
    name: "latency_ms",
    type: "Nullable(Float64)",
    write: nullable((row) => row.prediction.latencyMs, 0, float64s),
  },
  { name: "status", type: "LowCardinality(String)", write: namedTexts((row) => row.prediction.status) },
  {
    name: "role",
    type: "LowCardinality(String)",
    write: namedTexts((row) => row.prediction.role),
  },
  { name: "entity", type: "String", write: texts((row) => row.prediction.entity) },
  { name: "weight", type: "Float64", write: float64s((row) => row.prediction.weight) },
  {
    name: "telemetry",
    type: "Map(String, Float64)",
    write: numberMaps((row) => row.prediction.telemetry),
  },
  { name: "precedence", type: "UInt128", write: writePrecedences },
];

const COLUMN_NAMES = COLUMNS.map(({ name }) => name);

function sizeOf({ placed, prediction }: PlacedRow): number {
  return placed ? placed.layout.names.length : prediction.features.names.length;
}

function fillNumbers(row: PlacedRow, into: Float64Array, from: number): number {
  const { numbers } = row.prediction.features;
  const places = row.placed?.places;
  const end = from + sizeOf(row);
  if (places) {
    into.fill(Number.NaN, from, end);
    for (let place = 0; place < numbers.length; place++) into[from + (places[place] ?? 0)] = numbers[place] ?? Number.NaN;
  } else into.set(numbers, from);
  return end;
}

function fillPlaces({ placed, prediction }: PlacedRow, into: Uint16Array, from: number): number {
  const { categoryPlaces } = prediction.features;
  const places = placed?.places;
  for (const [index, place] of categoryPlaces.entries()) into[from + index] = places ? (places[place] ?? 0) : place;
  return from + categoryPlaces.length;
}

function writePrecedences(out: Bytes, rows: readonly PlacedRow[]): void {
  for (const { precedence } of rows) {
    out.uint48(precedence.content);
    out.uint32(precedence.latency);
    out.uint48(precedence.time);
  }
}

/** Bounds of one insert. */
const INSERT_BYTES = 32 * 1024 * 1024;

/** Predictions of one month as the store takes them. */
export type PredictionBlock = { readonly month: Millis; readonly rows: number; readonly bytes: Uint8Array };

/** Writes rows into blocks, all of them within one turn of the event loop: a thousand are a millisecond or two. */
export type PredictionEncoder = (rows: readonly PredictionRow[]) => PredictionBlock[];

export function createPredictionEncoder(layouts: Layouts): PredictionEncoder {
  const out = createBytes();
  return (rows) =>
    [...byMonth(rows)].map(([month, group]) => {
      const placed = group.map(({ prediction, precedence }): PlacedRow => ({
        prediction,
        precedence,
        placed: layouts.place(prediction.model, prediction.features.names),
      }));
      return { month, rows: placed.length, bytes: nativeBlock(out, COLUMNS, placed) };
    });
}

/** Appends blocks, durable when it resolves. Repeating it is harmless. */
export async function insertPredictions(store: Store, blocks: readonly PredictionBlock[], layouts: Layouts): Promise<void> {
  if (blocks.length === 0) return;
  // First: a row must never name a layout that is not there.
  await layouts.store(store);
  for (const group of groupsOf(blocks)) {
    const rows = group.reduce((sum, block) => sum + block.rows, 0);
    await store.insertNative("predictions", COLUMN_NAMES, { rows, blocks: group.map(({ bytes }) => bytes) });
  }
}

/** Blocks that go in together: of not too many months, and not too large. */
export function* groupsOf(blocks: readonly PredictionBlock[]): Iterable<readonly PredictionBlock[]> {
  let group: PredictionBlock[] = [];
  let months = new Set<Millis>();
  let bytes = 0;
  for (const block of [...blocks].sort((a, b) => a.month - b.month)) {
    if (bytes + block.bytes.length > INSERT_BYTES || (months.size === MONTHS_PER_INSERT && !months.has(block.month))) {
      if (group.length > 0) yield group;
      [group, months, bytes] = [[], new Set(), 0];
    }
    group.push(block);
    months.add(block.month);
    bytes += block.bytes.length;
  }
  if (group.length > 0) yield group;
}

function byMonth(rows: readonly PredictionRow[]): Map<Millis, PredictionRow[]> {
  const months = new Map<Millis, PredictionRow[]>();
  // Neighbours are of one month nearly always.
  let from = 0;
  let to = 0;
  let group: PredictionRow[] = [];
  for (const row of rows) {
    const { time } = row.prediction;
    if (!(time >= from && time < to)) {
      const day = new Date(time);
      from = Date.UTC(day.getUTCFullYear(), day.getUTCMonth());
      to = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1);
      group = months.get(from) ?? [];
      months.set(from, group);
    }
    group.push(row);
  }
  return months;
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
export async function countPredictions(store: Store, model: string, window?: Window): Promise<number> {
  const rows = await store.query<{ rows: number }>(
    `SELECT count() AS rows FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String} ${window ? `AND ${WITHIN}` : ""}`,
    { model, from: window?.from ?? 0, to: window?.to ?? 0 },
  );
  return Number(rows[0]?.rows ?? 0);
}
