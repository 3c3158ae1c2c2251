import type { Transition } from "../model/alert.ts";
import { parseTransition, TRANSITION_COLUMNS, type TransitionRow } from "./alerts.ts";
import type { Store } from "./store.ts";

/** How each alert that fires now began, oldest first; of one model, or of all. */
export async function readFiring(store: Store, filter: { model?: string } = {}): Promise<Transition[]> {
  const where = filter.model === undefined ? "alert_id != ''" : "alert_id != '' AND model = {model:String}";
  const rows = await store.query<TransitionRow>(
    `SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL
     WHERE ${where} AND id = alert_id AND alert_id NOT IN (SELECT alert_id FROM alert_transitions FINAL WHERE ${where} AND to_state = 'resolved')
     ORDER BY window_to, created_at, id`,
    filter.model === undefined ? {} : { model: filter.model },
  );
  return rows.map(parseTransition);
}
