/** The names of what is measured, and the families they belong to. */

export const DRIFT_METRICS = [
  "psi",
  "ks",
  "wasserstein",
  "jensen_shannon",
  "hellinger",
  "kl",
  "total_variation",
  "l_infinity",
  "chi_square",
] as const;
/** Always measured: those of numbers and of categories that rules on `drift`, pages and reports judge by. */
export const JUDGED_DRIFT_METRICS = ["wasserstein", "psi"] as const;
/** Held against the baseline's own windows whatever the rules say; the others where a rule names them. */
export const DRIFT_METRICS_BY_WINDOWS = ["psi", "ks", "wasserstein"] as const;
/** How a version serves: how many of its requests fail, and how long its answers take. */
export const SERVICE_METRICS = ["error_rate", "latency_p50", "latency_p95", "latency_p99", "latency_rise"] as const;
/** Of the model's rows as a whole, whatever its features hold. */
export const TRAFFIC_METRICS = [
  "unknown_feature_rate",
  "conflict_rate",
  "volume_drop",
  "volume_rise",
  "silence_rate",
  ...SERVICE_METRICS,
] as const;
export const QUALITY_METRICS = [
  "missing_rate",
  "type_mismatch_rate",
  "non_finite_rate",
  "unseen_rate",
  "out_of_range_rate",
  "constant",
  "constraint_violations",
  ...TRAFFIC_METRICS,
] as const;
/** Known once labels are. */
export const REALISED_METRICS = [
  "accuracy",
  "precision",
  "recall",
  "f1",
  "roc_auc",
  "average_precision",
  "log_loss",
  "brier",
  "calibration_error",
  "mean_value",
  "balanced_accuracy",
  "macro_precision",
  "macro_f1",
  "weighted_f1",
  "mcc",
  "mae",
  "rmse",
  "r2",
  "wape",
  "bias",
  "quantile_loss",
  "label_coverage",
] as const;
/** What is measured of a binary model as if scores from some threshold on were called positive: `recall@0.3`. */
export const METRICS_AT_THRESHOLDS = ["accuracy", "precision", "recall", "specificity", "f1"] as const;
export type ThresholdMetric = `${(typeof METRICS_AT_THRESHOLDS)[number]}@${number}`;
/** What is measured of the first so many items of a ranked list: `ndcg@10`. */
export const METRICS_AT_CUTOFFS = ["precision", "recall", "hit_rate", "mrr", "map", "ndcg"] as const;
export type CutoffName = (typeof METRICS_AT_CUTOFFS)[number];
export type CutoffMetric = `${CutoffName}@${number}`;
/** As many items as a list is looked at. */
export const DEEPEST_CUTOFF = 1_000;
/** What these will turn out to be, as far as predictions alone tell. */
export const ESTIMATED_METRICS = [
  "estimated_accuracy",
  "estimated_precision",
  "estimated_recall",
  "estimated_f1",
  "estimated_roc_auc",
  "estimated_log_loss",
  "estimated_balanced_accuracy",
  "estimated_macro_precision",
  "estimated_macro_f1",
  "estimated_mcc",
  "estimated_mae",
] as const;
export const PERFORMANCE_METRICS = [...REALISED_METRICS, ...ESTIMATED_METRICS] as const;

export type DriftMetric = (typeof DRIFT_METRICS)[number];
export type QualityMetric = (typeof QUALITY_METRICS)[number];
export type ServiceMetric = (typeof SERVICE_METRICS)[number];
export type TrafficMetric = (typeof TRAFFIC_METRICS)[number];
/** Metrics that have one name for all models. */
export type NamedMetric = DriftMetric | QualityMetric | (typeof REALISED_METRICS)[number] | EstimatedMetric;
export type RealisedMetric = (typeof REALISED_METRICS)[number] | ThresholdMetric | CutoffMetric;
export type EstimatedMetric = (typeof ESTIMATED_METRICS)[number];
export type PerformanceMetric = RealisedMetric | EstimatedMetric;
export type Metric = DriftMetric | QualityMetric | PerformanceMetric;
export type MetricFamily = "drift" | "quality" | "performance";
/**
 * Families as far as rules are concerned: estimates are judged when their window closes, not when its labels are due, and drift of labels
 * when they are.
 */
export type JudgedFamily = MetricFamily | "estimate" | "labels";

/** The family a metric belongs to: each has a resource of its own in the API. */
export function metricFamily(metric: Metric): MetricFamily {
  if ((DRIFT_METRICS as readonly string[]).includes(metric)) return "drift";
  return (QUALITY_METRICS as readonly string[]).includes(metric) ? "quality" : "performance";
}

/** What stands before and after the one `@` of a name such as `recall@0.3`, the number written as it always is; null for any other text. */
function atPlace<Name extends string>(text: string, names: readonly Name[]): { metric: Name; place: number } | null {
  const [name, number, ...rest] = text.split("@");
  const metric = names.find((one) => one === name);
  const place = Number(number);
  return metric !== undefined && rest.length === 0 && String(place) === number ? { metric, place } : null;
}

/** What a metric at a threshold is, and at which; null for any other text. */
export function atThreshold(text: string): { metric: (typeof METRICS_AT_THRESHOLDS)[number]; threshold: number } | null {
  const found = atPlace(text, METRICS_AT_THRESHOLDS);
  return found && found.place > 0 && found.place < 1 ? { metric: found.metric, threshold: found.place } : null;
}

export function isThresholdMetric(text: string): text is ThresholdMetric {
  return atThreshold(text) !== null;
}

/** What a metric of a ranked list is, and of how many items; null for any other text. Thresholds lie below 1, cutoffs do not. */
export function atCutoff(text: string): { metric: CutoffName; cutoff: number } | null {
  const found = atPlace(text, METRICS_AT_CUTOFFS);
  const isCutoff = found !== null && Number.isInteger(found.place) && found.place >= 1 && found.place <= DEEPEST_CUTOFF;
  return isCutoff ? { metric: found.metric, cutoff: found.place } : null;
}

export function isCutoffMetric(text: string): text is CutoffMetric {
  return atCutoff(text) !== null;
}

/** Whether a metric is one at a place that the configuration of its model names. */
export function isMetricAt(text: string): text is ThresholdMetric | CutoffMetric {
  return isThresholdMetric(text) || isCutoffMetric(text);
}

export function isEstimated(metric: Metric): metric is EstimatedMetric {
  return (ESTIMATED_METRICS as readonly string[]).includes(metric);
}

export function judgedFamily(metric: Metric): JudgedFamily {
  return isEstimated(metric) ? "estimate" : metricFamily(metric);
}

/** Whether a metric is of the model as a whole: rules on it name no subjects. */
export function isOfWholeModel(metric: Metric): boolean {
  return metricFamily(metric) === "performance" || (TRAFFIC_METRICS as readonly string[]).includes(metric);
}
