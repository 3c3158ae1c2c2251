SELECT v.model AS model, v.version AS version, v.first_seen AS first_seen, v.last_seen AS last_seen,
  v.requests AS requests, v.errors AS errors, v.predictions AS predictions, v.labelled AS labelled,
  a.firing AS firing, a.pending AS pending, a.unanswered AS unanswered
FROM (
  SELECT model, version, min(time) AS first_seen, max(time) AS last_seen,
    sum(requests) AS requests, sum(errors) AS errors, sum(predictions) AS predictions, sum(labelled) AS labelled
  FROM v_volume GROUP BY model, version
) AS v
LEFT JOIN (
  SELECT model, version, countIf(state IN ('firing', 'recovering')) AS firing, countIf(state = 'pending') AS pending,
    countIf(health IN ('insufficient', 'no_data', 'error')) AS unanswered
  FROM alert_statuses FINAL GROUP BY model, version
) AS a ON v.model = a.model AND v.version = a.version
