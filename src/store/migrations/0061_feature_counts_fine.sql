-- Counts again, in small granules: a row of a numeric feature has a thousand counts, and who asks for one day would read
-- a granule of 10 MB, several days of them. No table can be given others later, so its rows move.
CREATE TABLE IF NOT EXISTS feature_counts_fine AS feature_counts
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, baseline, grid, bucket, version, segment, subject, feature)
SETTINGS index_granularity_bytes = 262144
