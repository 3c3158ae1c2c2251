import { createHash } from "node:crypto";
import type { Notification, Notifier, SendOutcome, Transition } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import { SEVERITIES } from "../model/rule.ts";
import type { Channel } from "../model/settings.ts";
import { formatTime } from "../model/time.ts";
import {
  alertHref,
  alertLines,
  beforeAndAfter,
  headline,
  likelyOf,
  noteOf,
  oneLine,
  queryOf,
  shownBins,
  subjectName,
  summaryOf,
} from "./message.ts";
import { postJson } from "./post-json.ts";

const SHOWN = 20;

/**
 * A channel that opens and closes incidents of PagerDuty (Events API v2): one a rule and model, open as long as any of
 * its alerts fires. Every event says how things stand, so that one which comes twice or late does no harm.
 */
export function createPagerDutyNotifier(channel: Extract<Channel, { type: "pagerduty" }>, call: Call): Notifier {
  return async function notifyPagerDuty(notification) {
    let last: SendOutcome = { outcome: "sent", detail: "nothing to say" };
    for (const event of pagerDutyEvents(notification)) {
      last = await postJson(call, notification, channel.url, JSON.stringify({ routing_key: channel.routingKey, ...event }));
      // What is open already stays open when it is told again.
      if (last.outcome !== "sent") return last;
    }
    return last;
  };
}

/** The events of a notification, without the key that says whose they are. */
export function pagerDutyEvents(notification: Notification): object[] {
  const { model, reason, transitions, firing } = notification;
  const rules = new Set(transitions.map(({ key }) => key.rule));
  return [...rules].flatMap((rule) => {
    const dedupKey = incidentKey(reason, model, rule);
    const open = (reason === "test" ? transitions : firing).filter(({ key }) => key.rule === rule);
    const resolve = { event_action: "resolve", dedup_key: dedupKey };
    if (open.length === 0) return [resolve];
    const trigger = triggerOf(notification, rule, dedupKey, open);
    return reason === "test" ? [trigger, resolve] : [trigger];
  });
}

function incidentKey(reason: Notification["reason"], model: string, rule: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([model, rule]))
    .digest("hex");
  return `driftwatch${reason === "test" ? "-test" : ""}-${hash.slice(0, 40)}`;
}

function triggerOf(notification: Notification, rule: string, dedupKey: string, open: readonly Transition[]): object {
  const { link, model } = notification;
  const note = noteOf(notification);
  const lines = alertLines({ transitions: open });
  const names = lines.slice(0, 3).map(subjectName).join(", ");
  const more = lines.length > 3 ? ` and ${lines.length - 3} more` : "";
  const [first] = lines;
  const worst = SEVERITIES.findLast((severity) => open.some((one) => one.severity === severity)) ?? "warning";
  const pages = lines.slice(0, SHOWN).flatMap((line) => {
    const href = alertHref(line.id, link);
    return href === null ? [] : [{ href, text: `Why: ${subjectName(line)}` }];
  });
  return {
    event_action: "trigger",
    dedup_key: dedupKey,
    client: "driftwatch",
    ...(link === null ? {} : { client_url: link }),
    links: pages,
    payload: {
      summary: oneLine(`${oneLine(model, 100)}: ${names}${more} (${oneLine(rule, 100)}). ${first ? summaryOf(first, 500) : ""}`, 1_000),
      source: oneLine(model, 200) || "driftwatch",
      severity: worst,
      timestamp: formatTime(notification.at),
      component: oneLine(model, 200),
      group: oneLine(rule, 200),
      custom_details: {
        status: headline({ ...notification, transitions: open }, lines),
        ...(note === null ? {} : { note }),
        alerts: lines.slice(0, SHOWN).map((line) => ({
          subject: subjectName(line),
          version: oneLine(line.key.version, 100),
          since: formatTime(line.latest.since),
          summary: summaryOf(line),
          likely: likelyOf(line),
          query: queryOf(line),
          bins: shownBins(line).map(beforeAndAfter),
        })),
        omitted: Math.max(0, lines.length - SHOWN),
      },
    },
  };
}
