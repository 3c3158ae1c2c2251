import type { Champion, RetrainFacts, RetrainRun, RetrainState, RetrainStep, RetrainSwitch, RetrainVerdict } from "../model/retraining.ts";
import { RETRAIN_STATES } from "../model/retraining.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

const orNull = (time: Millis | null) => (time === null ? null : dateTimeValue(time));

/** Of several rows of one run the one with the largest sequence stays. */
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
      sequence: run.sequence,
      trigger_kind: run.trigger,
      requested_by: run.by,
      subject: run.subject,
      alert_id: run.alertId,
      window_from: dateTimeValue(run.window.from),
      window_to: dateTimeValue(run.window.to),
      facts: run.facts === null ? "" : JSON.stringify(run.facts),
      config_hash: run.configHash,
      launcher: run.launcher,
      external_id: run.externalId,
      external_url: run.externalUrl,
      attempts: run.attempts,
      attempted_at: orNull(run.attemptedAt),
      lease_until: orNull(run.leaseUntil),
      changed_at: dateTimeValue(run.changedAt),
      known_versions: run.knownVersions,
      new_version: run.newVersion,
      new_version_since: orNull(run.newVersionSince),
      verdict: run.verdict ?? "",
      swap: run.swap,
    })),
  );
}

type RunRow = {
  id: string;
  model: string;
  version: string;
  rule: string;
  transition_id: string;
  state: RetrainState;
  reason: string;
  at_ms: number;
  sequence: number;
  trigger_kind: RetrainRun["trigger"];
  requested_by: string;
  subject: string;
  alert_id: string;
  window_from_ms: number;
  window_to_ms: number;
  facts: string;
  config_hash: string;
  launcher: string;
  external_id: string;
  external_url: string;
  attempts: number;
  attempted_at_ms: number | null;
  lease_until_ms: number | null;
  changed_at_ms: number;
  known_versions: string[];
  new_version: string | null;
  new_version_since_ms: number | null;
  verdict: RetrainVerdict | "";
  swap: RetrainRun["swap"];
};

const ms = (column: string) => `toUnixTimestamp64Milli(r.${column}) AS ${column}_ms`;
const PLAIN = `id model version rule transition_id state reason sequence trigger_kind requested_by subject alert_id facts config_hash launcher
  external_id external_url attempts known_versions new_version verdict swap`;
const TIMES = "at window_from window_to attempted_at lease_until changed_at new_version_since";
const COLUMNS = [...PLAIN.split(/\s+/).map((column) => `r.${column} AS ${column}`), ...TIMES.split(" ").map(ms)].join(", ");

export type RunPlace = readonly [at: Millis, id: string];

export type RunFilter = {
  readonly model?: string | undefined;
  readonly states?: readonly RetrainState[] | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Only what one of these alerts asked for. */
  readonly alertIds?: readonly string[];
  readonly swap?: RetrainRun["swap"];
  readonly after?: RunPlace | null;
  readonly limit: number;
};

/** Decisions to retrain and refusals, newest first. */
export async function readRetrainRuns(
  store: Store,
  { model, states = RETRAIN_STATES, ids, alertIds, swap, after, limit }: RunFilter,
): Promise<RetrainRun[]> {
  const rows = await store.query<RunRow>(
    `SELECT ${COLUMNS} FROM retrain_runs AS r FINAL
     WHERE r.state IN {states:Array(String)}
       ${model === undefined ? "" : "AND r.model = {model:String}"}
       ${ids === undefined ? "" : "AND r.id IN {ids:Array(String)}"}
       ${alertIds === undefined ? "" : "AND r.alert_id IN {alertIds:Array(String)}"}
       ${swap === undefined ? "" : "AND r.swap = {swap:String}"}
       ${after ? "AND (-toUnixTimestamp64Milli(r.at), r.id) > (-{at:Int64}, {id:String})" : ""}
     ORDER BY r.at DESC, r.id LIMIT {limit:UInt32}`,
    {
      limit,
      states,
      ...(model === undefined ? {} : { model }),
      ...(ids === undefined ? {} : { ids }),
      ...(alertIds === undefined ? {} : { alertIds }),
      ...(swap === undefined ? {} : { swap }),
      ...(after ? { at: after[0], id: after[1] } : {}),
    },
  );
  return rows.map(parseRun);
}

function parseRun(row: RunRow): RetrainRun {
  return {
    id: row.id,
    model: row.model,
    version: row.version,
    rule: row.rule,
    transitionId: row.transition_id,
    state: row.state,
    reason: row.reason,
    at: row.at_ms,
    trigger: row.trigger_kind,
    by: row.requested_by,
    subject: row.subject,
    alertId: row.alert_id,
    window: { from: row.window_from_ms, to: row.window_to_ms },
    facts: row.facts === "" ? null : (JSON.parse(row.facts) as RetrainFacts),
    configHash: row.config_hash,
    launcher: row.launcher,
    externalId: row.external_id,
    externalUrl: row.external_url,
    attempts: row.attempts,
    attemptedAt: row.attempted_at_ms,
    leaseUntil: row.lease_until_ms,
    changedAt: row.changed_at_ms,
    knownVersions: row.known_versions,
    newVersion: row.new_version,
    newVersionSince: row.new_version_since_ms,
    verdict: row.verdict === "" ? null : row.verdict,
    swap: row.swap,
    sequence: row.sequence,
  };
}

export async function insertRetrainSteps(store: Store, steps: readonly RetrainStep[]): Promise<void> {
  await store.insert(
    "retrain_steps",
    steps.map((step) => ({ ...step, at: dateTimeValue(step.at) })),
  );
}

/** What became of one run, in order. */
export async function readRetrainSteps(store: Store, run: Pick<RetrainRun, "model" | "id">): Promise<RetrainStep[]> {
  const rows = await store.query<Omit<RetrainStep, "at"> & { at_ms: number }>(
    `SELECT s.model AS model, s.run AS run, s.sequence AS sequence, s.state AS state, s.detail AS detail, s.by AS by, toUnixTimestamp64Milli(s.at) AS at_ms
     FROM retrain_steps AS s FINAL WHERE s.model = {model:String} AND s.run = {run:String} ORDER BY s.sequence`,
    { model: run.model, run: run.id },
  );
  return rows.map(({ at_ms, ...step }) => ({ ...step, at: at_ms }));
}

export async function insertRetrainSwitch(store: Store, given: RetrainSwitch): Promise<void> {
  await store.insert("retrain_switches", [{ ...given, stopped: given.stopped ? 1 : 0, at: dateTimeValue(given.at) }]);
}

/** The newest word on each model, and on all of them (the empty name). */
export async function readRetrainSwitches(store: Store): Promise<RetrainSwitch[]> {
  const rows = await store.query<Omit<RetrainSwitch, "at" | "stopped"> & { at_ms: number; stopped: number }>(
    `SELECT s.model AS model, s.stopped AS stopped, s.reason AS reason, s.by AS by, toUnixTimestamp64Milli(s.at) AS at_ms
     FROM retrain_switches AS s FINAL ORDER BY s.model, s.at DESC LIMIT 1 BY s.model`,
  );
  return rows.map(({ at_ms, stopped, ...row }) => ({ ...row, stopped: stopped === 1, at: at_ms }));
}

export async function insertChampion(store: Store, champion: Champion): Promise<void> {
  await store.insert("champions", [
    {
      model: champion.model,
      seen_at: dateTimeValue(champion.seenAt),
      registered: champion.registered,
      alias: champion.alias,
      registry_version: champion.registryVersion,
      version: champion.version,
    },
  ]);
}

/** What the registry said of each model, newest first; of each `most` entries. */
export async function readChampions(store: Store, most: number, model?: string): Promise<Champion[]> {
  const rows = await store.query<{
    model: string;
    registered: string;
    alias: string;
    registry_version: string | null;
    version: string | null;
    seen_ms: number;
  }>(
    `SELECT c.model AS model, c.registered AS registered, c.alias AS alias, c.registry_version AS registry_version, c.version AS version,
            toUnixTimestamp64Milli(c.seen_at) AS seen_ms
     FROM champions AS c FINAL ${model === undefined ? "" : "WHERE c.model = {model:String}"}
     ORDER BY c.model, c.seen_at DESC LIMIT {most:UInt32} BY c.model`,
    { most, ...(model === undefined ? {} : { model }) },
  );
  return rows.map((row) => ({
    model: row.model,
    registered: row.registered,
    alias: row.alias,
    registryVersion: row.registry_version,
    version: row.version,
    seenAt: row.seen_ms,
  }));
}
