import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { firstSentence, linkTime, asValue, VERSIONS } from "./clickhouse.ts";
import { finished, newDashboard, pagesVariable } from "./frame.ts";
import { toAlert, toDashboard, toModel, toPages, UIDS } from "./links.ts";
import { barsPanel, column, FEW_STEPS, field, hidden, linesPanel, MINUTES, statPanel, tablePanel } from "./panels.ts";
import { ALERT_STATES, COLOURS, SEVERITIES, steps, words } from "./words.ts";

/** Which model needs me? */
export function fleetDashboard(): Dashboard {
  return finished(
    newDashboard({
      title: "driftwatch: fleet",
      uid: UIDS.fleet,
      description: "Which model needs me? Every model and version driftwatch has seen, and what fires.",
      from: "now-30d",
      refresh: "1m",
    })
      .withVariable(pagesVariable())
      .link(toDashboard("Pipeline", UIDS.pipeline, "Is driftwatch itself well?"))
      .link(toPages("driftwatch", "home", "The pages driftwatch serves itself"))
      .withPanel(now)
      .withPanel(inRange)
      .withPanel(versions)
      .withPanel(firing)
      .withPanel(volume)
      .withPanel(errorRate),
  );
}

const now = statPanel({
  title: "Now",
  description:
    "Alerts of the versions in use as they stand, whatever the time range. Normal is zero firing. Pending ones fire if the next windows agree; a rule without an answer had too few rows or no data, and is neither good nor bad. What fires on a retired version cannot resolve, since nothing comes any more.",
  empty: "no events yet",
  size: [13, 4],
  unit: "short",
  sql: `
    SELECT uniqExact(v.model) AS models, sumIf(v.firing, NOT v.is_retired) AS firing, sumIf(v.pending, NOT v.is_retired) AS pending,
      sumIf(v.unanswered, NOT v.is_retired) AS unanswered, sumIf(v.firing, v.is_retired) AS firing_retired
    FROM ${VERSIONS} AS v
  `,
  fields: [
    field("models", { displayName: "models" }),
    field("firing", { displayName: "firing", thresholds: steps(COLOURS.fine, [1, COLOURS.bad]).build() }),
    field("pending", { displayName: "pending", thresholds: steps(COLOURS.fine, [1, COLOURS.watch]).build() }),
    field("unanswered", { displayName: "without an answer", thresholds: steps(COLOURS.fine, [1, COLOURS.unknown]).build() }),
    field("firing_retired", { displayName: "firing, retired", thresholds: steps(COLOURS.over).build() }),
  ],
});

const inRange = statPanel({
  title: "In this time range",
  description:
    "Requests, failed ones and labels of all models in the time range. Nothing here while the table below has models means that none sent anything: widen the range, or look at the pipeline.",
  empty: "no events in this range",
  size: [11, 4],
  unit: "short",
  sql: `
    SELECT sum(requests) AS requests, if(requests = 0, NULL, sum(errors) / requests) AS error_rate, if(sum(predictions) = 0, NULL, sum(labelled) / sum(predictions)) AS label_coverage
    FROM v_volume
    WHERE $__timeFilter(time)
  `,
  fields: [
    field("requests", { displayName: "requests" }),
    field("error_rate", {
      displayName: "failed",
      unit: "percentunit",
      thresholds: steps(COLOURS.fine, [0.01, COLOURS.watch], [0.05, COLOURS.bad]).build(),
    }),
    field("label_coverage", { displayName: "with a label", unit: "percentunit" }),
  ],
});

const versions = tablePanel({
  title: "Models and versions",
  description:
    "Everything driftwatch has seen, whatever the time range, what needs someone first. Click a model to open the version over the time it was in use. Silent: no event for a day. Cannot tell: a rule had too few rows or no data, which is neither good nor bad. Retired: no event for a week in which another version of the model had some; what fired there stays.",
  empty: "No model has sent an event yet. Send one to POST /v1/events or to the Kafka topic; it is counted with the next pass.",
  size: [24, 7],
  sql: `
    SELECT
      multiIf(is_retired, 'retired', firing > 0, 'firing', pending > 0, 'pending', last_seen < now() - INTERVAL 1 DAY, 'silent', unanswered > 0, 'cannot tell', 'ok') AS state,
      model, version, last_seen, requests,
      if(requests = 0, NULL, errors / requests) AS error_rate,
      if(predictions = 0, NULL, labelled / predictions) AS label_coverage,
      firing, pending, unanswered,
      ${asValue("model")} AS model_value,
      ${asValue("version")} AS version_value,
      ${linkTime("greatest(first_seen - INTERVAL 1 DAY, last_seen - INTERVAL 60 DAY)")} AS from_ms,
      if(last_seen > now() - INTERVAL 2 DAY, 'now', ${linkTime("last_seen + INTERVAL 2 DAY")}) AS to_ms
    FROM ${VERSIONS}
    ORDER BY indexOf(['retired', 'ok', 'cannot tell', 'silent', 'pending', 'firing'], state) DESC, last_seen DESC, model, version
    LIMIT 500
  `,
  columns: [
    column("state", {
      width: 120,
      mappings: words({
        firing: { colour: COLOURS.bad },
        pending: { colour: COLOURS.watch },
        silent: { colour: COLOURS.over },
        "cannot tell": { colour: COLOURS.unknown },
        ok: { colour: COLOURS.fine },
        retired: { colour: COLOURS.over },
      }),
    }),
    column("model", { link: toModel }),
    column("version", { link: toModel }),
    column("last_seen", { title: "last event", unit: MINUTES, width: 150 }),
    column("requests", { unit: "short", width: 95 }),
    column("error_rate", {
      title: "failed",
      unit: "percentunit",
      width: 80,
      thresholds: steps(COLOURS.plain, [0.01, COLOURS.watch], [0.05, COLOURS.bad]),
    }),
    column("label_coverage", { title: "with a label", unit: "percentunit", width: 110 }),
    column("firing", { width: 75 }),
    column("pending", { width: 85 }),
    column("unanswered", { title: "without an answer", width: 155 }),
    ...hidden("model_value", "version_value", "from_ms", "to_ms"),
  ],
});

const firing = tablePanel({
  title: "Firing alerts",
  description:
    "What fires now, whatever the time range, critical first, on versions in use first. Normal is an empty list. Click the rule for the explanation: what moved, by how much, when it fired and how sure. Click the model for the time around it. Retired: fired on a version that another has replaced since.",
  empty: "Nothing is firing.",
  size: [24, 14],
  sql: `
    SELECT severity, if(is_retired, 'retired', state) AS state, rule, name, ${firstSentence("summary")} AS summary, model, version, since, alert_id,
      ${asValue("model")} AS model_value,
      ${asValue("version")} AS version_value,
      ${linkTime("since - INTERVAL 14 DAY")} AS from_ms,
      if(changed_at > now() - INTERVAL 14 DAY, 'now', ${linkTime("changed_at + INTERVAL 14 DAY")}) AS to_ms
    FROM v_alerts
    LEFT JOIN ${VERSIONS} AS versions USING (model, version)
    WHERE v_alerts.state IN ('firing', 'recovering')
    ORDER BY is_retired, severity = 'critical' DESC, fired_at DESC, rule, name
    LIMIT 200
  `,
  columns: [
    column("severity", { width: 80, mappings: SEVERITIES }),
    column("state", { width: 90, mappings: ALERT_STATES }),
    column("rule", { width: 135, link: toAlert }),
    column("name", { title: "what", width: 115 }),
    column("summary", { wraps: true }),
    column("model", { width: 120, link: toModel }),
    column("version", { width: 90 }),
    column("since", { unit: MINUTES, width: 140 }),
    ...hidden("alert_id", "model_value", "version_value", "from_ms", "to_ms"),
  ],
});

const volume = barsPanel({
  title: "Requests by model",
  description:
    "Predictions, failed requests included, by event time. A model that stops, or doubles without a reason, is worth a look before its statistics are.",
  empty: "No events in this time range. The table above says when each model last sent some.",
  size: [12, 8],
  unit: "short",
  interval: "1h",
  isNamed: true,
  sql: `
    SELECT $__timeInterval(v.time) AS time, v.model AS series, sum(v.requests) AS requests
    FROM v_volume AS v
    WHERE $__timeFilter(v.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
});

const errorRate = linesPanel({
  title: "Failed requests by model",
  description: "The share of requests that came with the status error. Normal is close to zero; above 5 % look at the serving system.",
  empty: "No events in this time range. The table above says when each model last sent some.",
  size: [12, 8],
  unit: "percentunit",
  min: 0,
  interval: "1h",
  points: FEW_STEPS,
  isNamed: true,
  sql: `
    SELECT $__timeInterval(v.time) AS time, v.model AS series, sum(v.errors) / sum(v.requests) AS error_rate
    FROM v_volume AS v
    WHERE $__timeFilter(v.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
});
