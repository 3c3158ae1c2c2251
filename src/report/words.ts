import type { Measurement, MeasurementStatus } from "../model/measurement.ts";
import { atCutoff, atThreshold, type CutoffName, type Metric, type NamedMetric } from "../model/metric.ts";
import type { Millis } from "../model/time.ts";

const METRIC_NAMES: Readonly<Record<NamedMetric | "specificity", string>> = {
  psi: "Population stability (PSI)",
  ks: "Kolmogorov–Smirnov (KS)",
  wasserstein: "Normalised Wasserstein",
  jensen_shannon: "Jensen–Shannon distance (base 2)",
  hellinger: "Hellinger distance",
  kl: "Kullback–Leibler (nats)",
  total_variation: "Total variation",
  l_infinity: "Largest change of a share",
  chi_square: "Chi-square",
  missing_rate: "Missing values",
  type_mismatch_rate: "Values of another type",
  non_finite_rate: "Numbers that are not finite",
  unseen_rate: "Categories never seen before",
  out_of_range_rate: "Values out of range",
  constant: "One value alone",
  constraint_violations: "Rows that break a constraint",
  unknown_feature_rate: "Rows with unknown features",
  conflict_rate: "Rows whose id another row holds",
  volume_drop: "Rows missing of what is usual",
  volume_rise: "Rows beyond what is usual",
  silence_rate: "Without any row until the end",
  error_rate: "Requests that fail",
  latency_p50: "Median latency, ms",
  latency_p95: "Latency of the slowest twentieth, ms",
  latency_p99: "Latency of the slowest hundredth, ms",
  latency_rise: "Latency beyond what is usual",
  accuracy: "Accuracy",
  precision: "Precision",
  recall: "Recall",
  specificity: "Specificity",
  f1: "F1",
  roc_auc: "ROC AUC",
  log_loss: "Log loss",
  average_precision: "Average precision",
  brier: "Brier score",
  calibration_error: "Calibration error",
  mean_value: "Mean value of a prediction",
  balanced_accuracy: "Balanced accuracy",
  macro_precision: "Precision, mean over classes",
  macro_f1: "F1, mean over classes",
  weighted_f1: "F1, weighted by class",
  mcc: "Matthews correlation",
  mae: "Mean absolute error",
  rmse: "Root mean squared error",
  r2: "R²",
  wape: "Absolute error, share of values (WAPE)",
  quantile_loss: "Quantile loss",
  bias: "Bias (mean of predicted less actual)",
  estimated_accuracy: "Accuracy, estimated",
  estimated_precision: "Precision, estimated",
  estimated_recall: "Recall, estimated",
  estimated_f1: "F1, estimated",
  estimated_roc_auc: "ROC AUC, estimated",
  estimated_log_loss: "Log loss, estimated",
  estimated_balanced_accuracy: "Balanced accuracy, estimated",
  estimated_macro_precision: "Precision, mean over classes, estimated",
  estimated_macro_f1: "F1, mean over classes, estimated",
  estimated_mcc: "Matthews correlation, estimated",
  estimated_mae: "Mean absolute error, estimated",
  label_coverage: "Label coverage",
};

/** Of ranked lists. */
const LIST_NAMES: Readonly<Record<CutoffName, string>> = {
  precision: "Precision",
  recall: "Recall",
  hit_rate: "Hit rate",
  mrr: "Mean reciprocal rank",
  map: "Mean average precision",
  ndcg: "NDCG",
};

/** What a metric is called. */
export function metricName(metric: Metric): string {
  const list = atCutoff(metric);
  if (list !== null) return `${LIST_NAMES[list.metric]} at ${list.cutoff}`;
  const at = atThreshold(metric);
  return at === null ? METRIC_NAMES[metric as NamedMetric] : `${METRIC_NAMES[at.metric]} at ${at.threshold}`;
}

export const STATUS_WORDS: Readonly<Record<MeasurementStatus, string>> = {
  ok: "measured",
  insufficient: "too few rows to tell",
  no_data: "no data",
  labels_pending: "labels still expected",
  error: "could not be computed",
};

/** Three significant digits, thousands apart. */
export function number(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return (Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))).toLocaleString("en-US", {
    maximumFractionDigits: 6,
  });
}

export const count = (value: number): string => value.toLocaleString("en-US");

export function percent(share: number | null): string {
  if (share === null) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1%";
  return `${Number(value.toPrecision(value >= 99 ? 4 : value >= 10 ? 3 : 2))}%`;
}

export function chance(pValue: number | null): string {
  if (pValue === null) return "–";
  return pValue < 1e-4 ? "<0.0001" : String(Number(pValue.toPrecision(2)));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function day(time: Millis): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

export function shortDay(time: Millis): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** `2 Sep 2013 14:00`, the hour left out at midnight; all times here are UTC. */
export function moment(time: Millis): string {
  const clock = new Date(time).toISOString().slice(11, 16);
  return clock === "00:00" ? day(time) : `${day(time)} ${clock}`;
}

/** A window as people name it: one day by its date, others from and to. */
export function span({ from, to }: { readonly from: Millis; readonly to: Millis }): string {
  return to - from === 86_400_000 && from % 86_400_000 === 0 ? day(from) : `${moment(from)} – ${moment(to)}`;
}

export function evidence({ evidence: basis, detail }: Pick<Measurement, "evidence" | "detail">): string {
  if (basis === "baseline_windows")
    return detail.nullWindows === undefined ? "the baseline’s own windows" : `${detail.nullWindows} windows of the baseline`;
  return basis === "independent_rows" ? "rows taken as independent" : "–";
}

/** A name as one segment of a path. Text from an event may hold half a surrogate pair, which has no encoding. */
export const segment = (text: string): string => encodeURIComponent(text.toWellFormed());
