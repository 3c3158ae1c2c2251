import type { Rule } from "../model/rule.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { Document } from "./document.ts";
import { appliesTo } from "./why-not-applicable.ts";

/** Warns of models whose constraints are checked while no rule tells anybody what is found. */
export function warnOfUnwatched(document: Document, models: ReadonlyMap<string, ModelSettings>, rules: readonly Rule[]): void {
  const watching = rules.filter(({ measure }) => measure.metric === "constraint_violations");
  for (const model of models.values()) {
    if (model.constraints === undefined) continue;
    if (watching.some((rule) => appliesTo(rule, model))) continue;
    document.warn(
      ["models", model.name, "constraints"],
      "no rule tells when these are broken",
      model.baselines.length === 0
        ? "they are checked on windows that are measured against a baseline: add one, and a rule on constraint_violations"
        : `write one on constraint_violations, with baseline: ${model.baselines.map(({ name }) => name).join(" or ")}`,
    );
  }
}
