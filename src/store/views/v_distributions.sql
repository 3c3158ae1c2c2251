SELECT c.model AS model, if(c.baseline = '', toString(c.version), b.version) AS version, if(c.baseline = '', '', ifNull(nullIf(b.name, ''), c.baseline)) AS baseline,
  c.subject AS subject, c.feature AS feature, if(c.subject = 'feature', c.feature, c.subject) AS name, c.bucket AS time, g.kind AS kind, c.bin AS bin,
  if(g.kind != 'numeric', NULL, if(c.bin = 0, -inf, g.edges[c.bin])) AS low,
  if(g.kind != 'numeric', NULL, if(c.bin >= length(g.edges), inf, g.edges[c.bin + 1])) AS high,
  if(g.kind != 'categorical', NULL, multiIf(c.bin < length(g.categories), g.categories[c.bin + 1], c.bin = length(g.categories), 'other', 'unseen')) AS category,
  c.rows_in_bin AS rows
FROM (
  SELECT model, baseline, version, subject, feature, grid, bucket, bin, rows_in_bin
  FROM feature_counts FINAL
  ARRAY JOIN bins AS bin, counts AS rows_in_bin
  WHERE segment = '' AND (model, grid) IN (SELECT model, max(grid) FROM grids GROUP BY model)
) AS c
INNER JOIN (SELECT model, grid, subject, feature, kind, edges, categories FROM grids FINAL) AS g
  ON c.model = g.model AND c.grid = g.grid AND c.subject = g.subject AND c.feature = g.feature
LEFT JOIN (SELECT model, baseline, name, version FROM baselines FINAL) AS b ON c.model = b.model AND c.baseline = b.baseline
