import type { RetrainRun } from "../model/alert.ts";
import type { DeadLetter, Origin, RejectReason } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";

export type RunPlace = readonly [at: Millis, id: string];

/** Decisions to retrain and refusals in pages, newest first. */
export async function readRetrainPage(
  store: Store,
  filter: { model?: string | undefined },
  limit: number,
  after: RunPlace | null,
): Promise<RetrainRun[]> {
  const rows = await store.query<Omit<RetrainRun, "at" | "transitionId"> & { transition_id: string; at_ms: number }>(
    `SELECT r.id AS id, r.model AS model, r.version AS version, r.rule AS rule, r.transition_id AS transition_id, r.state AS state, r.reason AS reason,
            toUnixTimestamp64Milli(r.at) AS at_ms
     FROM retrain_runs AS r FINAL
     WHERE 1 ${filter.model === undefined ? "" : "AND r.model = {model:String}"}
       ${after === null ? "" : "AND (-toUnixTimestamp64Milli(r.at), r.id) > (-{at:Int64}, {id:String})"}
     ORDER BY r.at DESC, r.id LIMIT {limit:UInt32}`,
    { limit, ...(filter.model === undefined ? {} : { model: filter.model }), ...(after === null ? {} : { at: after[0], id: after[1] }) },
  );
  return rows.map(({ at_ms, transition_id, ...run }) => ({ ...run, transitionId: transition_id, at: at_ms }));
}

export type LetterPlace = readonly [receivedAt: Millis, source: string, topic: string, partition: number, offset: string, reason: string];

export function letterPlace({ receivedAt, origin, reason }: DeadLetter): LetterPlace {
  return [receivedAt, origin.source, origin.topic, origin.partition, origin.offset, reason];
}

/** Dead letters in pages, newest first. */
export async function readDeadLetterPage(
  store: Store,
  filter: { reason?: RejectReason | undefined },
  limit: number,
  after: LetterPlace | null,
): Promise<DeadLetter[]> {
  const [at, source, topic, partition, offset, reason] = after ?? [0, "", "", 0, "", ""];
  const rows = await store.query<
    Origin & { received_ms: number; reason: RejectReason; message: string; payload: string; payload_bytes: number }
  >(
    `SELECT toUnixTimestamp64Milli(d.received_at) AS received_ms, d.source AS source, d.topic AS topic, d.partition AS partition, d.offset AS offset,
            d.reason AS reason, d.message AS message, d.payload AS payload, d.payload_bytes AS payload_bytes
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
    receivedAt: row.received_ms,
    origin: { source: row.source, topic: row.topic, partition: row.partition, offset: row.offset },
    reason: row.reason,
    message: row.message,
    payload: row.payload,
    payloadBytes: row.payload_bytes,
  }));
}
