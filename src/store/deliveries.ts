import type { Delivery } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

export async function insertDeliveries(store: Store, deliveries: readonly Delivery[]): Promise<void> {
  await store.insert(
    "deliveries",
    deliveries.map((delivery) => ({
      notification_id: delivery.notificationId,
      channel: delivery.channel,
      transition_ids: delivery.transitionIds,
      attempt: delivery.attempt,
      outcome: delivery.outcome,
      detail: delivery.detail,
      at: dateTimeValue(delivery.at),
      next_attempt_at: delivery.nextAttemptAt === null ? null : dateTimeValue(delivery.nextAttemptAt),
    })),
  );
}

type DeliveryRow = {
  notification_id: string;
  channel: string;
  transition_ids: string[];
  attempt: number;
  outcome: Delivery["outcome"];
  detail: string;
  at_ms: number;
  next_attempt_at_ms: number | null;
};

const COLUMNS = `notification_id, channel, transition_ids, attempt, outcome, detail, toUnixTimestamp64Milli(at) AS at_ms,
  toUnixTimestamp64Milli(next_attempt_at) AS next_attempt_at_ms`;

function parseDelivery(row: DeliveryRow): Delivery {
  return {
    notificationId: row.notification_id,
    channel: row.channel,
    transitionIds: row.transition_ids,
    attempt: row.attempt,
    outcome: row.outcome,
    detail: row.detail,
    at: row.at_ms,
    nextAttemptAt: row.next_attempt_at_ms,
  };
}

/** Attempts to tell, newest first; only those that concern some of `transitionIds`, where given. */
export async function readDeliveries(
  store: Store,
  filter: { channel?: string; transitionIds?: readonly string[]; limit: number },
): Promise<Delivery[]> {
  const conditions = ["1"];
  if (filter.channel !== undefined) conditions.push("channel = {channel:String}");
  if (filter.transitionIds !== undefined) conditions.push("hasAny(transition_ids, {ids:Array(String)})");
  const rows = await store.query<DeliveryRow>(
    `SELECT ${COLUMNS} FROM deliveries FINAL WHERE ${conditions.join(" AND ")} ORDER BY at DESC, attempt DESC, notification_id LIMIT {limit:UInt32}`,
    {
      limit: filter.limit,
      ...(filter.channel === undefined ? {} : { channel: filter.channel }),
      ...(filter.transitionIds === undefined ? {} : { ids: filter.transitionIds }),
    },
  );
  return rows.map(parseDelivery);
}

/** The newest attempt of every notification that has neither arrived nor been given up. */
export async function readOpenDeliveries(store: Store): Promise<Delivery[]> {
  const rows = await store.query<DeliveryRow>(
    `SELECT ${COLUMNS} FROM deliveries FINAL
     WHERE (notification_id, channel) NOT IN (SELECT notification_id, channel FROM deliveries FINAL WHERE outcome != 'retry')
     ORDER BY attempt DESC LIMIT 1 BY notification_id, channel`,
  );
  return rows.map(parseDelivery);
}

/** When each of these transitions was last told, by channel and transition. */
export async function readLastTold(store: Store, transitionIds: readonly string[]): Promise<Map<string, Map<string, Millis>>> {
  const told = new Map<string, Map<string, Millis>>();
  if (transitionIds.length === 0) return told;
  const rows = await store.query<{ channel: string; id: string; last_ms: number }>(
    `SELECT channel, id, max(toUnixTimestamp64Milli(at)) AS last_ms
     FROM (SELECT channel, at, arrayJoin(transition_ids) AS id FROM deliveries FINAL WHERE outcome = 'sent' AND hasAny(transition_ids, {ids:Array(String)}))
     WHERE id IN {ids:Array(String)} GROUP BY channel, id`,
    { ids: transitionIds },
  );
  for (const { channel, id, last_ms } of rows) told.set(channel, (told.get(channel) ?? new Map<string, Millis>()).set(id, last_ms));
  return told;
}
