SELECT c.model AS model, if(c.baseline = '', toString(c.version), b.version) AS version, if(c.baseline = '', '', ifNull(nullIf(b.name, ''), c.baseline)) AS baseline,
  c.subject AS subject, c.feature AS feature, if(c.subject = 'feature', c.feature, c.subject) AS name, c.bucket AS time, g.kind AS kind, c.bin AS bin,
  g.low AS low, g.high AS high, g.category AS category, c.rows_in_bin AS rows
FROM (
  SELECT model, baseline, version, subject, feature, grid, bucket, bin, rows_in_bin
  FROM feature_counts FINAL
  ARRAY JOIN places AS bin, counts AS rows_in_bin
  WHERE rows_in_bin > 0 AND segment = '' AND (model, grid) IN (SELECT model, max(grid) FROM grids GROUP BY model)
) AS c
INNER JOIN (
  SELECT model, grid, subject, feature, kind, toUInt16(position - 1) AS bin, toNullable(above) AS low, toNullable(upto) AS high, CAST(NULL, 'Nullable(String)') AS category
  FROM grids FINAL ARRAY JOIN arrayConcat([-inf], edges) AS above, arrayConcat(edges, [inf]) AS upto, arrayEnumerate(arrayConcat([-inf], edges)) AS position
  WHERE kind = 'numeric'
  UNION ALL
  SELECT model, grid, subject, feature, kind, toUInt16(position - 1), NULL, NULL, toNullable(one)
  FROM grids FINAL ARRAY JOIN arrayConcat(categories, ['other', 'unseen']) AS one, arrayEnumerate(arrayConcat(categories, ['other', 'unseen'])) AS position
  WHERE kind = 'categorical'
) AS g
  ON c.model = g.model AND c.grid = g.grid AND c.subject = g.subject AND c.feature = g.feature AND c.bin = g.bin
LEFT JOIN (SELECT model, baseline, name, version FROM baselines FINAL) AS b ON c.model = b.model AND c.baseline = b.baseline
