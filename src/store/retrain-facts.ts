import type { Transition } from "../model/alert.ts";
import type { MeasurementDetail } from "../model/measurement.ts";
import type { Millis } from "../model/time.ts";
import { parseTransition, TRANSITION_COLUMNS, type TransitionRow } from "./alerts.ts";
import type { Store } from "./store.ts";

/** How many rows predicted since then have a label by now. */
export async function countNewLabels(store: Store, model: string, since: Millis): Promise<number> {
  const [row] = await store.query<{ labelled: number }>(
    `SELECT sum(ifNull(v.labelled, 0)) AS labelled FROM v_volume AS v
     WHERE v.model = {model:String} AND v.time >= toDateTime({since:UInt32}, 'UTC')`,
    { model, since: Math.floor(since / 1000) },
  );
  return Number(row?.labelled ?? 0);
}

/** Features of a version whose feed broke, by the newest window that ends at or before `to` and after `after`. */
export async function readBrokenFeatures(
  store: Store,
  { model, version, after, to }: { model: string; version: string; after: Millis; to: Millis },
): Promise<string[]> {
  const rows = await store.query<{ feature: string; detail: string }>(
    `SELECT m.feature AS feature, m.detail AS detail FROM measurements AS m FINAL
     WHERE m.model = {model:String} AND m.version = {version:String} AND m.segment = '' AND m.subject = 'feature'
       AND m.to > fromUnixTimestamp64Milli({after:Int64}) AND m.to <= fromUnixTimestamp64Milli({to:Int64})
       AND JSONExtractString(m.detail, 'verdict', 'kind') = 'break'
     ORDER BY m.to DESC, m.feature LIMIT 1 BY m.feature LIMIT 50`,
    { model, version, after, to },
  );
  return rows.map(({ feature, detail }) => {
    const { verdict } = JSON.parse(detail) as MeasurementDetail;
    return `${feature}: ${(verdict?.cause ?? "break").replaceAll("_", " ")}`;
  });
}

/** Alerts of rules that retrain which fire still, with evidence in their newest window: how each began, and how far it was evaluated. */
export async function readLastingAlerts(store: Store): Promise<{ transition: Transition; evaluatedTo: Millis }[]> {
  const rows = await store.query<TransitionRow & { evaluated_to_ms: number }>(
    `SELECT ${TRANSITION_COLUMNS}, evaluated_to_ms FROM alert_transitions AS t FINAL
     INNER JOIN (
       SELECT s.alert_id AS firing, toUnixTimestamp64Milli(s.evaluated_to) AS evaluated_to_ms FROM alert_statuses AS s FINAL
       WHERE s.state = 'firing' AND s.health = 'ok' AND s.alert_id != ''
     ) AS f ON t.id = f.firing
     WHERE t.retrain = 1 ORDER BY evaluated_to_ms, id`,
  );
  return rows.map((row) => ({ transition: parseTransition(row), evaluatedTo: row.evaluated_to_ms }));
}
