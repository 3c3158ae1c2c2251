import {
  isCutoffMetric,
  isEstimated,
  isMetricAt,
  isThresholdMetric,
  METRICS_AT_CUTOFFS,
  METRICS_AT_THRESHOLDS,
  ESTIMATED_METRICS,
  REALISED_METRICS,
  type EstimatedMetric,
  type Metric,
  type PerformanceMetric,
  type RealisedMetric,
  type CutoffMetric,
  type CutoffName,
  type ThresholdMetric,
} from "./metric.ts";
import { DEFAULT_CUTOFFS, type ModelSettings, type Task } from "./settings.ts";

/** What a metric of performance is. */
export type PerformanceTrait = {
  readonly tasks: readonly Task[];
  /** Which way is better; `zero` for what should be neither above nor below it. */
  readonly better: "higher" | "lower" | "zero";
  /** Whether it is a share between 0 and 1, to be shown in percent. */
  readonly share: boolean;
};

const of = (tasks: readonly Task[], better: PerformanceTrait["better"], share: boolean): PerformanceTrait => ({ tasks, better, share });
const BINARY = ["binary"] as const;
const CLASSES = ["binary", "multiclass"] as const;
const MULTICLASS = ["multiclass"] as const;
const NUMBERS = ["regression"] as const;
const LISTS = ["ranking"] as const;

const REALISED: Readonly<Record<Exclude<RealisedMetric, ThresholdMetric | CutoffMetric>, PerformanceTrait>> = {
  accuracy: of(CLASSES, "higher", true),
  precision: of(BINARY, "higher", true),
  recall: of(BINARY, "higher", true),
  f1: of(BINARY, "higher", true),
  roc_auc: of(BINARY, "higher", true),
  average_precision: of(BINARY, "higher", true),
  log_loss: of(CLASSES, "lower", false),
  brier: of(CLASSES, "lower", false),
  calibration_error: of(CLASSES, "lower", true),
  mean_value: of(BINARY, "higher", false),
  balanced_accuracy: of(MULTICLASS, "higher", true),
  macro_precision: of(MULTICLASS, "higher", true),
  macro_f1: of(MULTICLASS, "higher", true),
  weighted_f1: of(MULTICLASS, "higher", true),
  mcc: of(MULTICLASS, "higher", false),
  mae: of(NUMBERS, "lower", false),
  rmse: of(NUMBERS, "lower", false),
  r2: of(NUMBERS, "higher", false),
  wape: of(NUMBERS, "lower", true),
  bias: of(NUMBERS, "zero", false),
  quantile_loss: of(NUMBERS, "lower", false),
  label_coverage: of([...CLASSES, ...NUMBERS, ...LISTS], "higher", true),
};

/** What is estimated, by the name of the estimate. */
export const ESTIMATE_OF: Readonly<Record<EstimatedMetric, keyof typeof REALISED>> = {
  estimated_accuracy: "accuracy",
  estimated_precision: "precision",
  estimated_recall: "recall",
  estimated_f1: "f1",
  estimated_roc_auc: "roc_auc",
  estimated_log_loss: "log_loss",
  estimated_balanced_accuracy: "balanced_accuracy",
  estimated_macro_precision: "macro_precision",
  estimated_macro_f1: "macro_f1",
  estimated_mcc: "mcc",
  estimated_mae: "mae",
};

const AT_THRESHOLD = of(BINARY, "higher", true);
/** Shares of items or of lists; the others are means of something that is none. */
const SHARES_OF_LISTS: readonly CutoffName[] = ["precision", "recall", "hit_rate"];

export function performanceTrait(metric: PerformanceMetric): PerformanceTrait {
  if (isCutoffMetric(metric))
    return of(
      LISTS,
      "higher",
      SHARES_OF_LISTS.some((name) => metric.startsWith(`${name}@`)),
    );
  if (isThresholdMetric(metric)) return AT_THRESHOLD;
  if (!isEstimated(metric)) return REALISED[metric];
  const trait = REALISED[ESTIMATE_OF[metric]];
  // What a class is worth says how often rows are right, not how much was claimed of the class that turned out true.
  return metric === "estimated_log_loss" ? { ...trait, tasks: BINARY } : trait;
}

/** The trait of any metric; null for one that is not of performance. */
export function traitOf(metric: Metric): PerformanceTrait | null {
  return metric in REALISED || isEstimated(metric) || isMetricAt(metric) ? performanceTrait(metric as PerformanceMetric) : null;
}

/** Of how many items of its lists a model is measured: none unless it ranks. */
export function cutoffsOf({ task, cutoffs }: Pick<ModelSettings, "task" | "cutoffs">): readonly number[] {
  return task === "ranking" ? (cutoffs ?? DEFAULT_CUTOFFS) : [];
}

/** What a model is told by where there is room for one number. */
export function leadMetric(model: Pick<ModelSettings, "task" | "cutoffs">): RealisedMetric {
  const [cutoff] = cutoffsOf(model);
  if (cutoff !== undefined) return `ndcg@${cutoff}`;
  return model.task === "regression" ? "mae" : "accuracy";
}

type Measured = Pick<ModelSettings, "task" | "thresholds" | "quantile" | "cutoffs" | "value">;

/** What is measured of a model once labels are there. */
export function realisedMetrics(model: Measured): RealisedMetric[] {
  const named = REALISED_METRICS.filter((metric) => performanceTrait(metric).tasks.includes(model.task))
    .filter((metric) => metric !== "mean_value" || model.value !== undefined)
    .filter((metric) => metric !== "quantile_loss" || model.quantile !== undefined);
  const at = (model.thresholds ?? []).flatMap((threshold) => METRICS_AT_THRESHOLDS.map((metric) => `${metric}@${threshold}` as const));
  const ofLists = cutoffsOf(model).flatMap((cutoff) => METRICS_AT_CUTOFFS.map((metric) => `${metric}@${cutoff}` as const));
  return [...named, ...at, ...ofLists];
}

/** What is measured of a model, with labels and without. */
export function performanceMetrics(model: Measured): PerformanceMetric[] {
  return [...realisedMetrics(model), ...ESTIMATED_METRICS.filter((metric) => performanceTrait(metric).tasks.includes(model.task))];
}

/** How much worse a value is than another; negative when it is better. */
export function lossAgainst(metric: PerformanceMetric, value: number, reference: number): number {
  switch (performanceTrait(metric).better) {
    case "higher":
      return reference - value;
    case "lower":
      return value - reference;
    case "zero":
      return Math.abs(value) - Math.abs(reference);
  }
}
