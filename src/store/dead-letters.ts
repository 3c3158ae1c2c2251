import type { DeadLetter, Origin, RejectReason } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

/** Appends dead letters. A message read again replaces its earlier letter. */
export async function insertDeadLetters(store: Store, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  const rows = letters.map((letter) => ({
    received_at: dateTimeValue(letter.receivedAt),
    source: letter.origin.source,
    topic: letter.origin.topic,
    partition: letter.origin.partition,
    offset: letter.origin.offset,
    reason: letter.reason,
    message: letter.message,
    payload: letter.payload,
    payload_bytes: letter.payloadBytes,
  }));
  await store.insert("dead_letters", rows);
}

/** The newest dead letters, newest first. */
export async function readDeadLetters(
  store: Store,
  options: { readonly limit: number; readonly reason?: RejectReason },
): Promise<DeadLetter[]> {
  const rows = await store.query<
    Origin & { received_at: Millis; reason: RejectReason; message: string; payload: string; payload_bytes: number }
  >(
    `SELECT toUnixTimestamp64Milli(d.received_at) AS received_at, source, topic, partition, offset, reason, message, payload, payload_bytes
     FROM dead_letters AS d FINAL WHERE {reason:String} = '' OR reason = {reason:String}
     ORDER BY d.received_at DESC, topic, partition, toUInt64OrZero(offset) DESC LIMIT {limit:UInt32}`,
    { limit: options.limit, reason: options.reason ?? "" },
  );
  return rows.map((row) => ({
    receivedAt: Number(row.received_at),
    origin: { source: row.source, topic: row.topic, partition: row.partition, offset: row.offset },
    reason: row.reason,
    message: row.message,
    payload: row.payload,
    payloadBytes: Number(row.payload_bytes),
  }));
}
