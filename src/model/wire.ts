import type { Explanation } from "./alert.ts";
import { SUBJECTS, type MeasurementDetail } from "./measurement.ts";
import { formatTime } from "./time.ts";

/** A value with its keys as they go out: the keys are this program's own; names and values from events stand in values only. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), snakeCase(inner)]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCase(inner)]),
  );
}

export function detailJson(detail: MeasurementDetail): unknown {
  const { scale, last, labels, ...rest } = detail;
  const { from, ...scales } = scale ?? {};
  const times = last === undefined ? {} : { last: formatTime(last) };
  return snakeCase({
    ...rest,
    ...times,
    ...(labels ? { labels: { ...labels, asOf: formatTime(labels.asOf) } } : {}),
    ...(scale ? { scale: { ...scales, ...(from === undefined ? {} : { from: formatTime(from) }) } } : {}),
  });
}

/** The features that an alert's subject stands for. One whose name is also that of another subject is told apart by a prefix. */
export function featuresOf(subject: string): string[] {
  return OTHER_SUBJECTS.has(subject) ? [] : [subject.replace(/^feature:/, "")];
}

const OTHER_SUBJECTS: ReadonlySet<string> = new Set(SUBJECTS.filter((subject) => subject !== "feature"));

/** An explanation as it stands in API answers and webhooks alike. */
export function explanationJson(explanation: Explanation) {
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
    detail: detailJson(explanation.detail),
    likely: explanation.likely,
    kind: explanation.kind,
    alongside: explanation.alongside,
    query: explanation.query,
    hints: explanation.hints,
    runbook: explanation.runbook ?? null,
  };
}
