SELECT model, version, segment, baseline, metric,
  to AS time, from AS window_from, to AS window_to,
  toUInt32(dateDiff('second', from, to)) AS window_seconds,
  multiIf(window_seconds % 86400 = 0, concat(toString(intDiv(window_seconds, 86400)), 'd'),
          window_seconds % 3600 = 0, concat(toString(intDiv(window_seconds, 3600)), 'h'),
          concat(toString(intDiv(window_seconds, 60)), 'm')) AS window,
  value, ci_low, ci_high, if(JSONHas(detail, 'reference'), JSONExtractFloat(detail, 'reference'), NULL) AS baseline_value, p_value,
  rows_current AS predictions, labelled, if(rows_current = 0, NULL, labelled / rows_current) AS label_coverage, status, revision
FROM measurements FINAL
WHERE metric IN ('accuracy', 'precision', 'recall', 'f1', 'roc_auc', 'average_precision', 'log_loss', 'brier', 'calibration_error', 'mean_value', 'balanced_accuracy', 'macro_precision', 'macro_f1', 'weighted_f1', 'mcc', 'mae', 'rmse', 'r2', 'wape', 'bias', 'estimated_accuracy', 'estimated_precision', 'estimated_recall', 'estimated_f1', 'estimated_roc_auc', 'estimated_log_loss', 'estimated_mae', 'label_coverage')
