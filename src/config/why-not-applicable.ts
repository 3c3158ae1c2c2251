import { metricFamily, type PerformanceMetric } from "../model/measurement.ts";
import { performanceTrait } from "../model/performance.ts";
import type { Rule, RuleMeasure } from "../model/rule.ts";
import type { ModelSettings } from "../model/settings.ts";

export type Inapplicable = { readonly key: "baseline" | "metric"; readonly message: string; readonly hint: string };

/** How many rows a file holds says nothing about how many should come; two versions share the rows among them. */
const NEED_LIVE_EVENTS: readonly RuleMeasure["metric"][] = ["volume_drop", "volume_rise", "silence_rate"];

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
  if (measure.metric === "drift" || metricFamily(measure.metric) !== "performance") return null;
  const { tasks } = performanceTrait(measure.metric as PerformanceMetric);
  if (tasks.includes(model.task)) return null;
  return {
    key: "metric",
    message: `${measure.metric} has no meaning for the ${model.task} model ${model.name}`,
    hint: `it is for ${tasks.join(" and ")} models`,
  };
}
