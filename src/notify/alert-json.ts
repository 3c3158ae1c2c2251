import type { Notification } from "../model/alert.ts";
import { formatTime } from "../model/time.ts";
import { explanationJson, featuresOf } from "../model/wire.ts";
import { alertLines, noteOf, oneLine, type AlertLine } from "./message.ts";

const BODY_BYTES = 20_000;
/** More cannot be in it, however short they are: each takes over 200 bytes. */
const MOST_ALERTS = BODY_BYTES / 200;

function alertJson(line: AlertLine, acknowledged: Notification["acknowledged"], detailed: boolean): Record<string, unknown> {
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
    features: featuresOf(key.subject),
    since: formatTime(latest.since),
    from: formatTime(latest.window.from),
    to: formatTime(latest.window.to),
    fired_untold: line.untoldFiring,
    reason: latest.reason ?? null,
    summary: oneLine(latest.summary, 1_500),
    explanation: detailed ? explanation : { ...explanation, detail: {} },
    acknowledged_by: acknowledged.get(line.id) ?? null,
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
        reason: notification.reason,
        note: noteOf(notification),
        link: notification.link,
        alerts,
        omitted: lines.length - alerts.length,
      },
    });
  const fits = (text: string) => Buffer.byteLength(text) < BODY_BYTES;
  const first = lines.slice(0, MOST_ALERTS);
  const whole = body(first.map((line) => alertJson(line, notification.acknowledged, true)));
  if (fits(whole)) return whole;
  const short = first.map((line) => alertJson(line, notification.acknowledged, false));
  let count = short.length;
  while (count > 0 && !fits(body(short.slice(0, count)))) count -= 1;
  return body(short.slice(0, count));
}
