SELECT s.model AS model, s.version AS version, s.bucket AS time,
  s.requests AS requests, s.errors AS errors, s.requests - s.errors AS predictions,
  if(o.counted = 1, o.labelled, NULL) AS labelled
FROM (SELECT model, version, bucket, requests, errors FROM service_counts FINAL WHERE requests > 0) AS s
LEFT JOIN (
  SELECT model, version, bucket, labelled, 1 AS counted FROM outcome_counts FINAL WHERE baseline = '' AND segment = '' AND predictions > 0
) AS o ON s.model = o.model AND s.version = o.version AND s.bucket = o.bucket
