import { atCutoff, atThreshold, type CutoffName, type Metric, type NamedMetric } from "../model/metric.ts";

const METRIC_WORDS: Readonly<Record<NamedMetric | "specificity", string>> = {
  psi: "population stability index",
  ks: "Kolmogorov-Smirnov distance",
  wasserstein: "normalised Wasserstein distance",
  jensen_shannon: "Jensen-Shannon distance",
  hellinger: "Hellinger distance",
  kl: "Kullback-Leibler divergence",
  total_variation: "total variation distance",
  l_infinity: "largest change of a share",
  chi_square: "chi-square statistic",
  missing_rate: "share of missing values",
  type_mismatch_rate: "share of values of another type",
  non_finite_rate: "share of numbers that are not finite",
  unseen_rate: "share of unseen categories",
  out_of_range_rate: "share of values out of range",
  constant: "being one value alone",
  constraint_violations: "share of rows that break a constraint",
  unknown_feature_rate: "share of rows with unknown features",
  conflict_rate: "share of rows whose id another row holds",
  volume_drop: "share of rows that are missing",
  volume_rise: "share of rows beyond what is usual",
  silence_rate: "share of the window after its last row",
  error_rate: "share of requests that fail",
  latency_p50: "median latency in milliseconds",
  latency_p95: "latency in milliseconds of the slowest twentieth",
  latency_p99: "latency in milliseconds of the slowest hundredth",
  latency_rise: "rise of the latency of the slowest twentieth",
  accuracy: "accuracy",
  precision: "precision",
  recall: "recall",
  specificity: "specificity",
  f1: "F1",
  roc_auc: "ROC AUC",
  log_loss: "log loss",
  average_precision: "average precision",
  brier: "Brier score",
  calibration_error: "calibration error",
  mean_value: "mean value of a prediction",
  balanced_accuracy: "balanced accuracy",
  macro_precision: "macro precision",
  macro_f1: "macro F1",
  weighted_f1: "weighted F1",
  mcc: "Matthews correlation",
  mae: "mean absolute error",
  rmse: "root mean squared error",
  r2: "R²",
  wape: "absolute error as a share of the values",
  bias: "mean error",
  quantile_loss: "quantile loss",
  estimated_accuracy: "estimated accuracy",
  estimated_precision: "estimated precision",
  estimated_recall: "estimated recall",
  estimated_f1: "estimated F1",
  estimated_roc_auc: "estimated ROC AUC",
  estimated_log_loss: "estimated log loss",
  estimated_balanced_accuracy: "estimated balanced accuracy",
  estimated_macro_precision: "estimated macro precision",
  estimated_macro_f1: "estimated macro F1",
  estimated_mcc: "estimated Matthews correlation",
  estimated_mae: "estimated mean absolute error",
  label_coverage: "label coverage",
};

/** Of ranked lists. */
const LIST_WORDS: Readonly<Record<CutoffName, string>> = {
  precision: "precision",
  recall: "recall",
  hit_rate: "hit rate",
  mrr: "mean reciprocal rank",
  map: "mean average precision",
  ndcg: "NDCG",
};

/** A metric in a sentence. */
export function metricWords(metric: Metric): string {
  const list = atCutoff(metric);
  if (list !== null) return `${LIST_WORDS[list.metric]} of the first ${list.cutoff}`;
  const at = atThreshold(metric);
  return at === null ? METRIC_WORDS[metric as NamedMetric] : `${METRIC_WORDS[at.metric]} at a threshold of ${at.threshold}`;
}
