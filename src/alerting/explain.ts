import type { Explanation, TransitionReason } from "../model/alert.ts";
import type { Measurement } from "../model/measurement.ts";
import { metricFamily } from "../model/metric.ts";
import type { Rule } from "../model/rule.ts";
import type { TemplateValues } from "../model/template.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { deeperQuery } from "./deeper-query.ts";
import type { Judgement } from "./judge.ts";
import { likelyKind, likelyWords } from "./likely.ts";
import { summarise } from "./summarise.ts";
import { fillTemplate, fillUrl } from "./template.ts";
import type { Change } from "./transition.ts";
import { number, pathSegment, shellOption } from "./words.ts";

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
      likely: judgement.share ? null : likelyWords(measurement),
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
