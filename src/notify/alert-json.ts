import type { Explanation, Notification } from "../model/alert.ts";
import { formatTime } from "../model/time.ts";
import { alertLines, oneLine, type AlertLine } from "./message.ts";

const BODY_BYTES = 20_000;

/** An explanation as it stands in API answers and webhooks. */
function explanationJson(explanation: Explanation): Record<string, unknown> {
  return {
    metric: explanation.metric,
    baseline: explanation.baseline,
    value: explanation.value,
    expected: explanation.expected,
    threshold: explanation.threshold,
    p_value: explanation.pValue,
    adjusted_p_value: explanation.adjustedPValue,
    subjects_tested: explanation.subjectsTested,
    evidence: explanation.evidence,
    rows: explanation.rows,
    labelled: explanation.labelled,
    ci: explanation.ci,
    detail: snakeCase(explanation.detail),
    likely: explanation.likely,
    hints: explanation.hints,
  };
}

/** The keys of a detail are this program's own; names and values from events stand in its values only. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCase(inner)]),
  );
}

function alertJson(line: AlertLine, detailed: boolean): Record<string, unknown> {
  const { key, latest } = line;
  const explanation = explanationJson(latest.explanation);
  return {
    id: line.id,
    rule: key.rule,
    state: line.state,
    severity: line.severity,
    model: key.model,
    version: key.version,
    segment: key.segment,
    subject: key.subject,
    features: ["prediction", "score", "performance"].includes(key.subject) ? [] : [key.subject.replace(/^feature:/, "")],
    since: formatTime(latest.since),
    from: formatTime(latest.window.from),
    to: formatTime(latest.window.to),
    fired_untold: line.untoldFiring,
    summary: oneLine(latest.summary, 1_500),
    explanation: detailed ? explanation : { ...explanation, detail: {} },
    acknowledged_by: null,
    silenced_by: null,
  };
}

/**
 * The body of a webhook, below the 20 kB that receivers of Standard Webhooks may rely on: details go first, then
 * alerts from the end, and `omitted` says how many.
 */
export function webhookBody(notification: Notification): string {
  const lines = alertLines(notification);
  const body = (alerts: readonly unknown[]) =>
    JSON.stringify({
      type: "alerts",
      timestamp: formatTime(notification.at),
      data: {
        model: oneLine(notification.model, 500),
        link: notification.link,
        alerts,
        omitted: lines.length - alerts.length,
      },
    });
  const fits = (text: string) => Buffer.byteLength(text) < BODY_BYTES;
  const whole = body(lines.map((line) => alertJson(line, true)));
  if (fits(whole)) return whole;
  const short = lines.map((line) => alertJson(line, false));
  let count = short.length;
  while (count > 0 && !fits(body(short.slice(0, count)))) count -= 1;
  return body(short.slice(0, count));
}
