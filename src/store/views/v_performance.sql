SELECT model, version, segment, baseline, metric,
  to AS time, from AS window_from, to AS window_to,
  toUInt32(dateDiff('second', from, to)) AS window_seconds,
  multiIf(window_seconds % 86400 = 0, concat(toString(intDiv(window_seconds, 86400)), 'd'),
          window_seconds % 3600 = 0, concat(toString(intDiv(window_seconds, 3600)), 'h'),
          concat(toString(intDiv(window_seconds, 60)), 'm')) AS window,
  value, ci_low, ci_high, if(JSONHas(detail, 'reference'), JSONExtractFloat(detail, 'reference'), NULL) AS baseline_value, p_value,
  rows_current AS predictions, labelled, if(rows_current = 0, NULL, labelled / rows_current) AS label_coverage, status, revision
FROM measurements FINAL
WHERE subject = 'performance'
