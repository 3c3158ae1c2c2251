import type { Task } from "./settings.ts";
import type { Millis } from "./time.ts";

/** What two versions are compared by; NDCG of as many items as the model is told by first. The last two say what they did and met, not how well. */
export const COMPARED_METRICS = [
  "accuracy",
  "precision",
  "recall",
  "roc_auc",
  "log_loss",
  "brier",
  "mae",
  "ndcg",
  "positive_rate",
  "prevalence",
] as const;
export type ComparedMetric = (typeof COMPARED_METRICS)[number];

/** Which of them compare the versions of a model of each task. */
export const METRICS_OF_TASK: Readonly<Record<Task, readonly ComparedMetric[]>> = {
  binary: COMPARED_METRICS.filter((metric) => metric !== "mae" && metric !== "ndcg"),
  multiclass: ["accuracy", "log_loss", "brier"],
  regression: ["mae"],
  ranking: ["ndcg"],
};

export const COMPARISON_STATUSES = ["ok", "no_common_buckets", "labels_pending", "no_labels"] as const;
/** `higher` and `lower` are said of metrics that are neither good nor bad. */
export const COMPARISON_VERDICTS = ["better", "worse", "higher", "lower", "no_larger_difference", "not_yet"] as const;
export type ComparisonVerdictKind = (typeof COMPARISON_VERDICTS)[number];

/** A test whose answer holds for one look, planned in advance. */
export type OneLookTest = {
  readonly test: "z" | "fisher" | "delong" | "welch";
  readonly interval: "newcombe" | "delong" | "welch";
  readonly pValue: number | null;
  readonly ci: readonly [number, number] | null;
};

export type MetricComparison = {
  readonly metric: ComparedMetric;
  readonly better: "higher" | "lower" | null;
  /** `insufficient`: too few rows for an interval; `undefined`: its formula divides by zero on one of the sides. */
  readonly status: "ok" | "insufficient" | "undefined";
  readonly champion: number | null;
  readonly challenger: number | null;
  /** The rows that each value is a mean of. */
  readonly rows: { readonly champion: number; readonly challenger: number };
  /** Challenger less champion. */
  readonly difference: number | null;
  /** The confidence sequence now: it holds at every look at once. */
  readonly sequence: { readonly low: number; readonly high: number } | null;
  /** Against "no difference", now; null while counts are too small for a normal limit. */
  readonly eValue: number | null;
  /** Always valid: from the largest e-value of any look so far. */
  readonly pValue: number | null;
  readonly oneLook: OneLookTest | null;
  readonly verdict: {
    readonly kind: ComparisonVerdictKind;
    /** The end of the buckets after which it was first given; null for `not_yet`. */
    readonly since: Millis | null;
    /** Whether the interval shows it now as well. */
    readonly holdsNow: boolean;
    /** The whole interval lies within the margin now: also where the verdict is that one is better, which then hardly matters. */
    readonly withinMargin: boolean;
  };
  /** As many rows as in `rows` until a verdict, both versions together; null where none is in sight. All null without an interval. */
  readonly furtherRows: { readonly atObserved: number | null; readonly atMargin: number | null; readonly atMost: number | null };
};

type ComparedVersion = { readonly version: string; readonly predictions: number; readonly labelled: number };

export type Comparison = {
  readonly model: string;
  readonly champion: ComparedVersion;
  readonly challenger: ComparedVersion;
  readonly status: (typeof COMPARISON_STATUSES)[number];
  /** The stretch that the buckets compared lie in; null when there are none. */
  readonly from: Millis | null;
  readonly to: Millis | null;
  readonly buckets: {
    readonly length: Millis;
    /** Both versions were live, and labels have had their time. */
    readonly compared: number;
    /** Both versions were live, and labels may still come. */
    readonly waiting: number;
    readonly onlyChampion: number;
    readonly onlyChallenger: number;
  };
  readonly looks: number;
  readonly alpha: number;
  readonly margin: number;
  readonly tunedRows: number;
  readonly metrics: readonly MetricComparison[];
};

export type ComparisonQuery = {
  readonly model: string;
  readonly champion: string;
  readonly challenger: string;
  readonly metrics: readonly ComparedMetric[];
  /** The smallest difference that would matter. */
  readonly margin: number;
};
