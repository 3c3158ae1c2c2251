import { atCutoff, atThreshold, isEstimated, metricFamily, SERVICE_METRICS, type Metric, type PerformanceMetric } from "../model/metric.ts";
import { cutoffsOf, leadMetric, performanceTrait } from "../model/performance.ts";
import type { Rule, RuleMeasure } from "../model/rule.ts";
import { segmentGroupName, type SegmentsAsked, type SegmentSettings } from "../model/segment.ts";
import type { ModelSettings } from "../model/settings.ts";

export type Inapplicable = { readonly key: "baseline" | "metric" | "of" | "segments"; readonly message: string; readonly hint: string };

/** How many rows a file holds says nothing about how many should come; two versions share the rows among them. */
const NEED_LIVE_EVENTS: readonly RuleMeasure["metric"][] = ["volume_drop", "volume_rise", "silence_rate", ...SERVICE_METRICS];

/** Why a rule says nothing about a model: it lacks the baseline, or its task has no such metric. Null when it applies. */
export function whyNotApplicable({ measure }: Pick<Rule, "measure">, model: ModelSettings): Inapplicable | null {
  const names = model.baselines.map(({ name }) => name);
  if (!names.includes(measure.baseline)) {
    return {
      key: "baseline",
      message: `${model.name} has no baseline named ${measure.baseline}`,
      hint: names.length > 0 ? `it has: ${names.join(", ")}` : `add it under models.${model.name}.baselines`,
    };
  }
  const kind = model.baselines.find(({ name }) => name === measure.baseline)?.kind;
  if (NEED_LIVE_EVENTS.includes(measure.metric) && kind !== "trailing" && kind !== "period") {
    return {
      key: "baseline",
      message: `${measure.metric} is measured beside a stretch of live events, and ${measure.baseline} of ${model.name} is none`,
      hint: "name a baseline such as `recent: {window: 14d}`",
    };
  }
  if (measure.metric === "constraint_violations" && measure.segments !== undefined)
    return { key: "segments", message: "constraints are of all rows together", hint: "remove `segments`" };
  const unknown = unknownSegment(measure.segments, model.segments ?? []);
  if (unknown !== null) return { key: "segments", ...unknown(model.name) };
  if (model.task === "ranking" && Array.isArray(measure.of) && measure.of.includes("label"))
    return {
      key: "of",
      message: `drift of labels is not available for ranking: what is relevant to one list of ${model.name} says nothing of the next`,
      hint: "name features or the prediction, whose first item is looked at",
    };
  if (measure.metric === "drift" || metricFamily(measure.metric) !== "performance") return null;
  const { tasks } = performanceTrait(measure.metric as PerformanceMetric);
  if (tasks.includes(model.task)) return notConfigured(measure.metric, model);
  if (model.task === "ranking" && isEstimated(measure.metric))
    return {
      key: "metric",
      message: `${measure.metric} is not available for ranking: nothing in a list says how likely its items are relevant`,
      hint: `measure what labels say of ${model.name}, as in ${leadMetric(model)}`,
    };
  return {
    key: "metric",
    message: `${measure.metric} has no meaning for the ${model.task} model ${model.name}`,
    hint: `it is for ${tasks.join(" and ")} models`,
  };
}

/** Metrics that need to be told something: at which scores, of which quantile, what an answer is worth. */
function notConfigured(metric: Metric, model: ModelSettings): Inapplicable | null {
  const at = atThreshold(metric);
  const lack = (key: string, hint: string): Inapplicable => ({
    key: "metric",
    message: `${metric} is not measured of ${model.name}`,
    hint: `add \`${hint}\` under models.${model.name}${key}`,
  });
  if (at !== null && !model.thresholds?.includes(at.threshold))
    return lack(
      model.thresholds === undefined ? "" : ".thresholds",
      model.thresholds === undefined ? `thresholds: [${at.threshold}]` : `${at.threshold}`,
    );
  const list = atCutoff(metric);
  if (list !== null && !cutoffsOf(model).includes(list.cutoff))
    return lack(
      model.cutoffs === undefined ? "" : ".ranking.at",
      model.cutoffs === undefined ? `ranking: {at: [${list.cutoff}]}` : `${list.cutoff}`,
    );
  if (metric === "quantile_loss" && model.quantile === undefined) return lack("", "quantile: 0.9");
  if (metric === "mean_value" && model.value === undefined) return lack("", "value: {tp: 1, fp: -1, fn: 0, tn: 0}");
  return null;
}

/** What is wrong with the segments of a rule. Which values a column has is known to events alone: its segments are taken as they are written. */
function unknownSegment(
  asked: SegmentsAsked | undefined,
  segments: readonly SegmentSettings[],
): ((model: string) => Omit<Inapplicable, "key">) | null {
  if (asked === undefined) return null;
  const names = segments.map(segmentGroupName);
  if (names.length === 0)
    return (model) => ({ message: `${model} has no segments`, hint: `name some, as in models.${model}.segments: [carrier]` });
  const columns = segments.flatMap((one) => (one.kind === "by" ? [segmentGroupName({ ...one, columns: one.columns.slice(0, 1) })] : []));
  const unknown =
    asked === "each"
      ? undefined
      : asked.find((one) => !names.includes(one) && !columns.some((column) => /[=<>]/.test(one) && one.includes(column)));
  if (unknown === undefined) return null;
  return (model) => ({
    message: `${model} has no segment named ${unknown}`,
    hint: `it has: ${names.join(", ")}; and those of a column, as in ${columns[0] ?? "carrier"}=…`,
  });
}

/** Whether a rule is about a model: it names it, or none, and measures what the model has. */
export function appliesTo(rule: Rule, model: ModelSettings): boolean {
  return (rule.models?.includes(model.name) ?? true) && whyNotApplicable(rule, model) === null;
}
