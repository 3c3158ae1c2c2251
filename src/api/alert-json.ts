import * as z from "zod";
import { TRANSITION_REASONS, type Delivery, type Transition } from "../model/alert.ts";
import { SEVERITIES } from "../model/rule.ts";
import { formatTime } from "../model/time.ts";
import { explanationJson, featuresOf } from "../model/wire.ts";
import type { Alert } from "../store/alerts.ts";
import { count, detail, evidence, interval, metric, moment, rows, timeOrNull } from "./json.ts";
import { MEASUREMENT_STATUSES } from "./measurement-json.ts";

const ALERT_STATES = ["pending", "firing", "recovering", "resolved", "normal"] as const;

const explanation = z
  .strictObject({
    metric,
    baseline: z.string().nullable(),
    value: z.number().nullable(),
    expected: z.number().nullable(),
    threshold: z.number(),
    p_value: z.number().nullable(),
    adjusted_p_value: z.number().nullable(),
    subjects_tested: count,
    evidence: evidence.nullable(),
    rows,
    labelled: count.nullable(),
    ci: interval.nullable(),
    detail,
    likely: z.string().nullable(),
    kind: z
      .enum(["break", "drift", "mix_shift", "concept"])
      .nullable()
      .meta({ description: "A broken feed; other values; other inputs, to which a loss is due; inputs that mean something else." }),
    alongside: z
      .array(z.strictObject({ subject: z.string(), metric, value: z.number().nullable() }))
      .meta({ description: "What else the same rule found to have moved in this window." }),
    query: z.string().nullable().meta({ description: "SQL on the public views: the same measurement over time." }),
    hints: z.array(z.string()),
    runbook: z.string().nullable().meta({ description: "What to do, where the rule says so." }),
  })
  .meta({ id: "Explanation" });

const reason = z
  .enum(TRANSITION_REASONS)
  .nullable()
  .meta({ description: "Why it changed, where it was not a window that was evaluated for the first time." });

const alertShape = {
  id: z.string(),
  rule: z.string(),
  state: z.enum(ALERT_STATES),
  health: z.enum(MEASUREMENT_STATUSES),
  severity: z.enum(SEVERITIES),
  model: z.string(),
  version: z.string(),
  segment: z.string().nullable(),
  subject: z.string(),
  features: z.array(z.string()),
  since: moment,
  from: moment,
  to: moment,
  updated_at: moment,
  reason,
  summary: z.string(),
  explanation,
  acknowledged_by: z.string().nullable().meta({ description: "Who has taken it up; nobody is told of it again until it is over." }),
  silenced_by: z.string().nullable().meta({ description: "Who has silenced it, while that holds." }),
};

export const alert = z.strictObject(alertShape).meta({ id: "Alert" });

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

const transition = z
  .strictObject({
    id: z.string(),
    from_state: z.enum(ALERT_STATES),
    to_state: z.enum(ALERT_STATES),
    severity: z.enum(SEVERITIES),
    from: moment,
    to: moment,
    since: moment,
    rule_hash: z.string(),
    summary: z.string(),
    explanation,
    notify: z.array(z.string()),
    retrain: z.boolean(),
    created_at: moment,
    reason,
  })
  .meta({ id: "Transition" });

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

const delivery = z
  .strictObject({
    notification_id: z.string(),
    channel: z.string(),
    transition_ids: z.array(z.string()),
    attempt: count,
    outcome: z.enum(["sent", "retry", "failed", "silenced"]),
    detail: z.string(),
    at: moment,
    next_attempt_at: moment.nullable(),
  })
  .meta({ id: "Delivery" });

export function deliveryJson(delivery: Delivery) {
  return {
    notification_id: delivery.notificationId,
    channel: delivery.channel,
    transition_ids: delivery.transitionIds,
    attempt: delivery.attempt,
    outcome: delivery.outcome,
    detail: delivery.detail,
    at: formatTime(delivery.at),
    next_attempt_at: timeOrNull(delivery.nextAttemptAt),
  };
}

export const alertInFull = z
  .strictObject({ ...alertShape, transitions: z.array(transition), deliveries: z.array(delivery) })
  .meta({ id: "AlertInFull" });
