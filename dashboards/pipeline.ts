import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { finished, newDashboard, pagesVariable } from "./frame.ts";
import { toDashboard, toPages, UIDS } from "./links.ts";
import { barsPanel, column, field, linesPanel, MINUTES, seriesEndingIn, statPanel, tablePanel } from "./panels.ts";
import { COLOURS, steps, words } from "./words.ts";

/** Is driftwatch itself well? */
export function pipelineDashboard(): Dashboard {
  return finished(
    newDashboard({
      title: "driftwatch: pipeline",
      uid: UIDS.pipeline,
      description: "Is driftwatch itself well? What it reads, refuses, measures and sends.",
      from: "now-6h",
      refresh: "1m",
    })
      .withVariable(pagesVariable())
      .link(toDashboard("Fleet", UIDS.fleet, "All models"))
      .link(toPages("driftwatch", "home", "The pages driftwatch serves itself"))
      .withPanel(health)
      .withPanel(lag)
      .withPanel(committed)
      .withPanel(duration)
      .withPanel(work)
      .withPanel(failures)
      .withPanel(refusals)
      .withPanel(newestRefusals)
      .withPanel(deliveries)
      .withPanel(attempts)
      .withPanel(retrains),
  );
}

const health = statPanel({
  title: "In this time range",
  description:
    "Passes of the monitor, and what went wrong. Normal: passes every minute or more often, and zero everywhere else. No pass at all means that the daemon does not run.",
  empty: "no pass: is the daemon running?",
  size: [24, 4],
  unit: "short",
  sql: `
    SELECT
      nullIf((SELECT count() FROM v_ticks WHERE $__timeFilter(time)), 0) AS passes,
      (SELECT countIf(error != '') FROM v_ticks WHERE $__timeFilter(time)) AS failed_passes,
      (SELECT sum(lag) FROM (SELECT argMax(lag, time) AS lag FROM v_sources WHERE $__timeFilter(time) GROUP BY source, partition)) AS lag,
      (SELECT count() FROM v_dead_letters WHERE $__timeFilter(time)) AS dead_letters,
      (SELECT countIf(outcome = 'failed') FROM v_deliveries WHERE $__timeFilter(time)) AS failed_deliveries
  `,
  fields: [
    field("passes", { displayName: "passes", thresholds: steps(COLOURS.fine).build() }),
    field("failed_passes", { displayName: "failed passes", thresholds: steps(COLOURS.fine, [1, COLOURS.bad]).build() }),
    field("lag", {
      displayName: "messages behind",
      noValue: "no Kafka",
      thresholds: steps(COLOURS.fine, [10_000, COLOURS.watch], [1_000_000, COLOURS.bad]).build(),
    }),
    field("dead_letters", { displayName: "refused events", thresholds: steps(COLOURS.fine, [1, COLOURS.watch]).build() }),
    field("failed_deliveries", { displayName: "undelivered", thresholds: steps(COLOURS.fine, [1, COLOURS.bad]).build() }),
  ],
});

const lag = linesPanel({
  title: "Messages behind, by partition",
  description:
    "How many messages of each Kafka partition are not read and stored yet. Normal is close to zero, or falling after an outage. A line that keeps rising means that driftwatch is too slow, or that its store refuses writes.",
  empty: "Nothing was noted: driftwatch notes once a minute how far each Kafka partition was read. Without Kafka there is nothing to note.",
  size: [12, 8],
  unit: "short",
  min: 0,
  interval: "1m",
  isNamed: true,
  sql: `
    SELECT $__timeInterval(s.time) AS time, concat(s.source, ' ', s.partition) AS series, max(s.lag) AS lag
    FROM v_sources AS s
    WHERE $__timeFilter(s.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
});

const committed = linesPanel({
  title: "Messages read, by partition",
  description:
    "How far each Kafka partition was read, since the beginning of the range. A flat line beside rising ones is a partition without messages, or one that is stuck: compare with what is behind.",
  empty: "Nothing was noted: driftwatch notes once a minute how far each Kafka partition was read. Without Kafka there is nothing to note.",
  size: [12, 8],
  unit: "short",
  min: 0,
  interval: "1m",
  isNamed: true,
  sql: `
    SELECT time, series, toFloat64(committed - min(committed) OVER (PARTITION BY series)) AS "read"
    FROM (
      SELECT $__timeInterval(s.time) AS time, concat(s.source, ' ', s.partition) AS series, max(s.committed) AS committed
      FROM v_sources AS s
      WHERE $__timeFilter(s.time)
      GROUP BY time, series
    )
    ORDER BY time, series
  `,
});

const duration = linesPanel({
  title: "Duration of passes",
  description:
    "How long a pass of the monitor took that had something to do: counting what came, measuring windows, judging rules. Normal is below a few seconds; longer after an outage or a new baseline. Passes longer than a minute delay alerts.",
  empty: "No pass was noted in this time range: is the daemon running?",
  size: [12, 8],
  unit: "ms",
  min: 0,
  interval: "1m",
  isNamed: false,
  sql: `
    SELECT $__timeInterval(t.time) AS time, max(t.duration_ms) AS longest, quantile(0.5)(t.duration_ms) AS middle
    FROM v_ticks AS t
    WHERE $__timeFilter(t.time)
    GROUP BY time
    ORDER BY time
  `,
  fields: [
    field("longest", { displayName: "longest", color: { mode: "fixed", fixedColor: COLOURS.soon } }),
    field("middle", { displayName: "median", color: { mode: "fixed", fixedColor: COLOURS.unknown } }),
  ],
});

const work = barsPanel({
  title: "Work of passes",
  description:
    "Buckets counted and windows measured. Normal is a little all the time where buckets are hours; much at once after an outage, a replay, or late labels.",
  empty: "No pass was noted in this time range: is the daemon running?",
  size: [12, 8],
  unit: "short",
  interval: "1m",
  isNamed: false,
  sql: `
    SELECT $__timeInterval(t.time) AS time, sum(t.buckets_counted) AS buckets, sum(t.windows_measured) AS windows
    FROM v_ticks AS t
    WHERE $__timeFilter(t.time)
    GROUP BY time
    ORDER BY time
  `,
  fields: [field("buckets", { displayName: "buckets counted" }), field("windows", { displayName: "windows measured" })],
});

const failures = tablePanel({
  title: "Failed passes",
  description:
    "Passes that broke off, and why. Nothing is lost: the next pass starts where this one stopped. Normal is an empty list; the same error again and again needs someone.",
  empty: "No pass failed in this time range.",
  size: [24, 5],
  sql: `
    SELECT time, error, duration_ms
    FROM v_ticks
    WHERE $__timeFilter(time) AND error != ''
    ORDER BY time DESC
    LIMIT 100
  `,
  columns: [
    column("time", { title: "started", unit: "dateTimeAsIso", width: 180 }),
    column("error", { wraps: true }),
    column("duration_ms", { title: "took", unit: "ms", width: 110 }),
  ],
});

const refusals = barsPanel({
  title: "Refused events, by reason",
  description:
    "Events that could not be taken as they were. They are kept with their reason; the others of their batch went on. Normal is none; many of one reason mean that a sender has changed its format.",
  empty: "No event was refused in this time range.",
  size: [10, 8],
  unit: "short",
  interval: "1m",
  isNamed: true,
  sql: `
    SELECT $__timeInterval(d.time) AS time, d.reason AS series, count() AS events
    FROM v_dead_letters AS d
    WHERE $__timeFilter(d.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
});

const newestRefusals = tablePanel({
  title: "Newest refused events",
  description: "What was refused last, and why. `driftwatch dead-letters` shows the events themselves.",
  empty: "No event was refused in this time range.",
  size: [14, 8],
  sql: `
    SELECT time, reason, message, concat(source, ' ', topic, '/', toString(partition), ', ', offset) AS place
    FROM v_dead_letters
    WHERE $__timeFilter(time)
    ORDER BY time DESC
    LIMIT 100
  `,
  columns: [
    column("time", { title: "received", unit: "dateTimeAsIso", width: 160 }),
    column("reason", { width: 155 }),
    column("message", { wraps: true }),
    column("place", { title: "from", width: 190 }),
  ],
});

const OUTCOMES = words({
  sent: { colour: COLOURS.fine },
  retry: { colour: COLOURS.watch, text: "to be tried again" },
  failed: { colour: COLOURS.bad, text: "given up" },
});

const deliveries = barsPanel({
  title: "Notifications, by channel and outcome",
  description:
    "Attempts to tell a channel. Normal is sent. Retries are made with growing pauses; what has failed is given up, and someone was not told.",
  empty: "Nobody was told anything in this time range: nothing changed, or no rule names a channel.",
  size: [10, 8],
  unit: "short",
  interval: "1m",
  isNamed: true,
  sql: `
    SELECT $__timeInterval(d.time) AS time, concat(d.channel, ': ', transform(d.outcome, ['retry', 'failed'], ['to be tried again', 'given up'], d.outcome)) AS series, count() AS attempts
    FROM v_deliveries AS d
    WHERE $__timeFilter(d.time)
    GROUP BY time, series
    ORDER BY time, series
  `,
  fields: [
    seriesEndingIn("sent", COLOURS.fine),
    seriesEndingIn("to be tried again", COLOURS.watch),
    seriesEndingIn("given up", COLOURS.bad),
  ],
});

const attempts = tablePanel({
  title: "Newest attempts",
  description: "Attempts to tell a channel, the newest first, with what the other side answered.",
  empty: "Nobody was told anything in this time range: nothing changed, or no rule names a channel.",
  size: [14, 8],
  sql: `
    SELECT time, channel, outcome, attempt, changes,
      if(outcome = 'retry', concat(detail, formatDateTime(next_attempt_at, ', again at %H:%i:%S', 'UTC')), detail) AS answer
    FROM v_deliveries
    WHERE $__timeFilter(time)
    ORDER BY time DESC
    LIMIT 100
  `,
  columns: [
    column("time", { title: "tried", unit: "dateTimeAsIso", width: 160 }),
    column("channel", { width: 100 }),
    column("outcome", { width: 140, mappings: OUTCOMES }),
    column("attempt", { title: "try", width: 50 }),
    column("changes", { title: "alerts", width: 70 }),
    column("answer", { wraps: true }),
  ],
});

const retrains = tablePanel({
  title: "Retraining decisions",
  description:
    "The newest requests for a retraining and what came of them, whatever the time range. Refused: the cooldown or the daily budget held it back, as the reason says. Failed: the launcher did not take it, and someone has to look.",
  empty: "Nothing was started or refused yet. A rule with retrain: true starts what stands under retraining for its model.",
  size: [24, 6],
  sql: `
    SELECT time, state, model, version, rule, reason
    FROM v_retrains
    ORDER BY time DESC
    LIMIT 100
  `,
  columns: [
    column("time", { title: "decided", unit: MINUTES, width: 150 }),
    column("state", {
      width: 110,
      mappings: words({
        requested: { colour: COLOURS.watch },
        started: { colour: COLOURS.fine },
        dry_run: { colour: COLOURS.over, text: "dry run" },
        refused: { colour: COLOURS.over },
        failed: { colour: COLOURS.bad },
      }),
    }),
    column("model", { width: 160 }),
    column("version", { width: 120 }),
    column("rule", { width: 160 }),
    column("reason", { wraps: true }),
  ],
});
