import type { Prediction } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue, recordOf } from "./values.ts";

/** ClickHouse refuses an insert that spans more than 100 partitions, and each costs a part. */
const MONTHS_PER_INSERT = 50;
/** A server takes parameters in the request line, which it bounds at 1 MiB; text may triple when it is escaped. */
const LOOKUP_BYTES = 250_000;
const LOOKUP_IDS = 5_000;

export type PredictionRow = Readonly<Record<string, unknown>> & {
  readonly model: string;
  readonly id: string;
  readonly time: number | string;
  readonly precedence: string;
};

/** The row of a prediction. `precedence` says which of several rows with one id stays: the largest. */
export function predictionRow(prediction: Prediction, precedence: string): PredictionRow {
  return {
    model: prediction.model,
    id: prediction.id,
    version: prediction.version,
    time: dateTimeValue(prediction.time),
    numbers: recordOf(prediction.numbers),
    categories: recordOf(prediction.categories),
    embeddings: recordOf(prediction.embeddings),
    unparsable: prediction.unparsable,
    predicted_class: prediction.predictedClass,
    predicted_number: prediction.predictedNumber,
    score: prediction.score,
    scores: recordOf(prediction.scores),
    latency_ms: prediction.latencyMs,
    status: prediction.status,
    role: prediction.role,
    entity: prediction.entity,
    weight: prediction.weight,
    telemetry: recordOf(prediction.telemetry),
    precedence,
  };
}

/** Appends rows, durable when it resolves. Repeating it is harmless. */
export async function insertPredictions(store: Store, rows: readonly PredictionRow[]): Promise<void> {
  for (const group of splitByMonths(rows, MONTHS_PER_INSERT)) await store.insert("predictions", group);
}

/** Rows in as few groups as hold at most `limit` months each. */
export function splitByMonths(rows: readonly PredictionRow[], limit: number): PredictionRow[][] {
  const months = new Map<string, PredictionRow[]>();
  for (const row of rows) {
    const month = new Date(typeof row.time === "number" ? row.time : `${row.time.replace(" ", "T")}Z`).toISOString().slice(0, 7);
    const group = months.get(month);
    if (group) group.push(row);
    else months.set(month, [row]);
  }
  const groups = [...months.values()];
  const split: PredictionRow[][] = [];
  for (let start = 0; start < groups.length; start += limit) split.push(groups.slice(start, start + limit).flat());
  return split;
}

/**
 * The predictions of one model that are meant by `ids`, as they now stand: one row an id, those unknown left out.
 * The smallest time is the one that FINAL would leave, since it is what precedence puts first; reading all is cheaper.
 */
export function findPredictionTimes(store: Store, model: string, ids: readonly string[]): Promise<{ id: string; time: Millis }[]> {
  return lookUp(
    store,
    "SELECT id, toUnixTimestamp64Milli(min(p.time)) AS time FROM predictions AS p WHERE model = {model:String} AND id IN {ids:Array(String)} GROUP BY id",
    model,
    ids,
  );
}

/** Every stored row of these ids, superseded ones that were not merged away yet included. */
export function findPredictionRows(
  store: Store,
  model: string,
  ids: readonly string[],
): Promise<{ id: string; time: Millis; precedence: string }[]> {
  return lookUp(
    store,
    "SELECT id, toUnixTimestamp64Milli(time) AS time, toString(p.precedence) AS precedence FROM predictions AS p WHERE model = {model:String} AND id IN {ids:Array(String)}",
    model,
    ids,
  );
}

async function lookUp<Row extends { id: string; time: Millis }>(
  store: Store,
  sql: string,
  model: string,
  ids: readonly string[],
): Promise<Row[]> {
  const found: Row[] = [];
  for (const chunk of chunks([...new Set(ids)])) {
    for (const row of await store.query<Row>(sql, { model, ids: chunk })) found.push({ ...row, time: Number(row.time) });
  }
  return found;
}

function chunks(ids: readonly string[]): string[][] {
  const all: string[][] = [];
  let chunk: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    const size = Buffer.byteLength(id) + 4;
    if (chunk.length > 0 && (chunk.length >= LOOKUP_IDS || bytes + size > LOOKUP_BYTES)) {
      all.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(id);
    bytes += size;
  }
  if (chunk.length > 0) all.push(chunk);
  return all;
}

/** The event time of a model's newest prediction, or null when it has none. */
export async function newestPredictionTime(store: Store, model: string): Promise<Millis | null> {
  const rows = await store.query<{ time: Millis; rows: number }>(
    "SELECT toUnixTimestamp64Milli(max(time)) AS time, count() AS rows FROM predictions FINAL WHERE model = {model:String}",
    { model },
  );
  const row = rows[0];
  return row && Number(row.rows) > 0 ? Number(row.time) : null;
}

/** How many predictions a model has, each id once. */
export async function countPredictions(store: Store, model: string): Promise<number> {
  const rows = await store.query<{ rows: number }>("SELECT count() AS rows FROM predictions FINAL WHERE model = {model:String}", { model });
  return Number(rows[0]?.rows ?? 0);
}
