import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  CustomVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  type AnnotationQuery,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode } from "@grafana/grafana-foundation-sdk/common";
import { asValue, chosen, chosenName, DATASOURCE, firstSentence, isChosen, SUBJECT_PAGE, tableQuery, variableQuery } from "./clickhouse.ts";
import { finished, newDashboard, pagesVariable } from "./frame.ts";
import { seriesToSubject, toAlert, toDashboard, toPages, toSubject, UIDS } from "./links.ts";
import {
  barsPanel,
  column,
  comparisonPanel,
  FEW_STEPS,
  field,
  heatPanel,
  hidden,
  linesPanel,
  MINUTES,
  statPanel,
  tablePanel,
} from "./panels.ts";
import { ALERT_STATES, COLOURS, DRIFT_KEY, DRIFT_STATES, FIRES_AT, SEVERITIES, steps, words } from "./words.ts";

/** What changed in this model, since when, and does it matter? */
export function modelDashboard(): Dashboard {
  const builder = newDashboard({
    title: "driftwatch: model",
    uid: UIDS.model,
    description: "What changed in this model, since when, and does it still answer right?",
    from: "now-30d",
    refresh: "5m",
  });
  for (const variable of variables()) builder.withVariable(variable);
  return finished(
    builder
      .withVariable(pagesVariable())
      .annotation(alertLines("Fired", "to_state = 'firing' AND from_state != 'recovering'", COLOURS.bad))
      .annotation(alertLines("Resolved", "to_state = 'resolved'", COLOURS.fine))
      .link(toDashboard("Fleet", UIDS.fleet, "All models"))
      .link(toDashboard("Pipeline", UIDS.pipeline, "Is driftwatch itself well?"))
      .link(toPages("This model in driftwatch", "model", "The page driftwatch serves itself"))
      .withPanel(glance)
      .withPanel(alerts)
      .withRow(new RowBuilder("Version ${version:text}").repeat("version"))
      .withPanel(heatMap)
      .withPanel(movers)
      .withPanel(distribution)
      .withPanel(performance)
      .withPanel(coverage)
      .withPanel(quality)
      .withPanel(qualityOverTime)
      .withRow(new RowBuilder("Service"))
      .withPanel(volume)
      .withPanel(errorRate)
      .withPanel(latency),
  );
}

const OF_MODEL = `model = ${chosenName("model")}`;
const OF_VERSIONS = `${OF_MODEL} AND ${isChosen("version", "version")}`;
const MEASURED = `${OF_VERSIONS} AND segment = '' AND $__timeFilter(time)`;
const COMPARED = `${MEASURED} AND baseline = ${chosenName("baseline")} AND "window" = ${chosen("window")}`;

/** The variable holds the kind of subject and its name, with a colon between. */
const SUBJECT_PART = (part: 1 | 2) => `splitByChar(':', ${chosen("subject")})[${part}]`;
const OF_SUBJECT = `subject = ${SUBJECT_PART(1)} AND feature = if(${SUBJECT_PART(1)} = 'feature', decodeURLComponent(${SUBJECT_PART(2)}), '')`;

/** The metrics drift is read from: as rules judge it, by Wasserstein distance where there is one, else by PSI. */
const DRIFT_METRICS = `metric IN (if(${chosen("metric")} = 'judged', 'wasserstein', ${chosen("metric")}), if(${chosen("metric")} = 'judged', 'psi', ${chosen("metric")}))`;

const DRIFT_CHOICES = [
  { text: "as rules judge", value: "judged" },
  { text: "PSI", value: "psi" },
  { text: "KS", value: "ks" },
  { text: "Wasserstein", value: "wasserstein" },
] as const;

function variables() {
  const fromStore = (name: string, label: string, description: string, sql: string, refresh: VariableRefresh) =>
    new QueryVariableBuilder(name)
      .label(label)
      .description(description)
      .datasource(DATASOURCE)
      .query(variableQuery(sql))
      .definition(variableQuery(sql).rawSql)
      .refresh(refresh);
  return [
    fromStore(
      "model",
      "Model",
      "What needs someone first.",
      `
        SELECT ${asValue("model")} AS value, model AS label
        FROM v_versions
        GROUP BY model
        ORDER BY sum(firing) > 0 DESC, max(last_seen) DESC, model
      `,
      VariableRefresh.OnDashboardLoad,
    ),
    fromStore(
      "version",
      "Version",
      "Versions with events in the time range, the newest first. Each has its own part below.",
      `
        SELECT ${asValue("version")} AS value, version AS label
        FROM v_versions
        WHERE ${OF_MODEL} AND last_seen >= $__fromTime AND first_seen <= $__toTime
        ORDER BY last_seen DESC, first_seen DESC, version
      `,
      VariableRefresh.OnTimeRangeChanged,
    )
      .multi(true)
      .includeAll(true),
    fromStore(
      "baseline",
      "Baseline",
      "What windows are compared with.",
      `
        SELECT ${asValue("baseline")} AS value, any(baseline) AS label
        FROM v_drift
        WHERE ${OF_MODEL} AND baseline != '' AND $__timeFilter(time)
        GROUP BY value
        ORDER BY count() DESC, label
      `,
      VariableRefresh.OnTimeRangeChanged,
    ),
    fromStore(
      "window",
      "Window",
      "How long the windows are that drift and data quality are measured in.",
      `
        SELECT "window"
        FROM v_drift
        WHERE ${OF_MODEL} AND baseline = ${chosenName("baseline")} AND $__timeFilter(time)
        GROUP BY "window", window_seconds
        ORDER BY count() DESC, window_seconds
      `,
      VariableRefresh.OnTimeRangeChanged,
    ),
    new CustomVariableBuilder("metric")
      .label("Drift by")
      .description("As the rules judge it: the normalised Wasserstein distance of numbers, the PSI of categories.")
      .values(DRIFT_CHOICES.map(({ text, value }) => `${text} : ${value}`).join(","))
      .options(DRIFT_CHOICES.map((choice, index) => ({ ...choice, selected: index === 0 })))
      .current(DRIFT_CHOICES[0]),
    fromStore(
      "subject",
      "Distribution of",
      "The feature, score or prediction whose distribution is shown.",
      `
        SELECT concat(subject, ':', ${asValue("name")}) AS value, any(name) AS label
        FROM v_drift
        WHERE ${OF_MODEL} AND $__timeFilter(time)
        GROUP BY value
        ORDER BY value = 'score:score' DESC, value = 'prediction:prediction' DESC, label
      `,
      VariableRefresh.OnTimeRangeChanged,
    ),
    fromStore(
      "performance",
      "Performance",
      "The metric, and how long the windows are that it is measured in.",
      `
        SELECT concat(metric, ' over ', "window") AS performance
        FROM v_performance
        WHERE ${OF_MODEL} AND $__timeFilter(time)
        GROUP BY metric, "window", window_seconds
        ORDER BY metric = 'accuracy' DESC, metric, window_seconds DESC
      `,
      VariableRefresh.OnTimeRangeChanged,
    ),
  ];
}

/**
 * A line where alerts changed: one a moment, however many changed together. Stretches from since to resolved would lie
 * over each other and tint everything while alerts are open.
 */
function alertLines(name: string, change: string, colour: string): Builder<AnnotationQuery> {
  const lines = new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .target(
      tableQuery(`
        SELECT time, arrayStringConcat(groupArray(line), '<br>') AS text, arrayStringConcat(arraySort(groupUniqArrayArray(tagged)), ',') AS tags
        FROM (
          SELECT time, [rule, severity, version] AS tagged,
            concat(encodeXMLComponent(concat(name, ' (', version, '): ', ${firstSentence("summary")})), ' <a href="', encodeXMLComponent(decodeURLComponent('\${driftwatch_url:percentencode}')), '/alerts/', encodeURLComponent(alert_id), '" target="_blank">Why it fired</a>') AS line
          FROM v_alert_changes
          WHERE ${OF_VERSIONS} AND $__timeFilter(time) AND ${change}
          ORDER BY time, severity = 'critical' DESC, rule, name, version
          LIMIT 500
        )
        GROUP BY time
        ORDER BY time
      `),
    );
  return {
    build: () => {
      // The SDK hides the switch in a menu unless told otherwise, and has no word for otherwise.
      const { placement: _, ...shown } = lines.build();
      return shown;
    },
  };
}

const glance = statPanel({
  title: "At a glance",
  description:
    "Alerts of the chosen versions as they stand, whatever the time range, and when the newest event came. Normal is zero firing and an event within the last bucket or two.",
  empty: "No events: choose a version, or a range in which there is one.",
  size: [4, 8],
  unit: "short",
  isList: true,
  sql: `
    SELECT sum(firing) AS firing, sum(pending) AS pending, sum(unanswered) AS unanswered, max(last_seen) AS last_seen
    FROM v_versions
    WHERE ${OF_VERSIONS}
    HAVING count() > 0
  `,
  fields: [
    field("firing", { displayName: "firing", thresholds: steps(COLOURS.fine, [1, COLOURS.bad]).build() }),
    field("pending", { displayName: "pending", thresholds: steps(COLOURS.fine, [1, COLOURS.watch]).build() }),
    field("unanswered", { displayName: "without an answer", thresholds: steps(COLOURS.fine, [1, COLOURS.unknown]).build() }),
    field("last_seen", { displayName: "last event", unit: MINUTES }),
  ],
});

const alerts = tablePanel({
  title: "Alerts in this time range",
  description:
    "What fired, or still did, in the time range; what fires comes first. Click the rule for the explanation: what moved, by how much, since when, how sure, and what to run next.",
  empty: "Nothing fired in this time range.",
  size: [20, 8],
  sql: `
    SELECT state, severity, rule, name, ${firstSentence("summary")} AS summary, since, resolved_at, version, alert_id
    FROM v_alerts
    WHERE ${OF_VERSIONS} AND since <= $__toTime AND (resolved_at IS NULL OR resolved_at >= $__fromTime)
    ORDER BY state = 'resolved', severity = 'critical' DESC, fired_at DESC
    LIMIT 200
  `,
  columns: [
    column("state", { width: 90, mappings: ALERT_STATES }),
    column("severity", { width: 80, mappings: SEVERITIES }),
    column("rule", { width: 135, link: toAlert }),
    column("name", { title: "what", width: 100 }),
    column("summary", { wraps: true }),
    column("since", { unit: MINUTES, width: 140 }),
    column("resolved_at", { title: "resolved", unit: MINUTES, width: 140 }),
    column("version", { width: 80 }),
    ...hidden("alert_id"),
  ],
});

/** Cells seconds after 1970, in which no chart's range begins: a key names the states that occur, in the order in which they do. */
const KEY_CELLS = `[${[...DRIFT_KEY, "NULL"].map((state, second) => `(toDateTime64(${second}, 3, 'UTC'), ${state})`).join(", ")}]`;

const heatMap = heatPanel({
  title: "Drift of ${version:text} against ${baseline:text}",
  description:
    "One row a feature, score or prediction, what moved most and longest on top; one cell a window, from its beginning. A cell is coloured where the effect (the value less what chance would bring) is more than chance, p below 0.01. The shipped rules ask for 0.1 of categories (PSI) and 0.2 of numbers (Wasserstein), three days in a row. A gap has no data, or labels that are still expected. Click a row for the two distributions.",
  empty:
    "No window of this version was measured against this baseline in the time range. Windows are measured once their time has passed, when a rule asks for them.",
  size: [24, 11],
  rowsShown: 24,
  sql: `
    SELECT point.1 AS time, leftPad(toString(dense_rank() OVER (ORDER BY moved DESC, series, page)), 4, '0') AS place, series, page, max(point.2) AS effect
    FROM (
      SELECT series, page, window_from, window_to, shown, sum(least(greatest(shown, 0), 1)) OVER (PARTITION BY series, page) AS moved
      FROM (
        SELECT name AS series, ${SUBJECT_PAGE} AS page, window_from, window_to,
          argMax(tuple(multiIf(value IS NULL OR status = 'labels_pending', NULL, status != 'ok', -1, p_value < 0.01 AND effect > 0, effect, 0)), metric = 'wasserstein').1 AS shown
        FROM v_drift
        WHERE ${COMPARED} AND ${DRIFT_METRICS}
        GROUP BY series, page, window_from, window_to
      )
    )
    ARRAY JOIN arrayConcat([(window_from, shown), (window_to, NULL)], ${KEY_CELLS}) AS point
    GROUP BY time, moved, series, page
    ORDER BY time, place
  `,
  states: DRIFT_STATES,
  link: seriesToSubject,
});

const movers = tablePanel({
  title: "What moved most, in the newest window",
  description:
    "The newest window of each feature, score and prediction in the time range, the largest effect that is more than chance first. Moved: more than chance (p below 0.01), and by as much as the shipped rules ask: 0.2 for numbers, 0.1 for categories. Click a name for the two distributions and what likely happened.",
  empty: "No window of this version was measured against this baseline in the time range.",
  size: [15, 9],
  sql: `
    SELECT name,
      multiIf(status = 'insufficient', 'too few rows', status = 'no_data', 'no data', status != 'ok', 'failed',
        ifNull(p_value, 1) >= 0.01 OR effect <= 0, 'as expected', effect >= if(metric = 'wasserstein', ${FIRES_AT.wasserstein}, ${FIRES_AT.psi}), 'moved', 'moved a little') AS verdict,
      effect, p_value, rows_current, metric, window_to, page, baseline, window_end
    FROM (
      SELECT name, effect, p_value, rows_current, status, metric, window_to, baseline,
        ${SUBJECT_PAGE} AS page, formatDateTime(window_to, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS window_end
      FROM v_drift
      WHERE ${COMPARED} AND ${DRIFT_METRICS}
      ORDER BY time DESC, metric = 'wasserstein' DESC
      LIMIT 1 BY page
    )
    ORDER BY if(status = 'ok' AND p_value < 0.01, effect, 0) DESC, effect DESC, name
    LIMIT 100
  `,
  columns: [
    column("name", { link: toSubject }),
    column("verdict", {
      width: 115,
      mappings: words({
        moved: { colour: COLOURS.bad },
        "moved a little": { colour: COLOURS.watch },
        "as expected": { colour: COLOURS.fine },
        "too few rows": { colour: COLOURS.unknown },
        "no data": { colour: COLOURS.unknown },
        failed: { colour: COLOURS.bad },
      }),
    }),
    column("effect", { decimals: 3, width: 80 }),
    column("p_value", { title: "p-value", unit: "sci", decimals: 1, width: 80 }),
    column("rows_current", { title: "rows", unit: "short", width: 75 }),
    column("metric", { width: 110 }),
    column("window_to", { title: "window ends", unit: MINUTES, width: 140 }),
    ...hidden("page", "baseline", "window_end"),
  ],
});

const distribution = comparisonPanel({
  title: "Distribution of ${subject:text}",
  description:
    "Shares of the rows that carry a value: in the time range, and in the baseline. Normal is bars of one height. Choose another subject at the top; outer bars hold what lies beyond. Only baselines from files are kept as counts: for others there are bars of now alone.",
  empty: "There are no counts of this subject in the time range. Counts exist once a baseline or the first rows have made bins.",
  size: [9, 9],
  unit: "percentunit",
  x: "bin",
  sql: `
    SELECT
      bin,
      sumIf(weight, NOT is_live) / any(nullIf(rows_then, 0)) AS then,
      sumIf(weight, is_live) / any(nullIf(rows_now, 0)) AS now
    FROM (
      SELECT is_live, weight, rows_then, rows_now, bounds_high - bounds_low AS span,
        if(span > 0, pow(10, floor(log10(span / 10))), 1) AS unit,
        unit * multiIf(span / unit > 50, 5, span / unit > 20, 2, 1) AS step,
        multiIf(isNull(low), 0, isInfinite(low), -inf, isInfinite(high), inf, floor(least(greatest(middle, bounds_low), bounds_high) / step)) AS position,
        multiIf(isNull(low), ifNull(category, ''), isInfinite(low), concat('≤ ', toString(high)), isInfinite(high), concat('> ', toString(low)), toString(round(position * step, 6))) AS bin
      FROM (
        SELECT is_live, category, low, high, middle, weight,
          sumIf(weight, NOT is_live) OVER () AS rows_then, sumIf(weight, is_live) OVER () AS rows_now,
          min(side_low) OVER () AS bounds_low, max(side_high) OVER () AS bounds_high
        FROM (
          SELECT is_live, category, low, high, weight, ifNull(if(isInfinite(low), high, if(isInfinite(high), low, (low + high) / 2)), 0) AS middle,
            quantileExactWeighted(0.005)(middle, weight) OVER (PARTITION BY is_live) AS side_low,
            quantileExactWeighted(0.995)(middle, weight) OVER (PARTITION BY is_live) AS side_high
          FROM (
            SELECT true AS is_live, category, low, high, sum(rows) AS weight
            FROM v_distributions
            WHERE ${OF_VERSIONS} AND ${OF_SUBJECT} AND baseline = '' AND $__timeFilter(time)
            GROUP BY category, low, high
            UNION ALL
            SELECT false, category, low, high, sum(rows)
            FROM v_distributions
            WHERE ${OF_MODEL} AND ${OF_SUBJECT} AND baseline = ${chosenName("baseline")} AND baseline != '' AND (version = '' OR ${isChosen("version", "version")})
            GROUP BY category, low, high
          )
        )
      )
    )
    GROUP BY bin, position
    ORDER BY position, greatest(ifNull(then, 0), ifNull(now, 0)) DESC
    LIMIT 60
  `,
  fields: [
    field("bin", { displayName: "from" }),
    field("then", { displayName: "baseline", color: { mode: "fixed", fixedColor: "gray" } }),
    field("now", { displayName: "in this time range", color: { mode: "fixed", fixedColor: "blue" } }),
  ],
});

const performance = linesPanel({
  title: "Performance of ${version:text}: ${performance}",
  description:
    "Each point stands at the end of its window; the band is the 95 % interval, the dashed line the baseline's own value. Normal is a band that holds the line. The shipped rule fires when accuracy over a week is 0.03 lower, surely. Points without enough labels are left out: see the coverage.",
  empty: 'No performance was measured in this time range. It needs labels: send {"type":"label",…} events with the id of the prediction.',
  size: [14, 8],
  unit: "none",
  decimals: 3,
  isNamed: false,
  sql: `
    SELECT time, any(value) AS value, any(ci_low) AS ci_low, any(ci_high) AS ci_high, maxIf(baseline_value, baseline = ${chosenName("baseline")}) AS baseline_value
    FROM v_performance
    WHERE ${MEASURED} AND concat(metric, ' over ', "window") = ${chosen("performance")}
    GROUP BY time
    ORDER BY time
  `,
  fields: [
    field("value", { displayName: "measured", color: { mode: "fixed", fixedColor: "blue" } }),
    field("ci_low", {
      displayName: "95 % from",
      color: { mode: "fixed", fixedColor: "blue" },
      "custom.lineWidth": 0,
      "custom.showPoints": "never",
      "custom.hideFrom": { legend: true, tooltip: false, viz: false },
    }),
    field("ci_high", {
      displayName: "95 % to",
      color: { mode: "fixed", fixedColor: "blue" },
      "custom.lineWidth": 0,
      "custom.showPoints": "never",
      "custom.hideFrom": { legend: true, tooltip: false, viz: false },
      "custom.fillBelowTo": "95 % from",
      "custom.fillOpacity": 15,
    }),
    field("baseline_value", {
      displayName: "${baseline:text}",
      color: { mode: "fixed", fixedColor: "gray" },
      "custom.lineStyle": { fill: "dash", dash: [8, 6] },
      "custom.showPoints": "never",
    }),
  ],
});

const coverage = linesPanel({
  title: "Label coverage of ${version:text}",
  description:
    "The share of a window's predictions whose label is known. The newest windows are low while labels are still on their way; a drop that stays means that the feed of labels is broken, and performance cannot be trusted.",
  empty: "No performance was measured in this time range.",
  size: [10, 8],
  unit: "percentunit",
  min: 0,
  max: 1,
  isNamed: false,
  sql: `
    SELECT time, any(label_coverage) AS label_coverage
    FROM v_performance
    WHERE ${MEASURED} AND concat(metric, ' over ', "window") = ${chosen("performance")}
    GROUP BY time
    ORDER BY time
  `,
  fields: [field("label_coverage", { displayName: "labelled", color: { mode: "fixed", fixedColor: "green" } })],
});

const QUALITY_WORDS = {
  missing_rate: "missing",
  type_mismatch_rate: "another type",
  non_finite_rate: "not finite",
  unseen_rate: "category never seen",
  out_of_range_rate: "out of range",
  constant: "one value alone",
  constraint_violations: "breaks a constraint",
  unknown_feature_rate: "unknown features",
  conflict_rate: "id used twice",
  volume_drop: "rows missing",
  volume_rise: "rows too many",
  silence_rate: "silent at the end",
};
const QUALITY_METRICS = words(
  Object.fromEntries(Object.entries(QUALITY_WORDS).map(([metric, text]) => [metric, { colour: COLOURS.plain, text }])),
);
const quoted = (list: readonly string[]) => `[${list.map((text) => `'${text}'`).join(", ")}]`;
const QUALITY_WORD = `transform(metric, ${quoted(Object.keys(QUALITY_WORDS))}, ${quoted(Object.values(QUALITY_WORDS))}, metric)`;

const quality = tablePanel({
  title: "Broken data of ${version:text}, in the newest window",
  description:
    "Values that are missing, of another type, not finite, never seen before, out of range or always the same, and rows with unknown features, ids used twice, or too few or too many of them: what stands out from a baseline in the newest window. Normal is an empty table. The shipped rules fire at 10 % out of range, and at 20 % missing or unseen.",
  empty: "Nothing stands out: no rate is 1 % above its baseline and more than chance.",
  size: [12, 8],
  sql: `
    SELECT name, metric, value, expected, baseline, window_to, page, window_end
    FROM (
      SELECT name, metric, value, expected, effect, p_value, status, baseline, window_to,
        ${SUBJECT_PAGE} AS page, formatDateTime(window_to, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS window_end
      FROM v_quality
      WHERE ${MEASURED} AND "window" = ${chosen("window")}
      ORDER BY time DESC
      LIMIT 1 BY page, metric, baseline
    )
    WHERE status = 'ok' AND effect > 0.01 AND p_value < 0.01
    ORDER BY effect DESC, name, metric, baseline
    LIMIT 100
  `,
  columns: [
    column("name", { link: toSubject }),
    column("metric", { title: "what", width: 140, mappings: QUALITY_METRICS }),
    column("value", {
      title: "share",
      unit: "percentunit",
      width: 70,
      thresholds: steps(COLOURS.plain, [FIRES_AT.out_of_range_rate, COLOURS.soon], [FIRES_AT.missing_rate, COLOURS.bad]),
    }),
    column("expected", { unit: "percentunit", width: 90 }),
    column("baseline", { width: 80 }),
    column("window_to", { title: "window ends", unit: MINUTES, width: 135 }),
    ...hidden("page", "window_end"),
  ],
});

const qualityOverTime = linesPanel({
  title: "Broken data of ${version:text}, over time",
  description:
    "The eight rates that stand out from a baseline most often: by 10 %, more than chance, in three windows or in the newest. Each point stands at the end of its window. The line is at 10 %, where the shipped rule on values out of range fires. Normal is no line at all.",
  empty:
    "Nothing stands out in this time range: no rate is 10 % above its baseline and more than chance, in three windows or in the newest.",
  size: [12, 8],
  unit: "percentunit",
  min: 0,
  max: 1,
  isNamed: true,
  thresholds: steps(COLOURS.plain, [FIRES_AT.out_of_range_rate, COLOURS.bad]),
  sql: `
    WITH rates AS (
      SELECT time, concat(name, ' ', ${QUALITY_WORD}, ' (', baseline, ')') AS series,
        value, if(status = 'ok' AND p_value < 0.01, effect, 0) AS surely
      FROM v_quality
      WHERE ${MEASURED} AND "window" = ${chosen("window")}
    )
    SELECT time, series, max(value) AS value
    FROM rates
    WHERE series IN (SELECT series FROM rates GROUP BY series HAVING countIf(surely > 0.1) >= 3 OR argMax(surely, time) > 0.1 ORDER BY countIf(surely > 0.1) DESC, series LIMIT 8)
    GROUP BY time, series
    ORDER BY time, series
  `,
}).thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));

const volume = barsPanel({
  title: "Requests by version",
  description: "Predictions, failed requests included, by event time. Look here first: a window with few rows cannot tell much.",
  empty: "No events of the chosen versions in this time range.",
  size: [8, 8],
  unit: "short",
  interval: "1h",
  isNamed: true,
  sql: `
    SELECT $__timeInterval(v.time) AS time, v.version AS series, sum(v.requests) AS requests
    FROM v_volume AS v
    WHERE ${OF_VERSIONS} AND $__timeFilter(v.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
});

const errorRate = linesPanel({
  title: "Failed requests by version",
  description: "The share of requests that came with the status error. Normal is close to zero; above 5 % look at the serving system.",
  empty: "No events of the chosen versions in this time range.",
  size: [8, 8],
  unit: "percentunit",
  min: 0,
  interval: "1h",
  points: FEW_STEPS,
  isNamed: true,
  sql: `
    SELECT $__timeInterval(v.time) AS time, v.version AS series, sum(v.errors) / sum(v.requests) AS error_rate
    FROM v_volume AS v
    WHERE ${OF_VERSIONS} AND $__timeFilter(v.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
});

const latency = linesPanel({
  title: "Latency by version",
  description:
    "Half of the requests took no longer than p50, one in a hundred longer than p99; each within 1 % of the true value. Normal is flat.",
  empty: "No event in this time range carries latency_ms.",
  size: [8, 8],
  unit: "ms",
  min: 0,
  interval: "1h",
  points: FEW_STEPS,
  isNamed: true,
  sql: `
    SELECT time, concat(version, ' ', quantile.1) AS series, quantile.2 AS latency
    FROM (
      SELECT $__timeInterval(v.time) AS time, v.version AS version, quantilesExactWeighted(0.5, 0.95, 0.99)(v.latency_ms, v.requests) AS found
      FROM v_latency AS v
      WHERE ${OF_VERSIONS} AND $__timeFilter(v.time)
      GROUP BY time, version
    )
    ARRAY JOIN [('p50', found[1]), ('p95', found[2]), ('p99', found[3])] AS quantile
    ORDER BY time, series
  `,
});
