import type { RetrainRun } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

/** Of several rows of one run the one furthest on stays. */
const SEQUENCE: Readonly<Record<RetrainRun["state"], number>> = {
  requested: 0,
  refused: 1,
  dry_run: 1,
  started: 1,
  failed: 2,
};

export async function insertRetrainRuns(store: Store, runs: readonly RetrainRun[]): Promise<void> {
  await store.insert(
    "retrain_runs",
    runs.map((run) => ({
      id: run.id,
      model: run.model,
      version: run.version,
      rule: run.rule,
      transition_id: run.transitionId,
      state: run.state,
      reason: run.reason,
      at: dateTimeValue(run.at),
      sequence: SEQUENCE[run.state],
    })),
  );
}

type RunRow = {
  id: string;
  model: string;
  version: string;
  rule: string;
  transition_id: string;
  state: RetrainRun["state"];
  reason: string;
  at_ms: number;
};

/** Decisions to retrain and refusals, newest first. */
export async function readRetrainRuns(store: Store, filter: { model?: string; since?: Millis; limit: number }): Promise<RetrainRun[]> {
  const conditions = ["1"];
  if (filter.model !== undefined) conditions.push("model = {model:String}");
  if (filter.since !== undefined) conditions.push("at >= fromUnixTimestamp64Milli({since:Int64})");
  const rows = await store.query<RunRow>(
    `SELECT id, model, version, rule, transition_id, state, reason, toUnixTimestamp64Milli(at) AS at_ms
     FROM retrain_runs FINAL WHERE ${conditions.join(" AND ")} ORDER BY at DESC, id LIMIT {limit:UInt32}`,
    {
      limit: filter.limit,
      ...(filter.model === undefined ? {} : { model: filter.model }),
      ...(filter.since === undefined ? {} : { since: filter.since }),
    },
  );
  return rows.map((row) => ({
    id: row.id,
    model: row.model,
    version: row.version,
    rule: row.rule,
    transitionId: row.transition_id,
    state: row.state,
    reason: row.reason,
    at: row.at_ms,
  }));
}
