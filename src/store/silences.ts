import { SILENCE_FIELDS, type Acknowledgement, type Silence, type SilenceField } from "../model/silence.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

/** Writes a silence, in place of what was known of it before. */
export async function insertSilence(store: Store, silence: Silence, at: Millis): Promise<void> {
  await store.insert("silences", [
    {
      id: silence.id,
      ...Object.fromEntries(SILENCE_FIELDS.map((field) => [field, silence.match[field] ?? ""])),
      begins: dateTimeValue(silence.from),
      ends: dateTimeValue(silence.to),
      by: silence.by,
      comment: silence.comment,
      created_at: dateTimeValue(silence.createdAt),
      written_at: dateTimeValue(at),
    },
  ]);
}

type SilenceRow = Record<SilenceField, string> & {
  id: string;
  begins_ms: number;
  ends_ms: number;
  by: string;
  comment: string;
  created_ms: number;
};

/** Silences, the newest first: all there were, or those that end after a moment. */
export async function readSilences(store: Store, filter: { endingAfter?: Millis; id?: string } = {}): Promise<Silence[]> {
  const conditions = ["1"];
  if (filter.endingAfter !== undefined) conditions.push("ends > fromUnixTimestamp64Milli({after:Int64})");
  if (filter.id !== undefined) conditions.push("id = {id:String}");
  const rows = await store.query<SilenceRow>(
    `SELECT id, ${SILENCE_FIELDS.join(", ")}, toUnixTimestamp64Milli(begins) AS begins_ms, toUnixTimestamp64Milli(ends) AS ends_ms,
       by, comment, toUnixTimestamp64Milli(created_at) AS created_ms
     FROM silences FINAL WHERE ${conditions.join(" AND ")} ORDER BY created_at DESC, id`,
    {
      ...(filter.endingAfter === undefined ? {} : { after: filter.endingAfter }),
      ...(filter.id === undefined ? {} : { id: filter.id }),
    },
  );
  return rows.map((row) => ({
    id: row.id,
    match: Object.fromEntries(SILENCE_FIELDS.map((field) => [field, row[field] === "" ? null : row[field]])) as Silence["match"],
    from: row.begins_ms,
    to: row.ends_ms,
    by: row.by,
    comment: row.comment,
    createdAt: row.created_ms,
  }));
}

export async function insertAcknowledgement(store: Store, { alertId, by, comment, at }: Acknowledgement): Promise<void> {
  await store.insert("acknowledgements", [{ alert_id: alertId, by, comment, at: dateTimeValue(at) }]);
}

/** The newest acknowledgement of each of these alerts, by the alert's id. */
export async function readAcknowledgements(store: Store, alertIds: readonly string[]): Promise<Map<string, Acknowledgement>> {
  if (alertIds.length === 0) return new Map();
  const rows = await store.query<{ alert_id: string; by: string; comment: string; at_ms: number }>(
    `SELECT alert_id, by, comment, toUnixTimestamp64Milli(at) AS at_ms FROM acknowledgements FINAL WHERE alert_id IN {ids:Array(String)}`,
    { ids: alertIds },
  );
  return new Map(rows.map((row) => [row.alert_id, { alertId: row.alert_id, by: row.by, comment: row.comment, at: row.at_ms }]));
}
