import type { AlertState, Transition } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import { parseTransition, readStatuses, TRANSITION_COLUMNS, type Alert, type TransitionRow } from "./alerts.ts";
import type { Store } from "./store.ts";

/** Where an alert stands in the list: the end of its latest window, then its id. */
export type AlertPlace = readonly [windowTo: Millis, id: string];

export function alertPlace(alert: Alert): AlertPlace {
  return [alert.window.to, alert.id];
}

/** Alerts that fired, each once, the one that changed last first, in pages. */
export async function readAlertPage(
  store: Store,
  filter: { model?: string | undefined; state?: AlertState | undefined },
  limit: number,
  after: AlertPlace | null,
): Promise<Alert[]> {
  const rows = await store.query<TransitionRow>(
    `SELECT * FROM (
       SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL
       WHERE alert_id != '' ${filter.model === undefined ? "" : "AND model = {model:String}"}
       ORDER BY window_to DESC, created_at DESC LIMIT 1 BY alert_id
     )
     WHERE 1 ${filter.state === undefined ? "" : "AND to_state = {state:String}"}
       ${after === null ? "" : "AND (-window_to_ms, alert_id) > (-{afterTo:Int64}, {afterId:String})"}
     ORDER BY window_to_ms DESC, alert_id LIMIT {limit:UInt32}`,
    {
      limit,
      ...(filter.model === undefined ? {} : { model: filter.model }),
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(after === null ? {} : { afterTo: after[0], afterId: after[1] }),
    },
  );
  return withHealth(store, rows.map(parseTransition));
}

/** One alert with all of its changes, oldest first; null when there is none of that id. */
export async function readAlert(store: Store, id: string): Promise<{ alert: Alert; transitions: Transition[] } | null> {
  const rows = await store.query<TransitionRow>(
    `SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL WHERE alert_id = {id:String} ORDER BY window_to, created_at, id LIMIT 1000`,
    { id },
  );
  const transitions = rows.map(parseTransition);
  const latest = transitions.at(-1);
  if (id === "" || !latest) return null;
  const [alert] = await withHealth(store, [latest]);
  return alert ? { alert, transitions } : null;
}

async function withHealth(store: Store, latest: readonly Transition[]): Promise<Alert[]> {
  const models = new Set(latest.map((transition) => transition.key.model));
  const [only] = models;
  const statuses = models.size === 0 ? [] : await readStatuses(store, models.size === 1 && only !== undefined ? { model: only } : {});
  const health = new Map(statuses.map((status) => [status.alertId, status.health]));
  return latest.map((transition) => ({
    id: transition.alertId,
    key: transition.key,
    state: transition.to,
    health: transition.to === "resolved" ? "ok" : (health.get(transition.alertId) ?? "ok"),
    severity: transition.severity,
    since: transition.since,
    window: transition.window,
    summary: transition.summary,
    explanation: transition.explanation,
    updatedAt: transition.createdAt,
    ...(transition.reason === undefined ? {} : { reason: transition.reason }),
  }));
}
