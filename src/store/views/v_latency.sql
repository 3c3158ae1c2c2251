SELECT model, version, bucket AS time,
  if(bin = 0, 0.001, 2 * pow(1.02, bin) / (1 + 1.02) / 1000) AS latency_ms,
  rows AS requests
FROM service_counts FINAL
ARRAY JOIN latency_bins AS bin, latency_counts AS rows
