SELECT model, version, segment, subject, feature, if(subject = 'feature', feature, subject) AS name, baseline, metric,
  to AS time, from AS window_from, to AS window_to,
  toUInt32(dateDiff('second', from, to)) AS window_seconds,
  multiIf(window_seconds % 86400 = 0, concat(toString(intDiv(window_seconds, 86400)), 'd'),
          window_seconds % 3600 = 0, concat(toString(intDiv(window_seconds, 3600)), 'h'),
          concat(toString(intDiv(window_seconds, 60)), 'm')) AS window,
  value, expected, value - ifNull(expected, 0) AS effect, p_value, ci_low, ci_high,
  rows_reference, rows_current, status, evidence, revision
FROM measurements FINAL
WHERE metric IN ('missing_rate', 'type_mismatch_rate', 'non_finite_rate', 'unseen_rate', 'out_of_range_rate', 'constant', 'constraint_violations',
  'unknown_feature_rate', 'conflict_rate', 'volume_drop', 'volume_rise', 'silence_rate',
  'error_rate', 'latency_p50', 'latency_p95', 'latency_p99', 'latency_rise')
