import {
  TRANSITION_REASONS,
  type AlertHealth,
  type AlertKey,
  type AlertState,
  type AlertStatus,
  type Explanation,
  type Transition,
  type TransitionReason,
} from "../model/alert.ts";
import { SEVERITIES, type Severity } from "../model/rule.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

const KEY_COLUMNS = "rule, model, version, segment, subject";
type KeyRow = { rule: string; model: string; version: string; segment: string; subject: string };

function keyRow(key: AlertKey): KeyRow {
  return {
    rule: key.rule,
    model: key.model,
    version: key.version,
    segment: key.segment ?? "",
    subject: key.subject,
  };
}

function parseKey(row: KeyRow): AlertKey {
  return {
    rule: row.rule,
    model: row.model,
    version: row.version,
    segment: row.segment === "" ? null : row.segment,
    subject: row.subject,
  };
}

const severityOf = (text: string) => SEVERITIES.find((severity) => severity === text);

/** Where alerts stand now; with them, or alone, what they went through: `alert_trail` keeps each, `alert_statuses` the newest. */
export async function insertStatuses(
  store: Store,
  statuses: readonly AlertStatus[],
  table: "alert_statuses" | "alert_trail" = "alert_statuses",
): Promise<void> {
  await store.insert(
    table,
    statuses.map((status) => ({
      ...keyRow(status.key),
      state: status.state,
      health: status.health,
      streak: status.streak,
      since: status.since === null ? null : dateTimeValue(status.since),
      alert_id: status.alertId ?? "",
      evaluated_to: dateTimeValue(status.evaluatedTo),
      recent: status.recent ?? "",
      severity: status.severity ?? "",
      changes: status.changes ?? 0,
    })),
  );
}

type StatusRow = KeyRow & {
  state: AlertState;
  health: AlertHealth;
  streak: number;
  since_ms: number | null;
  alert_id: string;
  evaluated_to_ms: number;
  recent: string;
  severity: string;
  changes: number;
};

const STATUS_COLUMNS = `${KEY_COLUMNS}, state, health, streak, toUnixTimestamp64Milli(since) AS since_ms, alert_id,
  toUnixTimestamp64Milli(evaluated_to) AS evaluated_to_ms, recent, severity, changes`;

function parseStatus(row: StatusRow): AlertStatus {
  const severity = severityOf(row.severity);
  return {
    key: parseKey(row),
    state: row.state,
    health: row.health,
    streak: row.streak,
    since: row.since_ms,
    alertId: row.alert_id === "" ? null : row.alert_id,
    evaluatedTo: row.evaluated_to_ms,
    ...(row.recent === "" ? {} : { recent: row.recent }),
    ...(severity === undefined ? {} : { severity }),
    ...(row.changes === 0 ? {} : { changes: row.changes }),
  };
}

/** Where every alert stands, of one model or of all. */
export async function readStatuses(store: Store, filter: { model?: string } = {}): Promise<AlertStatus[]> {
  const rows = await store.query<StatusRow>(
    `SELECT ${STATUS_COLUMNS} FROM alert_statuses FINAL ${filter.model === undefined ? "" : "WHERE model = {model:String}"} ORDER BY ${KEY_COLUMNS}`,
    filter.model === undefined ? {} : { model: filter.model },
  );
  return rows.map(parseStatus);
}

/** Where the alerts of one rule stood: of each the newest before a moment, and all from it on. What is not found was at rest. */
export async function readTrail(
  store: Store,
  rule: string,
  model: string,
  from: Millis,
): Promise<{ before: AlertStatus[]; since: AlertStatus[] }> {
  const where = "rule = {rule:String} AND model = {model:String} AND evaluated_to";
  const params = { rule, model, from };
  const before = await store.query<StatusRow>(
    `SELECT ${STATUS_COLUMNS} FROM alert_trail FINAL WHERE ${where} < fromUnixTimestamp64Milli({from:Int64})
     ORDER BY evaluated_to DESC LIMIT 1 BY version, segment, subject`,
    params,
  );
  const since = await store.query<StatusRow>(
    `SELECT ${STATUS_COLUMNS} FROM alert_trail FINAL WHERE ${where} >= fromUnixTimestamp64Milli({from:Int64}) ORDER BY evaluated_to`,
    params,
  );
  return { before: before.map(parseStatus), since: since.map(parseStatus) };
}

/** The newest window after which any alert of a rule and model was not at rest. */
export async function readStirred(store: Store): Promise<{ rule: string; model: string; to: Millis }[]> {
  const rows = await store.query<{ rule: string; model: string; newest: number }>(
    "SELECT rule, model, toUnixTimestamp64Milli(max(evaluated_to)) AS newest FROM alert_trail GROUP BY rule, model",
  );
  return rows.map(({ rule, model, newest }) => ({ rule, model, to: newest }));
}

export async function insertTransitions(store: Store, transitions: readonly Transition[]): Promise<void> {
  await store.insert(
    "alert_transitions",
    transitions.map((transition) => ({
      id: transition.id,
      alert_id: transition.alertId,
      ...keyRow(transition.key),
      from_state: transition.from,
      to_state: transition.to,
      severity: transition.severity,
      window_from: dateTimeValue(transition.window.from),
      window_to: dateTimeValue(transition.window.to),
      since: dateTimeValue(transition.since),
      rule_hash: transition.ruleHash,
      summary: transition.summary,
      explanation: JSON.stringify(transition.explanation),
      notify: transition.notify,
      retrain: transition.retrain ? 1 : 0,
      created_at: dateTimeValue(transition.createdAt),
      reason: transition.reason ?? "",
    })),
  );
}

type Added = "kind" | "alongside" | "query";
type EarlierExplanation = Omit<Explanation, Added> & Partial<Pick<Explanation, Added>>;

export type TransitionRow = KeyRow & {
  id: string;
  alert_id: string;
  from_state: AlertState;
  to_state: AlertState;
  severity: string;
  window_from_ms: number;
  window_to_ms: number;
  since_ms: number;
  rule_hash: string;
  summary: string;
  explanation: string;
  notify: string[];
  retrain: number;
  created_at_ms: number;
  reason: string;
};

// No alias may equal a column: ClickHouse would put the expression in its place, in WHERE too.
export const TRANSITION_COLUMNS = `id, alert_id, ${KEY_COLUMNS}, from_state, to_state, severity, toUnixTimestamp64Milli(window_from) AS window_from_ms,
  toUnixTimestamp64Milli(window_to) AS window_to_ms, toUnixTimestamp64Milli(since) AS since_ms, rule_hash, summary, explanation, notify, retrain,
  toUnixTimestamp64Milli(created_at) AS created_at_ms, reason`;

export function parseTransition(row: TransitionRow): Transition {
  const reason = TRANSITION_REASONS.find((one) => one === row.reason);
  return {
    id: row.id,
    alertId: row.alert_id,
    key: parseKey(row),
    from: row.from_state,
    to: row.to_state,
    severity: severityOf(row.severity) ?? "warning",
    window: { from: row.window_from_ms, to: row.window_to_ms },
    since: row.since_ms,
    ruleHash: row.rule_hash,
    summary: row.summary,
    // Those of before did not say all of it.
    explanation: { kind: null, alongside: [], query: null, ...(JSON.parse(row.explanation) as EarlierExplanation) },
    notify: row.notify,
    retrain: row.retrain === 1,
    createdAt: row.created_at_ms,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Changes of state, newest window first. `since` is the earliest end of window to include. */
export async function readTransitions(
  store: Store,
  filter: { model?: string; state?: AlertState; since?: Millis; limit: number },
): Promise<Transition[]> {
  const conditions = ["1"];
  if (filter.model !== undefined) conditions.push("model = {model:String}");
  if (filter.state !== undefined) conditions.push("to_state = {state:String}");
  if (filter.since !== undefined) conditions.push("window_to >= fromUnixTimestamp64Milli({since:Int64})");
  const rows = await store.query<TransitionRow>(
    `SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL WHERE ${conditions.join(" AND ")} ORDER BY window_to DESC, created_at DESC, id LIMIT {limit:UInt32}`,
    {
      limit: filter.limit,
      ...(filter.model === undefined ? {} : { model: filter.model }),
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(filter.since === undefined ? {} : { since: filter.since }),
    },
  );
  return rows.map(parseTransition);
}

/** Transitions with a channel that has not been told of them and has not been given up, oldest window first. */
export async function readUndelivered(store: Store): Promise<{ channel: string; transition: Transition }[]> {
  const rows = await store.query<TransitionRow & { channel: string }>(
    `SELECT ${TRANSITION_COLUMNS}, channel FROM (SELECT *, arrayJoin(notify) AS channel FROM alert_transitions FINAL WHERE notEmpty(notify))
     WHERE (id, channel) NOT IN (SELECT arrayJoin(transition_ids), channel FROM deliveries FINAL WHERE outcome != 'retry')
     ORDER BY window_to, created_at, id`,
  );
  return rows.map((row) => ({ channel: row.channel, transition: parseTransition(row) }));
}

/** Firings of rules that retrain for which no decision was recorded, oldest window first. */
export async function readUndecidedFirings(store: Store): Promise<Transition[]> {
  const rows = await store.query<TransitionRow>(
    `SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL
     WHERE retrain = 1 AND to_state = 'firing' AND id NOT IN (SELECT transition_id FROM retrain_runs FINAL)
     ORDER BY window_to, created_at, id`,
  );
  return rows.map(parseTransition);
}

/** One alert as people see it: everything between its firing and its end, with its latest state. */
export type Alert = {
  readonly id: string;
  readonly key: AlertKey;
  readonly state: AlertState;
  /** Whether the newest window had evidence for this alert; `ok` once resolved. */
  readonly health: AlertHealth;
  readonly severity: Severity;
  readonly since: Millis;
  /** The window of the latest change of state. */
  readonly window: { readonly from: Millis; readonly to: Millis };
  readonly summary: string;
  readonly explanation: Explanation;
  readonly updatedAt: Millis;
  /** Why it changed last, where it was not a window that was evaluated for the first time. */
  readonly reason?: TransitionReason;
};

/** Alerts that fired, each once, the one that changed last first. */
export async function readAlerts(store: Store, filter: { model?: string; state?: AlertState; limit?: number } = {}): Promise<Alert[]> {
  const rows = await store.query<TransitionRow>(
    `SELECT * FROM (
       SELECT ${TRANSITION_COLUMNS} FROM alert_transitions FINAL
       WHERE alert_id != '' ${filter.model === undefined ? "" : "AND model = {model:String}"}
       ORDER BY window_to DESC, created_at DESC LIMIT 1 BY alert_id
     ) ${filter.state === undefined ? "" : "WHERE to_state = {state:String}"} ORDER BY window_to_ms DESC, id LIMIT {limit:UInt32}`,
    {
      limit: filter.limit ?? 1_000,
      ...(filter.model === undefined ? {} : { model: filter.model }),
      ...(filter.state === undefined ? {} : { state: filter.state }),
    },
  );
  const statuses = await readStatuses(store, filter.model === undefined ? {} : { model: filter.model });
  const health = new Map(statuses.map((status) => [status.alertId, status.health]));
  return rows.map(parseTransition).map((latest) => ({
    id: latest.alertId,
    key: latest.key,
    state: latest.to,
    health: latest.to === "resolved" ? "ok" : (health.get(latest.alertId) ?? "ok"),
    severity: latest.severity,
    since: latest.since,
    window: latest.window,
    summary: latest.summary,
    explanation: latest.explanation,
    updatedAt: latest.createdAt,
    ...(latest.reason === undefined ? {} : { reason: latest.reason }),
  }));
}
