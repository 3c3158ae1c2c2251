import type { RetrainRun } from "../model/alert.ts";
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
