import { metricFamily, type PerformanceMetric } from "../model/measurement.ts";
import { performanceTrait } from "../model/performance.ts";
import type { Rule } from "../model/rule.ts";
import type { ModelSettings } from "../model/settings.ts";

export type Inapplicable = { readonly key: "baseline" | "metric"; readonly message: string; readonly hint: string };

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
  if (measure.metric === "drift" || metricFamily(measure.metric) !== "performance") return null;
  const { tasks } = performanceTrait(measure.metric as PerformanceMetric);
  if (tasks.includes(model.task)) return null;
  return {
    key: "metric",
    message: `${measure.metric} has no meaning for the ${model.task} model ${model.name}`,
    hint: `it is for ${tasks.join(" and ")} models`,
  };
}
