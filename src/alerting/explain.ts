import type { Explanation, TransitionReason } from "../model/alert.ts";
import {
  atThreshold,
  isTelling,
  metricFamily,
  type Measurement,
  type Metric,
  type NamedMetric,
  type Verdict,
} from "../model/measurement.ts";
import { traitOf } from "../model/performance.ts";
import type { Rule } from "../model/rule.ts";
import { formatDuration, formatTime, type Millis } from "../model/time.ts";
import { deeperQuery } from "./deeper-query.ts";
import type { Judgement } from "./judge.ts";
import { likelyKind, performanceLikely } from "./likely.ts";
import type { TemplateValues } from "../model/template.ts";
import { fillTemplate, fillUrl } from "./template.ts";
import type { Change } from "./transition.ts";
import { chance, moment, named, number, pathSegment, percent, printable, rows, shellOption } from "./words.ts";

const METRIC_WORDS: Readonly<Record<NamedMetric | "specificity", string>> = {
  psi: "population stability index",
  ks: "Kolmogorov-Smirnov distance",
  wasserstein: "normalised Wasserstein distance",
  jensen_shannon: "Jensen-Shannon distance",
  hellinger: "Hellinger distance",
  kl: "Kullback-Leibler divergence",
  total_variation: "total variation distance",
  l_infinity: "largest change of a share",
  chi_square: "chi-square statistic",
  missing_rate: "share of missing values",
  type_mismatch_rate: "share of values of another type",
  non_finite_rate: "share of numbers that are not finite",
  unseen_rate: "share of unseen categories",
  out_of_range_rate: "share of values out of range",
  constant: "being one value alone",
  unknown_feature_rate: "share of rows with unknown features",
  conflict_rate: "share of rows whose id another row holds",
  volume_drop: "share of rows that are missing",
  volume_rise: "share of rows beyond what is usual",
  silence_rate: "share of the window after its last row",
  error_rate: "share of requests that fail",
  latency_p50: "median latency in milliseconds",
  latency_p95: "latency in milliseconds of the slowest twentieth",
  latency_p99: "latency in milliseconds of the slowest hundredth",
  latency_rise: "rise of the latency of the slowest twentieth",
  accuracy: "accuracy",
  precision: "precision",
  recall: "recall",
  specificity: "specificity",
  f1: "F1",
  roc_auc: "ROC AUC",
  log_loss: "log loss",
  average_precision: "average precision",
  brier: "Brier score",
  calibration_error: "calibration error",
  mean_value: "mean value of a prediction",
  balanced_accuracy: "balanced accuracy",
  macro_precision: "macro precision",
  macro_f1: "macro F1",
  weighted_f1: "weighted F1",
  mcc: "Matthews correlation",
  mae: "mean absolute error",
  rmse: "root mean squared error",
  r2: "R²",
  wape: "absolute error as a share of the values",
  bias: "mean error",
  quantile_loss: "quantile loss",
  estimated_accuracy: "estimated accuracy",
  estimated_precision: "estimated precision",
  estimated_recall: "estimated recall",
  estimated_f1: "estimated F1",
  estimated_roc_auc: "estimated ROC AUC",
  estimated_log_loss: "estimated log loss",
  estimated_balanced_accuracy: "estimated balanced accuracy",
  estimated_macro_precision: "estimated macro precision",
  estimated_macro_f1: "estimated macro F1",
  estimated_mcc: "estimated Matthews correlation",
  estimated_mae: "estimated mean absolute error",
  label_coverage: "label coverage",
};

function metricWords(metric: Metric): string {
  const at = atThreshold(metric);
  return at === null ? METRIC_WORDS[metric as NamedMetric] : `${METRIC_WORDS[at.metric]} at a threshold of ${at.threshold}`;
}

const MOST_ALONGSIDE = 10;

/** What an alert says: a summary a person can act on, in the rule's own words where it has any, and the facts behind it. */
export function explain(
  rule: Rule,
  judgement: Judgement,
  change: Change,
  since: Millis,
  reason?: TransitionReason,
  /** All that the rule made of this version in this window. */
  judgements: readonly Judgement[] = [],
): { summary: string; explanation: Explanation } {
  const { measurement } = judgement;
  const alongside = movedAlongside(judgement, judgements);
  const summary = summarise(rule, judgement, change, since, reason, alongside);
  const values = templateValues(rule, judgement, change, since, summary);
  const runbook = rule.runbook === undefined ? null : fillUrl(rule.runbook, values);
  return {
    summary: rule.summary === undefined ? summary : fillTemplate(rule.summary, values),
    explanation: {
      metric: measurement.metric,
      baseline: measurement.baseline,
      value: measurement.value,
      expected: measurement.expected,
      threshold: rule.fire.limit?.value ?? judgement.threshold,
      pValue: judgement.pValue,
      adjustedPValue: judgement.adjustedPValue,
      subjectsTested: judgement.subjectsTested,
      evidence: measurement.evidence,
      rows: measurement.rows,
      labelled: measurement.labelled,
      ci: measurement.ci,
      detail: { ...shorten(measurement.detail), ...(judgement.share ? { share: judgement.share } : {}) },
      likely: judgement.share ? null : likely(measurement),
      kind: judgement.share ? null : likelyKind(measurement),
      alongside,
      query: deeperQuery(measurement),
      hints: [...(judgement.share ? hints({ ...measurement, feature: null }) : hints(measurement)), ...(runbook === null ? [] : [runbook])],
      ...(runbook === null ? {} : { runbook }),
    },
  };
}

/** What stands behind the names of a template, as text. */
function templateValues(
  rule: Rule,
  { subject, measurement, adjustedPValue }: Judgement,
  change: Change,
  since: Millis,
  summary: string,
): TemplateValues {
  const { model, version, segment, metric, value, expected, rows: counted, from, to, baseline } = measurement;
  return {
    rule: rule.name,
    model,
    version,
    segment: segment ?? "",
    subject,
    metric,
    baseline: baseline ?? "",
    state: change.to,
    severity: rule.severity,
    value: value === null ? "" : number(value),
    expected: expected === null ? "" : number(expected),
    p_value: adjustedPValue === null ? "" : String(Number(adjustedPValue.toPrecision(2))),
    rows: String(counted.current),
    since: formatTime(since),
    from: formatTime(from),
    to: formatTime(to),
    summary,
  };
}

function shorten(detail: Measurement["detail"]): Measurement["detail"] {
  return {
    ...detail,
    ...(detail.bins ? { bins: detail.bins.slice(0, 5) } : {}),
    ...(detail.unseen ? { unseen: detail.unseen.slice(0, 10) } : {}),
  };
}

/** Other subjects that the rule found beyond its threshold and chance, of the same segment. */
function movedAlongside({ subject, measurement: { segment } }: Judgement, judgements: readonly Judgement[]): Explanation["alongside"] {
  return judgements
    .filter((other) => other.observation.condition === "fire" && other.subject !== subject && other.measurement.segment === segment)
    .sort((a, b) => (b.effect ?? 0) / b.threshold - (a.effect ?? 0) / a.threshold)
    .slice(0, MOST_ALONGSIDE)
    .map((other) => ({ subject: other.subject, metric: other.measurement.metric, value: other.measurement.value }));
}

function alongsideWords(alongside: Explanation["alongside"]): string | null {
  if (alongside.length === 0) return null;
  const names = alongside.slice(0, 3).map(({ subject }) => named(subject.replace(/^feature:/, "")));
  const more = alongside.length - names.length;
  return `In the same window moved ${names.join(", ")}${more === 0 ? "" : ` and ${more === 1 ? "another" : `${more} others`}`}`;
}

function summarise(
  rule: Rule,
  judgement: Judgement,
  change: Change,
  since: Millis,
  reason: TransitionReason | undefined,
  alongside: Explanation["alongside"],
): string {
  const { measurement } = judgement;
  const subject = judgement.share ? shareHead(measurement) : headWords(measurement);
  const moved = judgement.share ? shareWords(judgement.share, measurement) : whatMoved(measurement, subject);
  switch (change.to) {
    case "firing": {
      if (change.from === "recovering")
        return sentences([`${subject} has not recovered after all`, moved, amount(rule, judgement), `Since ${moment(since)}`]);
      const late = reason === "revised" ? "Rows or labels that came late show it" : null;
      return sentences([
        reason === "escalated" ? `It has become worse: ${moved}` : moved,
        late,
        judgement.share ? null : breakWords(measurement),
        amount(rule, judgement),
        certainty(judgement),
        judgement.share ? null : moverWords(measurement),
        alongsideWords(alongside),
        `Since ${moment(since)}; ${rows(measurement.rows.current)} of version ${named(measurement.version)} in the newest window`,
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
          ? `Taken back: with the rows or labels that came late, ${judgement.share ? "the features" : subjectWords(measurement)} would not have been told of`
          : reason === "revised"
            ? `With the rows or labels that came late, ${judgement.share ? "the features" : subjectWords(measurement)} had been back to what is usual before`
            : resolvedWords(rule, judgement, subject),
        now(judgement),
        `The alert had been open since ${moment(since)}`,
      ]);
    case "normal":
      return change.from === "pending"
        ? sentences([`${subject} did not stay away for long enough to fire`, now(judgement)])
        : sentences([`${subject} stays as expected`]);
  }
}

function resolvedWords({ fire, measure: { baseline } }: Rule, { measurement, share }: Judgement, subject: string): string {
  if (fire.limit) return `${subject} is on the right side of its limit again`;
  if (fire.change) return `${subject} does not change beyond what the rule allows any more`;
  if (share) return `Few features differ from what ${named(baseline)} leads one to expect now`;
  return measurement.metric === "out_of_range_rate"
    ? `${subject} is inside the range of ${named(baseline)} again. That range moves with time: this can mean that the change has become part of it, not that it was repaired`
    : `${subject} is back to what ${named(baseline)} leads one to expect`;
}

function shareHead({ segment }: Measurement): string {
  return `What drifts of the features${segment === null ? "" : ` in segment ${named(segment)}`}`;
}

/** How many features fire together, and which. */
function shareWords({ value, features, tested }: NonNullable<Judgement["share"]>, { segment }: Measurement): string {
  const where = segment === null ? "" : ` in segment ${named(segment)}`;
  const which = features.slice(0, 5).map((feature) => named(feature.replace(/^feature:/, "")));
  const more = features.length > 5 ? " and others" : "";
  return `${features.length} of ${tested} features have moved${where}, ${percent(value)} of them by weight${which.length === 0 ? "" : `: ${which.join(", ")}${more}`}`;
}

/** What a feature's move could do, or which features' moves could explain this; each by itself. */
function moverWords({ subject, detail, metric }: Measurement): string | null {
  if (subject === "feature") {
    const effects = [
      ["the mean score", detail.explains?.score],
      ["the error", detail.explains?.error],
    ] as const;
    const told = effects.flatMap(([what, found]) => (found && isTelling(found) ? [`${what} by ${signed(found.change)}`] : []));
    return told.length === 0 ? null : `By itself this would move ${told.join(" and ")}`;
  }
  const [first, second] = detail.causes ?? [];
  if (!first) return null;
  const errors = traitOf(metric)?.tasks.includes("regression") ? "the mean error" : "the share of errors";
  const what = subject === "performance" ? errors : subject === "score" ? "the mean score" : "the mean of what is predicted";
  const also = second ? `, that of ${named(second.feature)} by ${signed(second.change)}` : "";
  return `The move of ${named(first.feature)} alone would move ${what} by ${signed(first.change)}${also}`;
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${number(value)}`;
}

function sentences(parts: readonly (string | null)[]): string {
  return parts
    .filter((part) => part !== null)
    .map((part) => `${part}.`)
    .join(" ");
}

function subjectWords(measurement: Measurement): string {
  const where = measurement.segment === null ? "" : ` in segment ${named(measurement.segment)}`;
  if (measurement.subject === "performance" || measurement.subject === "traffic") return `${metricWords(measurement.metric)}${where}`;
  return `${measurement.feature === null ? `the ${measurement.subject}` : named(measurement.feature)}${where}`;
}

/** The subject at the head of a sentence. A feature keeps its own small letter: it is a name. */
function headWords(measurement: Measurement): string {
  const words = subjectWords(measurement);
  return measurement.feature === null ? capitalise(words) : words;
}

function capitalise(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** What moved, before and after, in the subject's own words. */
function whatMoved(measurement: Measurement, subject: string): string {
  const { detail, metric, value } = measurement;
  if (metricFamily(metric) === "performance") return performanceMoved(measurement, subject);
  if (metric === "missing_rate" && value !== null)
    return `${subject} is missing in ${percent(value)} of rows, where ${percent(measurement.expected ?? detail.reference ?? 0)} is usual`;
  if (metric === "unseen_rate" && value !== null)
    return `${percent(value)} of rows hold a value of ${subjectWords(measurement)} that the baseline never held${unseenWords(measurement)}`;
  const broken = BROKEN_WORDS[metric];
  if (broken && value !== null) return broken(value, subjectWords(measurement), measurement);
  const outside =
    metric === "out_of_range_rate" && value !== null
      ? `${percent(value)} of the values of ${subjectWords(measurement)} lie outside the baseline's range${rangeWords(measurement)}`
      : null;
  const { scale } = detail;
  if (outside !== null && !scale?.unit) return outside;
  const median =
    scale && scale.reference !== scale.current ? `its median was ${number(scale.reference)}, and is ${number(scale.current)} now` : null;
  if (scale?.unit) {
    // Scales with different zeros have no factor between them that a person would recognise.
    const times = /[°K]/.test(scale.unit) ? "seems to be in another unit" : `is ${Number(scale.ratio.toPrecision(4))} times what it was`;
    const more = outside ?? median;
    return `${subject} ${times}: likely ${unitWords(scale.unit, scale.from)}${more === null ? "" : `; ${more}`}`;
  }
  const bins = binWords(measurement);
  if (median !== null) return `${subject} has moved: ${median}${bins === null ? "" : `; ${bins}`}${segmentWords(measurement)}`;
  if (bins !== null) return `${subject} has moved: ${bins}${unseenWords(measurement)}${segmentWords(measurement)}`;
  return `${subject} has moved away from ${named(measurement.baseline ?? "its baseline")}${unseenWords(measurement)}`;
}

const usualWords = ({ detail: { usual } }: Measurement): string =>
  usual === undefined ? "what is usual" : `the usual ${number(usual.level)}`;

/** What is wrong with a feature's values, or with the rows of the model whatever they hold. */
const BROKEN_WORDS: Partial<Record<Metric, (value: number, subject: string, measurement: Measurement) => string>> = {
  type_mismatch_rate: (value, subject) => `${percent(value)} of the values of ${subject} are of another type than the baseline's`,
  non_finite_rate: (value, subject) => `${percent(value)} of the values of ${subject} are no finite numbers`,
  constant: (value, subject, { detail: { only }, rows: { current } }) =>
    value === 1
      ? `${subject} is ${only === undefined ? "one value" : named(only)} in all of ${rows(current)}, where it used to vary`
      : `${subject} varies`,
  unknown_feature_rate: (value, _subject, { detail: { unknown = [] } }) => {
    const names = unknown.slice(0, 3).map(({ feature }) => named(feature));
    return `${percent(value)} of rows carry features that no baseline knows${names.length === 0 ? "" : `: ${names.join(", ")}${unknown.length > 3 ? " and others" : ""}`}`;
  },
  conflict_rate: (value) =>
    `${percent(value)} of rows came with the id of another row, and other content: one of them holds, the others are not counted`,
  volume_drop: (value, _subject, measurement) =>
    `${rows(measurement.rows.current)} of the model came, of ${usualWords(measurement)}: ${percent(value)} are missing`,
  volume_rise: (_value, _subject, measurement) =>
    `${rows(measurement.rows.current)} of the model came, instead of ${usualWords(measurement)}`,
  silence_rate: (value, _subject, { detail: { last } }) =>
    `No row of the model came in the last ${percent(value)} of the window${last === undefined ? "" : `, none since ${moment(last)}`}`,
  error_rate: (value, _subject, { expected }) =>
    `${percent(value)} of requests fail${expected === null ? "" : `, where ${percent(expected)} is usual`}`,
  latency_p50: (value, _subject, measurement) =>
    `Half of the answers take more than ${number(value)} ms, instead of ${usualWords(measurement)}`,
  latency_p95: (value, _subject, measurement) =>
    `One answer in twenty takes more than ${number(value)} ms, instead of ${usualWords(measurement)}`,
  latency_p99: (value, _subject, measurement) =>
    `One answer in a hundred takes more than ${number(value)} ms, instead of ${usualWords(measurement)}`,
  latency_rise: (value, _subject, { detail: { usual } }) =>
    usual === undefined
      ? "Answers take longer than is usual"
      : `One answer in twenty takes more than ${number(usual.level * (1 + value))} ms, instead of the usual ${number(usual.level)}`,
};

function unitWords(unit: string, from: Millis | undefined): string {
  return `${printable(unit)}${from === undefined ? "" : `, since ${moment(from)}`}`;
}

function performanceMoved(measurement: Measurement, subject: string): string {
  const { detail, metric, value, ci, labelled } = measurement;
  const reference = detail.reference ?? measurement.expected;
  if (value === null) return `${subject} is unknown`;
  const verb = reference !== null && value > reference ? "rose" : "fell";
  const interval = ci === null ? "" : ` (interval ${number(ci[0])} to ${number(ci[1])})`;
  const coverage = detail.labelCoverage === undefined ? "" : `, ${percent(detail.labelCoverage)} of the window's predictions`;
  const known = labelled === null ? "" : ` on ${rows(labelled)} with a label${coverage}`;
  const better = traitOf(metric)?.better === "lower" ? "; lower is better" : "";
  return reference === null
    ? `${subject} is ${number(value)}${interval}${known}${better}`
    : `${subject} ${verb} from ${number(reference)} to ${number(value)}${interval}${known}${better}${segmentWords(measurement)}`;
}

/** Where most of it comes from, as far as the segments show it. */
function segmentWords({ detail: { segments } }: Measurement): string {
  const [first] = segments ?? [];
  if (!first) return "";
  const values = first.reference === null || first.current === null ? "" : ` (${number(first.reference)} to ${number(first.current)})`;
  return `; ${named(first.segment)}${values} carries ${percent(first.share)} of it`;
}

function binWords(measurement: Measurement): string | null {
  const top = measurement.detail.bins?.slice(0, 2) ?? [];
  if (top.length === 0) return null;
  return top
    .map((bin, index) => `${named(bin.bin)} went from ${percent(bin.reference)} to ${percent(bin.current)}${index === 0 ? " of rows" : ""}`)
    .join(" and ");
}

function unseenWords({ detail: { unseen } }: Measurement): string {
  if (!unseen || unseen.length === 0) return "";
  const shown = unseen.slice(0, 3).map(({ value, rows: count }) => `${named(value)} in ${rows(count)}`);
  return `; never seen before: ${shown.join(", ")}${unseen.length > 3 ? " and others" : ""}`;
}

function rangeWords({ detail: { range } }: Measurement): string {
  return range
    ? ` of ${number(range.low)} to ${number(range.high)} (they run from ${number(range.currentLow)} to ${number(range.currentHigh)} now)`
    : "";
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
  return `${capitalise(metricWords(metric))} is ${number(value)}${usual === null ? "" : `, where ${number(usual)} is usual`}${sure}`;
}

/** That the feed broke rather than the world moved, where the whole of the measurements says so. What is said already is not said again. */
function breakWords({ metric, detail: { verdict, scale } }: Measurement): string | null {
  if (verdict?.kind !== "break" || scale?.unit || SAYS_IT.get(metric) === verdict.cause) return null;
  return `It looks like a break of the data, not a drift: ${verdictWords(verdict)}`;
}

/** Causes that are the same as what a metric measures. */
const SAYS_IT: ReadonlyMap<Metric, Verdict["cause"]> = new Map([
  ["type_mismatch_rate", "type"],
  ["non_finite_rate", "not_finite"],
  ["constant", "constant"],
]);

function verdictWords({ reason, values = [] }: Verdict): string {
  const sentence = `${reason.charAt(0).toLowerCase()}${reason.slice(1).replace(/\.$/, "")}`;
  return values.length === 0 ? sentence : `${sentence} (${values.slice(0, 3).map(named).join(", ")})`;
}

/** The likely kind of change, where the numbers point to one. */
function likely(measurement: Measurement): string | null {
  const { metric, value, detail } = measurement;
  if (metricFamily(metric) === "performance") return performanceLikely(measurement);
  if (detail.scale?.unit) return unitWords(detail.scale.unit, detail.scale.from);
  if (detail.verdict?.kind === "break" && detail.verdict.cause !== "gone") return verdictWords(detail.verdict);
  if (metric === "missing_rate") return value !== null && value >= 0.95 ? "the field no longer arrives" : null;
  // An open bin holds many values: that all lie beyond an edge is not that they are one.
  const stuck = detail.bins?.find((bin) => bin.current >= 0.95 && bin.reference < 0.5 && !/^[≤>]/.test(bin.bin));
  if (stuck) return `a value that is stuck: ${percent(stuck.current)} of rows fall in ${named(stuck.bin)}`;
  if (detail.unseen && detail.unseen.length > 0)
    return `new values: ${detail.unseen
      .slice(0, 3)
      .map(({ value: text }) => named(text))
      .join(", ")}`;
  const range = detail.range;
  if (range && (range.currentLow < range.low || range.currentHigh > range.high))
    return `values beyond the baseline's range of ${number(range.low)} to ${number(range.high)}`;
  return null;
}

/** What to run and which page to open; the page is a path on this daemon. */
function hints(measurement: Measurement): string[] {
  const { model, version, segment, feature, from, to, metric } = measurement;
  const command = metricFamily(metric) === "performance" ? "performance" : "drift";
  const place = feature === null ? "" : `/features/${pathSegment(feature)}`;
  return [
    `driftwatch ${command} ${shellOption("model", model)}${segment === null ? "" : ` ${shellOption("segment", segment)}`} --from ${formatTime(from)} --to ${formatTime(to)}`,
    `/models/${pathSegment(model)}${place}?from=${formatTime(from)}&to=${formatTime(to)}`,
    `/v1/models/${pathSegment(model)}/report?format=html&version=${pathSegment(version)}&to=${formatTime(to)}`,
  ];
}
