import type { AlertKey } from "../model/alert.ts";
import { WHOLE_MODEL, type MeasuredWindow } from "../model/measurement.ts";
import { judgedFamily } from "../model/metric.ts";
import { isOnLabels, type ActiveTimes, type Maintenance, type Rule } from "../model/rule.ts";
import { wallClock } from "../model/time-zone.ts";
import { DAY, MINUTE, type Window } from "../model/time.ts";

/** Whether a rule looks at a window: at its length and what was measured of it, at such times, and with no work planned then. */
export function isJudged(rule: Rule, maintenance: readonly Maintenance[], measured: MeasuredWindow): boolean {
  const { window, model } = measured;
  return (
    appliesTo(rule, measured) &&
    (rule.when === undefined || isActive(rule.when, window)) &&
    !maintenance.some((work) => (work.models?.includes(model) ?? true) && work.from < window.to && window.from < work.to)
  );
}

/** Whether a rule is about this model, windows like this one, and what was measured of it. */
function appliesTo(rule: Rule, { model, window, families }: MeasuredWindow): boolean {
  const { metric } = rule.measure;
  return (
    families.includes(isOnLabels(rule.measure) ? "labels" : metric === "drift" ? "drift" : judgedFamily(metric)) &&
    isOfModel(rule, model) &&
    isWindowOf(rule, window)
  );
}

function isOfModel({ models }: Rule, model: string): boolean {
  return models === null || models.includes(model);
}

/** Whether a rule looks at windows like this one. */
function isWindowOf({ measure: { window: length, every } }: Rule, window: Window): boolean {
  return window.to - window.from === length && window.to % every === 0;
}

/** Whether all of a window lies within these times of the day and days of the week. */
function isActive({ days, from, to, zone }: ActiveTimes, window: Window): boolean {
  const first = wallClock(window.from, zone);
  const minutes = (first % DAY) / MINUTE;
  const until = minutes + (window.to - window.from) / MINUTE;
  const isWholeDay = from === 0 && to === DAY / MINUTE;
  return days.includes(new Date(first).getUTCDay()) && (isWholeDay || (minutes >= from && until <= to));
}

/** Why no rule judges an alert any more; null while one does. */
export function whyUnwatched(rule: Rule | undefined, key: AlertKey, models: ReadonlySet<string>): "rule_removed" | "not_watched" | null {
  if (rule === undefined || !models.has(key.model) || !isOfModel(rule, key.model)) return "rule_removed";
  return watchesSubject(rule, key.subject) && watchesSegment(rule, key.segment) ? null : "not_watched";
}

function watchesSubject({ measure: { of }, fire: { share } }: Rule, subject: string): boolean {
  if (share !== undefined) return subject === "features";
  if (of === null) return WHOLE_MODEL.some((whole) => whole === subject);
  if (of === "features") return !/^(?:prediction|score|label|performance|traffic|features)$/.test(subject);
  return of.includes(subject);
}

function watchesSegment({ measure: { segments } }: Rule, segment: string | null): boolean {
  return (segments === undefined) === (segment === null);
}
