import type { DeadLetter, Origin, RejectReason } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

/** A dead letter with the message itself, as far as it is kept. */
export type FullLetter = Omit<DeadLetter, "replayed"> & {
  /** Null where the payload is the whole message, or where the message was too large to be kept. */
  readonly body: Uint8Array | null;
  /** What came around the message where an adapter reads that, as its source wrote it; empty where nothing does. */
  readonly envelope: string;
};

/** What makes a letter this one. A message refused for two reasons, one after the other, left two. */
export type LetterKey = { readonly origin: Origin; readonly reason: RejectReason };

type LetterRow = Origin & {
  received_ms: Millis;
  reason: RejectReason;
  message: string;
  payload: string;
  payload_bytes: number;
};

const COLUMNS = `toUnixTimestamp64Milli(d.received_at) AS received_ms, d.source AS source, d.topic AS topic, d.partition AS partition, d.offset AS offset,
  d.reason AS reason, d.message AS message, d.payload AS payload, d.payload_bytes AS payload_bytes`;

/** Appends dead letters. A message read again replaces its earlier letter. */
export async function insertDeadLetters(store: Store, letters: readonly FullLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await store.insert("dead_letters", letters.map(rowOf));
}

export type LetterPlace = readonly [receivedAt: Millis, source: string, topic: string, partition: number, offset: string, reason: string];

export function letterPlace({ receivedAt, origin, reason }: DeadLetter): LetterPlace {
  return [receivedAt, origin.source, origin.topic, origin.partition, origin.offset, reason];
}

/** Dead letters in pages, newest first. */
export async function readDeadLetterPage(
  store: Store,
  filter: { readonly reason?: RejectReason | undefined },
  limit: number,
  after: LetterPlace | null,
): Promise<DeadLetter[]> {
  const [at, source, topic, partition, offset, reason] = after ?? [0, "", "", 0, "", ""];
  const rows = await store.query<LetterRow & { replayed_ms: Millis | null; outcome: "taken" | RejectReason }>(
    `SELECT ${COLUMNS}, toUnixTimestamp64Milli(d.replayed_at) AS replayed_ms, d.became AS outcome
     FROM dead_letters AS d FINAL
     WHERE 1 ${filter.reason === undefined ? "" : "AND d.reason = {wanted:String}"}
       ${
         after === null
           ? ""
           : `AND (-toUnixTimestamp64Milli(d.received_at), toString(d.source), toString(d.topic), d.partition, d.offset, toString(d.reason))
              > (-{at:Int64}, {source:String}, {topic:String}, {partition:Int32}, {offset:String}, {reason:String})`
       }
     ORDER BY d.received_at DESC, d.source, d.topic, d.partition, d.offset, d.reason LIMIT {limit:UInt32}`,
    {
      limit,
      ...(filter.reason === undefined ? {} : { wanted: filter.reason }),
      ...(after === null ? {} : { at, source, topic, partition, offset, reason }),
    },
  );
  return rows.map((row) => ({
    ...letterOf(row),
    replayed: row.replayed_ms === null ? null : { at: Number(row.replayed_ms), became: row.outcome },
  }));
}

export type OpenPlace = readonly [source: string, topic: string, partition: number, offset: string, reason: string];

export function openPlace({ origin, reason }: LetterKey): OpenPlace {
  return [origin.source, origin.topic, origin.partition, origin.offset, reason];
}

/** Letters that were not tried again yet, received in a stretch of time, by their place, whole. */
export async function readOpenLetters(
  store: Store,
  filter: { readonly reason?: RejectReason | undefined; readonly since: Millis; readonly before: Millis },
  limit: number,
  after: OpenPlace | null,
): Promise<FullLetter[]> {
  const [source, topic, partition, offset, reason] = after ?? ["", "", 0, "", ""];
  const rows = await store.query<LetterRow & { body: string; envelope: string }>(
    `SELECT ${COLUMNS}, d.body AS body, d.envelope AS envelope FROM dead_letters AS d FINAL
     WHERE d.became = '' AND toUnixTimestamp64Milli(d.received_at) >= {since:Int64} AND toUnixTimestamp64Milli(d.received_at) < {before:Int64}
       ${filter.reason === undefined ? "" : "AND d.reason = {wanted:String}"}
       ${after === null ? "" : "AND (toString(d.source), toString(d.topic), d.partition, d.offset, toString(d.reason)) > ({source:String}, {topic:String}, {partition:Int32}, {offset:String}, {reason:String})"}
     ORDER BY d.source, d.topic, d.partition, d.offset, d.reason LIMIT {limit:UInt32}`,
    {
      limit,
      since: filter.since,
      before: filter.before,
      ...(filter.reason === undefined ? {} : { wanted: filter.reason }),
      ...(after === null ? {} : { source, topic, partition, offset, reason }),
    },
  );
  return rows.map((row) => ({ ...letterOf(row), body: row.body === "" ? null : Buffer.from(row.body, "base64"), envelope: row.envelope }));
}

/**
 * Notes what became of letters that were tried again. The same row once more with the outcome: of rows with one time of
 * receipt the one that came last holds, and a letter that was received anew since is open again.
 */
export async function markReplayed(
  store: Store,
  letters: readonly (FullLetter & { readonly became: "taken" | RejectReason })[],
  at: Millis,
): Promise<void> {
  if (letters.length === 0) return;
  await store.insert(
    "dead_letters",
    letters.map((letter) => ({ ...rowOf(letter), replayed_at: dateTimeValue(at), became: letter.became })),
  );
}

function rowOf({ receivedAt, origin, reason, message, payload, payloadBytes, body, envelope }: FullLetter) {
  return {
    received_at: dateTimeValue(receivedAt),
    source: origin.source,
    topic: origin.topic,
    partition: origin.partition,
    offset: origin.offset,
    reason,
    message,
    payload,
    payload_bytes: payloadBytes,
    body: body === null ? "" : Buffer.from(body).toString("base64"),
    envelope,
  };
}

function letterOf(row: LetterRow): Omit<DeadLetter, "replayed"> {
  return {
    receivedAt: Number(row.received_ms),
    origin: { source: row.source, topic: row.topic, partition: row.partition, offset: row.offset },
    reason: row.reason,
    message: row.message,
    payload: row.payload,
    payloadBytes: Number(row.payload_bytes),
  };
}
