import type { Transition } from "../model/alert.ts";
import { parseTransition, TRANSITION_COLUMNS, type TransitionRow } from "./alerts.ts";
import type { Store } from "./store.ts";

/** What was last to be told of each alert that fires now: how it began, or that it became worse. Oldest first; of one model, or of all. */
export async function readFiring(store: Store, filter: { model?: string } = {}): Promise<Transition[]> {
  const where = filter.model === undefined ? "alert_id != ''" : "alert_id != '' AND model = {model:String}";
  const rows = await store.query<TransitionRow>(
    `SELECT * FROM (
       SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL
       WHERE ${where} AND to_state = 'firing' AND notEmpty(notify)
         AND alert_id NOT IN (SELECT alert_id FROM alert_transitions FINAL WHERE ${where} AND to_state = 'resolved')
       ORDER BY window_to DESC, created_at DESC, id DESC LIMIT 1 BY alert_id
     ) ORDER BY window_to_ms, created_at_ms, id`,
    filter.model === undefined ? {} : { model: filter.model },
  );
  return rows.map(parseTransition);
}

/** Whom the firing of these alerts was for, by the alert's id. */
export async function readNotified(store: Store, alertIds: readonly string[]): Promise<Map<string, readonly string[]>> {
  if (alertIds.length === 0) return new Map();
  const rows = await store.query<{ alert_id: string; channels: string[] }>(
    `SELECT alert_id, arraySort(groupUniqArrayArray(notify)) AS channels FROM alert_transitions FINAL
     WHERE alert_id IN {ids:Array(String)} AND to_state = 'firing' GROUP BY alert_id`,
    { ids: alertIds },
  );
  return new Map(rows.map(({ alert_id, channels }) => [alert_id, channels]));
}
