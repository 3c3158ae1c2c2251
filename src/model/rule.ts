import type { Millis } from "./time.ts";
import type { Metric } from "./metric.ts";
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
  /** The value itself, whatever the baseline says. */
  readonly limit?: Limit;
  /** Against the same measured earlier. */
  readonly change?: { readonly direction: "up" | "down" | "either"; readonly by: number; readonly over: Millis };
  /** All features as one: how many of them fire. */
  readonly share?: FeatureShare;
};

export type Limit = { readonly side: "above" | "below"; readonly value: number };

export type FeatureShare = {
  /** The share of all features, by weight, above which the rule fires. */
  readonly above: number;
  /** How much a feature counts; 1 for those that are not named. */
  readonly weights: ReadonlyMap<string, number>;
  /** A feature counts whole from this many times the effect it fires at, and in proportion below. 1: whole at once. */
  readonly wholeAt: number;
};

/** A worse case of what the rule fires at, and how bad it is then. */
export type Level = { readonly severity: Severity; readonly fire: Pick<RuleFire, "above" | "drop" | "limit" | "change" | "share"> };

/** When windows are looked at, by the clocks of a time zone: on these days (0 is Sunday), from an hour up to another. */
export type ActiveTimes = {
  readonly days: readonly number[];
  /** Minutes of the day. */
  readonly from: number;
  readonly to: number;
  readonly zone: string;
};

/** Planned work: windows that touch it are not judged. */
export type Maintenance = {
  /** Models it is about; null for all. */
  readonly models: readonly string[] | null;
  readonly from: Millis;
  readonly to: Millis;
  readonly reason: string;
};

export type RuleClear = {
  readonly below: ReadonlyMap<Metric, number>;
  readonly drop: number | null;
  /** Evidence is gone when the p-value exceeds this. */
  readonly pValue: number;
  /** Consecutive evaluations that must agree. */
  readonly evaluations: number;
  /** The value on the good side of which a rule on values clears. */
  readonly limit?: number;
  /** The change, or the share of features, below which a rule on these clears. */
  readonly least?: number;
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
  /** Evaluations before it fires: in a row, or among the newest `outOf`. */
  readonly evaluations: number;
  readonly outOf?: number;
  readonly atLeastRows: number;
  /** The share of a window's predictions that must have a label, for rules on these. */
  readonly atLeastCoverage?: number;
  readonly severity: Severity;
  /** Severities beyond the first, mildest first. */
  readonly levels?: readonly Level[];
  /** Absent: always. */
  readonly when?: ActiveTimes;
  /** Words of one's own, with names in braces. */
  readonly summary?: string;
  readonly runbook?: string;
  readonly notify: readonly string[];
  readonly retrain: boolean;
};
