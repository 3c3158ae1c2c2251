import type { Measurement } from "../model/measurement.ts";
import { metricFamily, type Metric } from "../model/metric.ts";
import { traitOf } from "../model/performance.ts";
import { brokenWords } from "./constraint-words.ts";
import { unitWords } from "./likely.ts";
import { subjectWords } from "./subject-words.ts";
import { listed, moment, named, number, percent, rows, valuesInRows } from "./words.ts";

/** What moved, before and after, in the subject's own words. */
export function whatMoved(measurement: Measurement, subject: string): string {
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
  constraint_violations: (_value, subject, { detail: { constraints = [] } }) => brokenWords(subject, constraints),
  unknown_feature_rate: (value, _subject, { detail: { unknown = [] } }) =>
    `${percent(value)} of rows carry features that no baseline knows${unknown.length === 0 ? "" : `: ${listed(unknown.map(({ feature }) => named(feature)))}`}`,
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
  const part = first.rowShare === undefined ? "" : ` with ${percent(first.rowShare)} of the rows`;
  return `; ${named(first.segment)}${values} carries ${percent(first.share)} of it${part}`;
}

function binWords(measurement: Measurement): string | null {
  const top = measurement.detail.bins?.slice(0, 2) ?? [];
  if (top.length === 0) return null;
  return top
    .map((bin, index) => `${named(bin.bin)} went from ${percent(bin.reference)} to ${percent(bin.current)}${index === 0 ? " of rows" : ""}`)
    .join(" and ");
}

function unseenWords({ detail: { unseen } }: Measurement): string {
  return !unseen || unseen.length === 0 ? "" : `; never seen before: ${valuesInRows(unseen)}`;
}

function rangeWords({ detail: { range } }: Measurement): string {
  return range
    ? ` of ${number(range.low)} to ${number(range.high)} (they run from ${number(range.currentLow)} to ${number(range.currentHigh)} now)`
    : "";
}
