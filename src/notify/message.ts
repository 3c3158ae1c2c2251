import type { AlertKey, Explanation, Notification, Transition } from "../model/alert.ts";
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

/** What a notification has to say, one line a subject, what is firing and urgent first. */
export function alertLines(notification: Pick<Notification, "transitions">): AlertLine[] {
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

/** What a mail is called: how bad, which model, and what. */
export function subjectText(notification: Notification): string {
  const lines = alertLines(notification);
  const firing = lines.filter((line) => line.state === "firing");
  const told = firing.length > 0 ? firing : lines;
  const first = told[0];
  const label = firing.length > 0 ? `${notification.reason === "reminder" ? "still " : ""}firing, ${first?.severity ?? ""}` : "resolved";
  // Two versions of one feature are one name.
  const all = [...new Set(told.map((line) => subjectName(line)))];
  const names = all.length === 1 && told.length === 1 && first ? [`${all[0]}${movedText(first)}`] : all.slice(0, 3);
  const more = all.length > 3 ? ` and ${all.length - 3} more` : "";
  return oneLine(
    `[${notification.reason === "test" ? "test" : label}] ${oneLine(notification.model, 60)}: ${names.join(", ")}${more}${first ? ` (${oneLine(first.key.rule, 40)})` : ""}`,
    180,
  );
}

/** What moved: a feature, the score, or of all rows together the metric that says so. */
export function subjectName({ key, latest }: Pick<AlertLine, "key" | "latest">): string {
  const segment = key.segment === null ? "" : ` in ${oneLine(key.segment, 40)}`;
  const name = isOfModel(key) ? latest.explanation.metric.replaceAll("_", " ") : key.subject.replace(/^feature:/, "");
  return `${oneLine(name, 40)}${segment}`;
}

const isOfModel = ({ subject }: AlertKey) => subject === "performance" || subject === "traffic";

/** Of performance that fell, from where to where: enough to judge it by the subject of a mail. */
function movedText({ key, state, latest: { explanation } }: AlertLine): string {
  const { value, detail } = explanation;
  const before = detail.reference ?? explanation.expected;
  if (key.subject !== "performance" || state === "resolved" || value === null || before === null) return "";
  return ` ${Number(before.toPrecision(3))} → ${Number(value.toPrecision(3))}`;
}

export function summaryOf(line: AlertLine, limit = 1_500): string {
  return oneLine(line.latest.summary, limit);
}

export function likelyOf({ latest }: AlertLine): string | null {
  return latest.explanation.likely === null ? null : oneLine(latest.explanation.likely, 300);
}

/** What is said above an alert: how it stands, and what it is about. */
export function titleOf(line: AlertLine, { reason }: Pick<Notification, "reason">): string {
  return `${stateWords(line, reason)}: ${subjectName(line)}`;
}

function stateWords(line: AlertLine, reason: Notification["reason"]): string {
  if (reason === "test") return "Test";
  if (line.untoldFiring) return "Fired and resolved";
  if (line.state === "resolved") return "Resolved";
  return `${reason === "reminder" ? "Still firing" : "Firing"} (${line.severity})`;
}

/** An alert in lines of text: what happened, of what kind it likely is, and what changed most, told as `binText` has it. */
export function account(line: AlertLine, binText: (bin: Bin) => string): string[] {
  const likely = likelyOf(line);
  return [summaryOf(line), ...(likely === null ? [] : [`Likely: ${likely}`]), ...shownBins(line).map(binText)];
}

/** `bin: 12% before, 40% after` */
export function beforeAndAfter({ bin, reference, current }: Bin): string {
  return `${oneLine(bin, 60)}: ${percentText(reference)} before, ${percentText(current)} after`;
}

/** `• bin: 12% → 40%` */
export function bulletOfChange({ bin, reference, current }: Bin): string {
  return `• ${oneLine(bin, 60)}: ${percentText(reference)} → ${percentText(current)}`;
}

/** What a reader has to know beside the alerts. */
export function noteOf({ note }: Pick<Notification, "note">): string | null {
  return note === null ? null : oneLine(note, 600);
}

type Fact = readonly [name: string, value: string];

export function facts({ key, latest }: AlertLine): Fact[] {
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

/** The facts as lines, `name: value`. */
export function factLines(line: AlertLine): string[] {
  return facts(line).map(([name, value]) => `${name}: ${value}`);
}

type Bin = NonNullable<Explanation["detail"]["bins"]>[number];

/** The bins that changed most, before and after. Of an alert that is over, nothing. */
export function shownBins({ latest, state }: AlertLine): readonly Bin[] {
  return state === "resolved" ? [] : (latest.explanation.detail.bins ?? []).slice(0, 5);
}

export function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}

/** What to run, and which page to open. Pages become links where the address of this daemon is known, and are left out else. */
export type NextStep = { readonly name: string; readonly text: string; readonly href: string | null };

const RUNBOOK = "Runbook";

export function nextSteps({ latest }: AlertLine, link: string | null): NextStep[] {
  return latest.explanation.hints
    .filter((hint) => link !== null || !hint.startsWith("/"))
    .map((hint) => {
      if (hint === latest.explanation.runbook) return { name: RUNBOOK, text: oneLine(hint, 600), href: hint };
      if (link === null || !hint.startsWith("/")) return { name: "Look closer", text: oneLine(hint, 600), href: null };
      const { href, pathname } = new URL(hint, link);
      return { name: pathname.endsWith("/report") ? "Report" : "Over time", text: href, href };
    });
}

/** All there is to do about one alert, in the order a person would: what it is about, what the rule says to do, how to take it up. */
export function allSteps(line: AlertLine, { link, reason }: Pick<Notification, "link" | "reason">): NextStep[] {
  const page = alertHref(line.id, link);
  const query = queryOf(line);
  const steps = nextSteps(line, link);
  return [
    ...(page === null || reason === "test" ? [] : [{ name: "Why", text: page, href: page }]),
    ...steps.filter(({ name }) => name === RUNBOOK),
    ...steps.filter(({ name }) => name !== RUNBOOK),
    ...(line.state === "resolved" || reason === "test"
      ? []
      : [{ name: "Take it up, and be told no more of it", text: `driftwatch ack ${line.id.slice(0, 8)}`, href: null }]),
    ...(query === null ? [] : [{ name: "How it went before", text: query, href: null }]),
  ];
}

/** SQL for whoever looks deeper. */
export function queryOf({ latest, state }: AlertLine): string | null {
  const { query } = latest.explanation;
  return query === null || state === "resolved" ? null : oneLine(query, 2_000);
}

/** The page of one alert. */
export function alertHref(id: string, link: string | null): string | null {
  return link === null ? null : new URL(`/alerts/${encodeURIComponent(id)}`, link).href;
}

/** How many alerts stand behind those that are shown. */
export function omitted(count: number, shown: number): string | null {
  return count > shown ? `${count - shown} more alerts are not shown here.` : null;
}

export function headline(notification: Notification, lines: readonly AlertLine[]): string {
  const model = `Model ${oneLine(notification.model, 100)}`;
  if (notification.reason === "test") return `${model}: a test of the channel ${oneLine(notification.channel, 60)}; nothing happened`;
  const firing = lines.filter((line) => line.state === "firing").length;
  const resolved = lines.length - firing;
  const still = notification.reason === "reminder" ? "still " : "";
  const counts = [firing > 0 ? `${firing} ${still}firing` : null, resolved > 0 ? `${resolved} resolved` : null]
    .filter((part) => part !== null)
    .join(", ");
  return `${model}: ${counts}`;
}

/** Text in another's notation, whole letters of it up to `limit` units; `escape` says what one letter becomes. */
export function escapedWithin(text: string, limit: number, escape: (letter: string) => string): string {
  let escaped = "";
  for (const letter of text) {
    const next = escape(letter);
    if (escaped.length + next.length > limit - 1) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}
