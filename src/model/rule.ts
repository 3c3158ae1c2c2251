import type { Millis } from "./time.ts";
import type { Metric } from "./measurement.ts";
import type { SegmentsAsked } from "./segment.ts";

/**
 * What a rule looks at. `drift` is Wasserstein distance for numbers and PSI for categories; any other metric is
 * judged as it is.
 */
export type RuleMeasure = {
  readonly metric: Metric | "drift";
  /** All features; or some by name, `prediction` and `score` among them; null for performance. */
  readonly of: "features" | readonly string[] | null;
  readonly baseline: string;
  readonly window: Millis;
  readonly every: Millis;
  /** Each of these instead of all rows together. Absent: all rows together. */
  readonly segments?: SegmentsAsked;
};

/** Whether it is judged by the labels themselves, and so waits for them. */
export function isOnLabels({ of }: Pick<RuleMeasure, "of">): boolean {
  return Array.isArray(of) && of.includes("label");
}

/** Both keys must turn: an effect large enough, and evidence that holds after correction for the features looked at. */
export type RuleFire = {
  /** Effect (value less expected) above which the rule fires, by metric. */
  readonly above: ReadonlyMap<Metric, number>;
  /** Loss against the baseline at which a performance rule fires. */
  readonly drop: number | null;
  /** Share of false alarms allowed among alerts: Benjamini-Hochberg over the subjects of one evaluation. */
  readonly falseAlarms: number;
};

export type RuleClear = {
  readonly below: ReadonlyMap<Metric, number>;
  readonly drop: number | null;
  /** Evidence is gone when the p-value exceeds this. */
  readonly pValue: number;
  /** Consecutive evaluations that must agree. */
  readonly evaluations: number;
};

export const SEVERITIES = ["info", "warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export type Rule = {
  readonly name: string;
  readonly description: string;
  /** Models it applies to; null for all. */
  readonly models: readonly string[] | null;
  readonly measure: RuleMeasure;
  readonly fire: RuleFire;
  readonly clear: RuleClear;
  /** Consecutive evaluations before it fires. */
  readonly evaluations: number;
  readonly atLeastRows: number;
  readonly severity: Severity;
  readonly notify: readonly string[];
  readonly retrain: boolean;
};
