import type { Prediction } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue, recordOf } from "./values.ts";

/** ClickHouse refuses an insert that spans more than 100 partitions, and each costs a part. */
const MONTHS_PER_INSERT = 50;

/**
 * The predictions that hold: each id once. Rows that repeat are collapsed, and those that lost their id to another are left
 * out. A query on it reads only the hours its condition on `time` names. Needs the parameter `model`.
 */
export const SETTLED_PREDICTIONS =
  "(SELECT * FROM predictions FINAL WHERE (id, precedence) NOT IN (SELECT id, precedence FROM superseded WHERE model = {model:String}))";

export type PredictionRow = Readonly<Record<string, unknown>> & {
  readonly model: string;
  readonly id: string;
  readonly time: number | string;
  readonly precedence: string;
};

/** The row of a prediction. `precedence` says which of several rows with one id holds: the largest. */
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
