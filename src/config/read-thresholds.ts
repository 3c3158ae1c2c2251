import type { Metric } from "../model/metric.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import type { ParsedRule } from "./rules-schema.ts";

type Measured = ParsedRule["measure"] & {
  /** Metrics left out have a default. */
  readonly partly?: true;
};

/** One threshold for each metric that `measure` judges by; undefined when there is a problem. */
export function readThresholds(
  document: Document,
  path: Path,
  measure: Measured,
  written: number | Partial<Record<Metric, number | undefined>>,
): ReadonlyMap<Metric, number> | undefined {
  const metrics: readonly Metric[] = measure.metric === "drift" ? ["wasserstein", "psi"] : [measure.metric];
  if (typeof written === "number") {
    const [only, ...others] = metrics;
    if (only !== undefined && others.length === 0) return new Map([[only, written]]);
    document.report(path, "drift is judged by two metrics, which need a number each", `as in {wasserstein: ${written}, psi: ${written}}`);
    return undefined;
  }
  const thresholds = new Map<Metric, number>();
  let complete = true;
  for (const [metric, value] of Object.entries(written) as [Metric, number | undefined][]) {
    if (value === undefined) continue;
    if (metrics.includes(metric)) thresholds.set(metric, value);
    else {
      document.report(
        [...path, metric],
        `${metric} is not what this rule measures`,
        `it measures ${metrics.join(" (numbers) and ")}${metrics.length > 1 ? " (categories)" : ""}`,
      );
      complete = false;
    }
  }
  if (measure.partly) return complete ? thresholds : undefined;
  // Named features may all be of one kind; `features` are of both, and a threshold left out would never fire.
  const missing = metrics.filter((metric) => !thresholds.has(metric));
  const needed = Array.isArray(measure.of) ? thresholds.size === 0 : missing.length > 0;
  if (complete && needed) {
    document.report(
      path,
      `there is no threshold for ${missing.join(" and ")}`,
      `as in {${metrics.map((metric) => `${metric}: 0.1`).join(", ")}}`,
    );
    return undefined;
  }
  return complete ? thresholds : undefined;
}
