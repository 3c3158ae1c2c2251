import { SUBJECTS_OTHER_THAN_FEATURES } from "./schemas.ts";
import type { Delivery, Transition } from "../model/alert.ts";
import type { DeadLetter } from "../model/event.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Level, Rule } from "../model/rule.ts";
import type { BaselineSettings, ModelSettings } from "../model/settings.ts";
import type { Silence } from "../model/silence.ts";
import { formatDuration, formatTime, type Millis } from "../model/time.ts";
import { detailJson, explanationJson } from "../model/wire.ts";
import type { Alert } from "../store/alerts.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import type { ModelVersion } from "../store/versions.ts";

export function measurementJson(m: Measurement) {
  return {
    model: m.model,
    version: m.version,
    segment: m.segment,
    subject: m.subject,
    feature: m.feature,
    baseline: m.baseline,
    metric: m.metric,
    from: formatTime(m.from),
    to: formatTime(m.to),
    value: m.value,
    expected: m.expected,
    p_value: m.pValue,
    ci: m.ci,
    rows: m.rows,
    labelled: m.labelled,
    status: m.status,
    evidence: m.evidence,
    revision: m.revision,
    detail: detailJson(m.detail),
  };
}

/** A feature whose name is also that of another subject is told apart by a prefix. */
function featuresOf(subject: string): string[] {
  return SUBJECTS_OTHER_THAN_FEATURES.includes(subject) ? [] : [subject.replace(/^feature:/, "")];
}

export function alertJson(alert: Alert, marks: { readonly acknowledgedBy: string | null; readonly silencedBy: string | null }) {
  return {
    id: alert.id,
    rule: alert.key.rule,
    state: alert.state,
    health: alert.health,
    severity: alert.severity,
    model: alert.key.model,
    version: alert.key.version,
    segment: alert.key.segment,
    subject: alert.key.subject,
    features: featuresOf(alert.key.subject),
    since: formatTime(alert.since),
    from: formatTime(alert.window.from),
    to: formatTime(alert.window.to),
    updated_at: formatTime(alert.updatedAt),
    reason: alert.reason ?? null,
    summary: alert.summary,
    explanation: explanationJson(alert.explanation),
    acknowledged_by: marks.acknowledgedBy,
    silenced_by: marks.silencedBy,
  };
}

export function transitionJson(transition: Transition) {
  return {
    id: transition.id,
    from_state: transition.from,
    to_state: transition.to,
    severity: transition.severity,
    from: formatTime(transition.window.from),
    to: formatTime(transition.window.to),
    since: formatTime(transition.since),
    rule_hash: transition.ruleHash,
    summary: transition.summary,
    explanation: explanationJson(transition.explanation),
    notify: transition.notify,
    retrain: transition.retrain,
    created_at: formatTime(transition.createdAt),
    reason: transition.reason ?? null,
  };
}

export function deliveryJson(delivery: Delivery) {
  return {
    notification_id: delivery.notificationId,
    channel: delivery.channel,
    transition_ids: delivery.transitionIds,
    attempt: delivery.attempt,
    outcome: delivery.outcome,
    detail: delivery.detail,
    at: formatTime(delivery.at),
    next_attempt_at: delivery.nextAttemptAt === null ? null : formatTime(delivery.nextAttemptAt),
  };
}

export function silenceJson(silence: Silence, now: Millis) {
  return {
    id: silence.id,
    match: silence.match,
    from: formatTime(silence.from),
    to: formatTime(silence.to),
    active: silence.from <= now && now < silence.to,
    by: silence.by,
    comment: silence.comment,
    created_at: formatTime(silence.createdAt),
  };
}

export function deadLetterJson(letter: DeadLetter) {
  return {
    received_at: formatTime(letter.receivedAt),
    source: letter.origin.source,
    topic: letter.origin.topic,
    partition: letter.origin.partition,
    offset: letter.origin.offset,
    reason: letter.reason,
    message: letter.message,
    payload: letter.payload,
    payload_bytes: letter.payloadBytes,
    replayed_at: letter.replayed === null ? null : formatTime(letter.replayed.at),
    became: letter.replayed?.became ?? null,
  };
}

export function versionJson(version: ModelVersion) {
  return {
    version: version.version,
    rows: version.rows,
    labelled: version.labelled,
    first_seen: formatTime(version.firstSeen),
    last_seen: formatTime(version.lastSeen),
  };
}

export function modelJson(model: ModelSettings, watermark: number | null) {
  return {
    model: model.name,
    task: model.task,
    positive: model.positive,
    bucket: formatDuration(model.bucket),
    lateness: formatDuration(model.lateness),
    labels_expected_within: formatDuration(model.labelsExpectedWithin),
    baselines: model.baselines.map((baseline) => baseline.name),
    watermark: watermark === null ? null : formatTime(watermark),
  };
}

/** What a baseline is, and what of it is loaded. */
export function baselineJson(model: string, baseline: BaselineSettings, stored: readonly StoredBaseline[]) {
  return {
    model,
    name: baseline.name,
    kind: baseline.kind,
    window: baseline.kind === "trailing" ? formatDuration(baseline.window) : null,
    offset: baseline.kind === "trailing" ? formatDuration(baseline.offset) : null,
    from: baseline.kind === "period" ? formatTime(baseline.from) : null,
    to: baseline.kind === "period" ? formatTime(baseline.to) : null,
    version: baseline.kind === "version" || baseline.kind === "period" ? (baseline.version ?? null) : null,
    season: baseline.kind === "version" ? null : (baseline.season ?? null),
    loaded: stored
      .filter((one) => one.model === model && one.name === baseline.name)
      .map((one) => ({
        key: one.key,
        version: one.version === "" ? null : one.version,
        source: one.source,
        digest: one.digest,
        rows: one.rows,
        labelled: one.labelled,
        first_time: formatTime(one.firstTime),
        last_time: formatTime(one.lastTime),
        created_at: formatTime(one.createdAt),
      })),
  };
}

export function ruleJson(rule: Rule) {
  const { measure, fire, clear } = rule;
  return {
    name: rule.name,
    description: rule.description,
    models: rule.models,
    measure: {
      metric: measure.metric,
      of: measure.of,
      baseline: measure.baseline,
      window: formatDuration(measure.window),
      every: formatDuration(measure.every),
      segments: measure.segments ?? null,
    },
    fire: { ...conditionJson(fire), false_alarms: fire.falseAlarms, for: rule.evaluations, out_of: rule.outOf ?? null },
    clear: {
      below: Object.fromEntries(clear.below),
      drop: clear.drop,
      value: clear.limit ?? null,
      change: fire.change ? (clear.least ?? fire.change.by / 2) : null,
      share: fire.share ? (clear.least ?? fire.share.above / 2) : null,
      p_value: clear.pValue,
      for: clear.evaluations,
    },
    at_least: { rows: rule.atLeastRows, label_coverage: rule.atLeastCoverage ?? null },
    severity: rule.severity,
    levels: Object.fromEntries((rule.levels ?? []).map((level) => [level.severity, conditionJson(level.fire)])),
    when: rule.when
      ? {
          days: rule.when.days.map((day) => WEEKDAYS[day] ?? ""),
          from: timeOfDay(rule.when.from),
          to: timeOfDay(rule.when.to),
          time_zone: rule.when.zone,
        }
      : null,
    notify: rule.notify,
    retrain: rule.retrain,
    summary: rule.summary ?? null,
    runbook: rule.runbook ?? null,
  };
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

function timeOfDay(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function conditionJson({ above, drop, limit, change, share }: Level["fire"]) {
  return {
    above: Object.fromEntries(above),
    drop,
    value: limit ? { [limit.side]: limit.value } : null,
    change: change ? { [change.direction]: change.by, over: formatDuration(change.over) } : null,
    share: share ? { above: share.above, weights: Object.fromEntries(share.weights), whole_at: share.wholeAt } : null,
  };
}
