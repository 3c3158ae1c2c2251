import { firstSentence, type Notification, type Notifier } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import type { Channel } from "../model/settings.ts";
import { formatTime, MINUTE, type Millis } from "../model/time.ts";
import { alertHref, alertLines, factLines, likelyOf, nextSteps, noteOf, oneLine, queryOf, summaryOf, type AlertLine } from "./message.ts";
import { postJson } from "./post-json.ts";

type AlertmanagerChannel = Extract<Channel, { type: "alertmanager" }>;

/** Alertmanager forgets what is not sent again: this long after the last sending, which comes every minute. */
const HOLDS: Millis = 15 * MINUTE;

/**
 * A channel that hands alerts to an Alertmanager, which groups, silences and routes them itself. What it knows an
 * alert by are its labels, so nothing that changes stands in them.
 */
export function createAlertmanagerNotifier(channel: AlertmanagerChannel, call: Call): Notifier {
  const url = `${channel.url.replace(/\/+$/, "")}/api/v2/alerts`;
  return (notification) => {
    const alerts = alertLines(notification).map((line) => alertOf(line, notification, channel.labels));
    return postJson(call, notification, url, JSON.stringify(alerts));
  };
}

function alertOf(line: AlertLine, notification: Notification, labels: ReadonlyMap<string, string>): Record<string, unknown> {
  const { at, link, reason } = notification;
  const note = noteOf(notification);
  const { key, latest } = line;
  const likely = likelyOf(line);
  const page = alertHref(line.id, link);
  const query = queryOf(line);
  const ends = line.state === "resolved" ? at : at + (reason === "test" ? MINUTE : HOLDS);
  return {
    labels: {
      ...Object.fromEntries(labels),
      alertname: oneLine(key.rule, 200),
      model: oneLine(key.model, 200),
      version: oneLine(key.version, 200),
      ...(key.segment === null ? {} : { segment: oneLine(key.segment, 200) }),
      subject: oneLine(key.subject, 200),
      severity: line.severity,
    },
    annotations: {
      summary: oneLine(firstSentence(latest.summary), 500),
      description: summaryOf(line),
      ...(likely === null ? {} : { likely }),
      ...(note === null ? {} : { note }),
      facts: factLines(line).join("; "),
      ...(query === null ? {} : { query }),
      ...(latest.explanation.runbook === undefined ? {} : { runbook_url: latest.explanation.runbook }),
      look: nextSteps(line, null)
        .map(({ text }) => text)
        .join("; "),
    },
    // Events that are their own clock may lie ahead of this one's.
    startsAt: formatTime(Math.min(latest.since, at)),
    endsAt: formatTime(ends),
    ...(page === null ? {} : { generatorURL: page }),
  };
}
