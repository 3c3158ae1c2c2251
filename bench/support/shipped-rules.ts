import { resolve } from "node:path";
import { judge } from "../../src/alerting/judge.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Rule } from "../../src/model/rule.ts";
import { measureDrift } from "../../src/monitor/measure-drift.ts";
import { measureQuality } from "../../src/monitor/measure-quality.ts";
import type { SubjectWindow } from "../../src/monitor/subject-window.ts";
import { STATISTICS } from "../../src/cli/statistics.ts";

/** The shipped rules that watch every feature, read as the daemon reads them. From the root of the repository. */
export function shippedFeatureRules(): Rule[] {
  const loaded = loadConfig({ file: resolve("examples/flights/driftwatch.yaml"), env: {}, shippedAlerts: resolve("alerts") });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded.config.rules.filter((rule) => rule.measure.of === "features");
}

/** All that these rules ask of one feature. Its reference stands in for the recent past as well. */
export const measureFeature = (feature: SubjectWindow): Measurement[] => [
  ...measureDrift(feature),
  ...measureQuality(feature),
  ...measureQuality({ ...feature, baseline: "recent" }),
];

/** Features that some rule fires for, and those whose drift cannot be told in so few rows. */
export type Verdict = { readonly fired: ReadonlySet<string>; readonly blind: ReadonlySet<string> };

/**
 * One evaluation of the rules over the features of one window. How many evaluations in a row a rule asks for is left
 * out: an alert is rarer than this.
 */
export function judgeFeatures(rules: readonly Rule[], measurements: readonly Measurement[]): Verdict {
  const fired = new Set<string>();
  const blind = new Set<string>();
  for (const rule of rules) {
    // Of the features together a rule says again what others say of each.
    if (rule.fire.share !== undefined) continue;
    for (const { subject, observation } of judge(rule, measurements, STATISTICS)) {
      if (observation.condition === "fire") fired.add(subject);
      else if (rule.measure.metric === "drift" && observation.health === "insufficient") blind.add(subject);
    }
  }
  return { fired, blind };
}
