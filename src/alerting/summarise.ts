import type { Explanation, TransitionReason } from "../model/alert.ts";
import { isTelling, type Measurement } from "../model/measurement.ts";
import { metricFamily } from "../model/metric.ts";
import { traitOf } from "../model/performance.ts";
import type { Rule } from "../model/rule.ts";
import { DAY, formatDuration, type Millis } from "../model/time.ts";
import type { Judgement } from "./judge.ts";
import { breakWords } from "./likely.ts";
import { metricWords } from "./metric-words.ts";
import { whatMoved } from "./moved-words.ts";
import { featureName, headWords, inSegment, subjectWords } from "./subject-words.ts";
import type { Change } from "./transition.ts";
import { capitalise, chance, listed, moment, named, number, percent, rows, signed } from "./words.ts";

/** What an alert says to a person: what moved, how much and how sure, as its change asks for. */
export function summarise(
  rule: Rule,
  judgement: Judgement,
  change: Change,
  since: Millis,
  reason: TransitionReason | undefined,
  alongside: Explanation["alongside"],
): string {
  const { measurement } = judgement;
  const subject = judgement.share ? `What drifts of the features${inSegment(measurement)}` : headWords(measurement);
  const moved = judgement.share ? shareWords(judgement.share, measurement) : whatMoved(measurement, subject);
  const watched = judgement.share ? "the features" : subjectWords(measurement);
  switch (change.to) {
    case "firing": {
      if (change.from === "recovering")
        return sentences([`${subject} has not recovered after all`, moved, amount(rule, judgement), sinceWords(measurement, since)]);
      const late = reason === "revised" ? "Rows or labels that came late show it" : null;
      return sentences([
        reason === "escalated" ? `It has become worse: ${moved}` : moved,
        late,
        judgement.share ? null : breakWords(measurement),
        amount(rule, judgement),
        certainty(judgement),
        judgement.share ? null : moverWords(measurement),
        alongsideWords(alongside),
        `${sinceWords(measurement, since)}; ${rows(measurement.rows.current)} of version ${named(measurement.version)} in the newest window`,
      ]);
    }
    case "pending":
      return sentences([
        moved,
        amount(rule, judgement),
        rule.outOf === undefined
          ? `It fires once this has held for ${rule.evaluations} evaluations; this is the first`
          : `It fires once this has held in ${rule.evaluations} of ${rule.outOf} evaluations; this is the first`,
      ]);
    case "recovering":
      return sentences([
        `${subject} seems to recover`,
        now(judgement),
        `It is resolved once this has held for ${rule.clear.evaluations} evaluations`,
      ]);
    case "resolved":
      return sentences([
        reason === "retracted"
          ? `Taken back: with the rows or labels that came late, ${watched} would not have been told of`
          : reason === "revised"
            ? `With the rows or labels that came late, ${watched} had been back to what is usual before`
            : resolvedWords(rule, judgement, subject),
        now(judgement),
        `It had held ${held(measurement, since)}`,
      ]);
    case "normal":
      return change.from === "pending"
        ? sentences([`${subject} did not stay away for long enough to fire`, now(judgement)])
        : sentences([`${subject} stays as expected`]);
  }
}

/** Since when it holds. A window of days is named as a whole: what moved may have begun near its end. */
function sinceWords(measurement: Measurement, since: Millis): string {
  return capitalise(held(measurement, since));
}

function held({ from, to }: Measurement, since: Millis): string {
  return to - from <= DAY ? `since ${moment(since)}` : `since the window from ${moment(since)} to ${moment(since + to - from)}`;
}

function resolvedWords({ fire, measure: { baseline } }: Rule, { measurement, share }: Judgement, subject: string): string {
  if (fire.limit) return `${subject} is on the right side of its limit again`;
  if (fire.change) return `${subject} does not change beyond what the rule allows any more`;
  if (share) return `Few features differ from what ${named(baseline)} leads one to expect now`;
  if (measurement.metric === "constraint_violations") return `${subject} keeps to its constraints again`;
  return measurement.metric === "out_of_range_rate"
    ? `${subject} is inside the range of ${named(baseline)} again. That range moves with time: this can mean that the change has become part of it, not that it was repaired`
    : `${subject} is back to what ${named(baseline)} leads one to expect`;
}

/** How many features fire together, and which. */
function shareWords({ value, features, tested }: NonNullable<Judgement["share"]>, measurement: Measurement): string {
  const which = features.length === 0 ? "" : `: ${listed(features.map(featureName), 5)}`;
  return `${features.length} of ${tested} features have moved${inSegment(measurement)}, ${percent(value)} of them by weight${which}`;
}

/** What a feature's move could do, or which features' moves could explain this; each by itself. */
function moverWords({ subject, detail, metric }: Measurement): string | null {
  if (subject === "feature") {
    const effects = [
      ["the mean score", detail.explains?.score],
      ["the mean error", detail.explains?.error],
    ] as const;
    const told = effects.flatMap(([what, found]) => (found && isTelling(found) ? [`${what} by ${signed(found.change)}`] : []));
    return told.length === 0 ? null : `By itself this would move ${told.join(" and ")}`;
  }
  // What would have made fewer errors explains no loss.
  const [first, second] = (detail.causes ?? []).filter(({ change }) => subject !== "performance" || change > 0);
  if (!first) return null;
  const errors = traitOf(metric)?.tasks.includes("regression") ? "the mean error" : "the share of errors";
  const what = subject === "performance" ? errors : subject === "score" ? "the mean score" : "the mean of what is predicted";
  const also = second ? `, that of ${named(second.feature)} by ${signed(second.change)}` : "";
  return `The move of ${named(first.feature)} alone would move ${what} by ${signed(first.change)}${also}`;
}

function sentences(parts: readonly (string | null)[]): string {
  return parts
    .filter((part) => part !== null)
    .map((part) => `${part}.`)
    .join(" ");
}

function alongsideWords(alongside: Explanation["alongside"]): string | null {
  if (alongside.length === 0) return null;
  const names = alongside.slice(0, 3).map(({ subject }) => featureName(subject));
  const more = alongside.length - names.length;
  return `Moved in the same window: ${names.join(", ")}${more === 0 ? "" : ` and ${more === 1 ? "another" : `${more} others`}`}`;
}

/** How much, in the rule's own measure, and how much is needed. */
function amount(rule: Rule, { measurement, threshold, share, earlier }: Judgement): string | null {
  const { fire, measure } = rule;
  if (measurement.value === null) return null;
  if (share) return `The rule fires above ${percent(threshold)}`;
  const metric = metricWords(measurement.metric);
  if (fire.limit) return `Its ${metric} is ${number(measurement.value)}; the rule fires ${fire.limit.side} ${number(fire.limit.value)}`;
  if (fire.change && earlier !== undefined)
    return `Its ${metric} went from ${number(earlier)} to ${number(measurement.value)} within ${formatDuration(fire.change.over)}; the rule fires at a change of more than ${number(threshold)}`;
  if (fire.drop !== null) return `The rule fires at a loss of more than ${number(threshold)} against ${named(measure.baseline)}`;
  if (measurement.expected === null) return `Its ${metric} is ${number(measurement.value)}; the rule fires above ${number(threshold)}`;
  if (measurement.metric === "constraint_violations")
    return `Its ${metric} is ${number(measurement.value)}, where ${number(measurement.expected)} may be; the rule fires ${threshold === 0 ? "" : `${number(threshold)} `}above that`;
  return `Its ${metric} is ${number(measurement.value)}, where ${number(measurement.expected)} is usual without a change; the rule fires ${number(threshold)} above that`;
}

/** How sure, and on what evidence. */
function certainty({ measurement, pValue, adjustedPValue, subjectsTested }: Judgement): string | null {
  if (pValue === null || adjustedPValue === null) return null;
  const corrected =
    subjectsTested > 1 ? `${chance(adjustedPValue)} after correction for ${subjectsTested} subjects looked at` : chance(pValue);
  if (pValue !== measurement.pValue) return `Chance is an unlikely cause: ${corrected}`;
  const windows = measurement.detail.nullWindows;
  const basis =
    measurement.evidence === "baseline_windows"
      ? `measured against ${windows === undefined ? "windows" : `${windows} windows`} of the same length in the baseline`
      : "calculated as if rows were independent, which overstates the certainty where rows share a cause";
  return `Chance is an unlikely cause: ${corrected}, ${basis}`;
}

function now({ measurement, pValue, adjustedPValue, share }: Judgement): string | null {
  const { value, expected, metric } = measurement;
  if (share) return `${percent(share.value)} of the features by weight fire`;
  if (value === null) return null;
  const usual = metricFamily(metric) === "performance" ? (measurement.detail.reference ?? expected) : expected;
  const sure = pValue === null ? "" : `; ${chance(adjustedPValue ?? pValue)}`;
  return `${capitalise(metricWords(metric))} is ${number(value)}${usual === null ? "" : `, where ${number(usual)} ${metric === "constraint_violations" ? "may be" : "is usual"}`}${sure}`;
}
