import type { AlertKey, Notification, Transition } from "../model/alert.ts";
import type { Severity } from "../model/rule.ts";
import { formatTime } from "../model/time.ts";

/** One alert as a person is told of it: its final state, however often it changed before. */
export type AlertLine = {
  readonly id: string;
  readonly state: "firing" | "resolved";
  /** It fired and was resolved, and nobody had been told that it fired. */
  readonly untoldFiring: boolean;
  readonly key: AlertKey;
  readonly severity: Severity;
  readonly latest: Transition;
};

const URGENCY: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };
const SHOWN = 50;

/** What a notification has to say, one line a subject, what is firing and urgent first. */
export function alertLines(notification: Notification): AlertLine[] {
  const bySubject = new Map<string, Transition[]>();
  for (const transition of notification.transitions) {
    const { rule, model, version, segment, subject } = transition.key;
    const key = JSON.stringify([rule, model, version, segment, subject]);
    bySubject.set(key, [...(bySubject.get(key) ?? []), transition]);
  }
  return [...bySubject.values()]
    .map(lineOf)
    .sort((a, b) => Number(a.state === "resolved") - Number(b.state === "resolved") || URGENCY[a.severity] - URGENCY[b.severity]);
}

function lineOf(transitions: readonly Transition[]): AlertLine {
  const latest = transitions.reduce((newest, transition) => (transition.window.to >= newest.window.to ? transition : newest));
  const resolved = latest.to === "resolved";
  return {
    id: latest.alertId,
    state: resolved ? "resolved" : "firing",
    untoldFiring: resolved && transitions.some((transition) => transition.to === "firing" && transition.alertId === latest.alertId),
    key: latest.key,
    severity: latest.severity,
    latest,
  };
}

/** One line of text: no line break or other control character gets through, and it ends somewhere. */
export function oneLine(text: string, limit: number): string {
  const letters = Array.from(text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " "));
  return letters.length > limit ? `${letters.slice(0, limit - 1).join("")}…` : letters.join("");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** What a mail is called: how bad, which model, and what. */
export function subjectText(notification: Notification): string {
  const lines = alertLines(notification);
  const firing = lines.filter((line) => line.state === "firing");
  const told = firing.length > 0 ? firing : lines;
  const first = told[0];
  const label = firing.length > 0 ? `firing, ${first?.severity ?? ""}` : "resolved";
  const names = told.slice(0, 3).map((line) => subjectName(line));
  const more = told.length > 3 ? ` and ${told.length - 3} more` : "";
  return oneLine(
    `[${label}] ${oneLine(notification.model, 60)}: ${names.join(", ")}${more}${first ? ` (${oneLine(first.key.rule, 40)})` : ""}`,
    180,
  );
}

function subjectName({ key }: AlertLine): string {
  const segment = key.segment === null ? "" : ` in ${oneLine(key.segment, 40)}`;
  return `${oneLine(key.subject, 40)}${segment}`;
}

function stateWords(line: AlertLine): string {
  if (line.untoldFiring) return "Fired and resolved";
  return line.state === "firing" ? `Firing (${line.severity})` : "Resolved";
}

type Fact = readonly [name: string, value: string];

function facts({ key, latest }: AlertLine): Fact[] {
  const version: Fact = ["Version", oneLine(key.version, 100)];
  const segment: Fact[] = key.segment === null ? [] : [["Segment", oneLine(key.segment, 100)]];
  return [
    version,
    ...segment,
    ["Rule", oneLine(key.rule, 100)],
    ["Since", formatTime(latest.since)],
    ["Window", `${formatTime(latest.window.from)} to ${formatTime(latest.window.to)}`],
  ];
}

/** Commands to run; pages are paths, and become links where the address of this daemon is known. */
function nextSteps({ latest }: AlertLine, link: string | null): { text: string; href: string | null }[] {
  return latest.explanation.hints
    .filter((hint) => link !== null || !hint.startsWith("/"))
    .map((hint) => {
      if (link === null || !hint.startsWith("/")) return { text: oneLine(hint, 600), href: null };
      const { href } = new URL(hint, link);
      return { text: href, href };
    });
}

function omitted(count: number): string | null {
  return count > SHOWN ? `${count - SHOWN} more alerts are not shown here.` : null;
}

function headline(notification: Notification, lines: readonly AlertLine[]): string {
  const firing = lines.filter((line) => line.state === "firing").length;
  const resolved = lines.length - firing;
  const counts = [firing > 0 ? `${firing} firing` : null, resolved > 0 ? `${resolved} resolved` : null]
    .filter((part) => part !== null)
    .join(", ");
  return `Model ${oneLine(notification.model, 100)}: ${counts}`;
}

/** The message as plain text. */
export function textBody(notification: Notification): string {
  const lines = alertLines(notification);
  const blocks = lines.slice(0, SHOWN).map((line) => {
    const likely = line.latest.explanation.likely;
    return [
      `${stateWords(line)}: ${subjectName(line)}`,
      `  ${oneLine(line.latest.summary, 1_500)}`,
      ...(likely === null ? [] : [`  Likely: ${oneLine(likely, 300)}`]),
      ...facts(line).map(([name, value]) => `  ${name}: ${value}`),
      ...nextSteps(line, notification.link).map(({ text }) => `  → ${text}`),
    ].join("\n");
  });
  const tail = [omitted(lines.length), notification.link === null ? null : `All alerts: ${notification.link}`].filter(
    (part) => part !== null,
  );
  return [headline(notification, lines), ...blocks, ...tail].join("\n\n").concat("\n");
}

/** The message as HTML: styles in place, no script, no picture, nothing to fetch. */
export function htmlBody(notification: Notification): string {
  const lines = alertLines(notification);
  const blocks = lines.slice(0, SHOWN).map((line) => {
    const colour = line.state === "resolved" ? "#2e7d32" : line.severity === "critical" ? "#b71c1c" : "#b26a00";
    const likely = line.latest.explanation.likely;
    const rows = facts(line).map(
      ([name, value]) => `<tr><td style="padding:0 12px 0 0;color:#666">${name}</td><td>${escapeHtml(value)}</td></tr>`,
    );
    const steps = nextSteps(line, notification.link).map(({ text, href }) =>
      href === null ? `<li><code>${escapeHtml(text)}</code></li>` : `<li><a href="${escapeHtml(href)}">Open this subject’s page</a></li>`,
    );
    return [
      `<div style="border-left:4px solid ${colour};padding:4px 12px;margin:16px 0">`,
      `<p style="margin:0;color:${colour}"><strong>${escapeHtml(`${stateWords(line)}: ${subjectName(line)}`)}</strong></p>`,
      `<p style="margin:8px 0">${escapeHtml(oneLine(line.latest.summary, 1_500))}</p>`,
      likely === null ? "" : `<p style="margin:8px 0">Likely: ${escapeHtml(oneLine(likely, 300))}</p>`,
      `<table style="border-collapse:collapse;font-size:13px">${rows.join("")}</table>`,
      steps.length === 0 ? "" : `<ul style="font-size:13px">${steps.join("")}</ul>`,
      "</div>",
    ].join("");
  });
  const more = omitted(lines.length);
  const link = notification.link === null ? "" : `<p><a href="${escapeHtml(notification.link)}">All alerts of this model</a></p>`;
  const style = "font-family:system-ui,sans-serif;font-size:15px;line-height:1.4;color:#222;max-width:720px";
  return `<!doctype html><html lang="en"><body><div style="${style}"><h1 style="font-size:18px">${escapeHtml(headline(notification, lines))}</h1>${blocks.join("")}${more === null ? "" : `<p>${more}</p>`}${link}</div></body></html>`;
}
