CREATE TABLE IF NOT EXISTS labels
(
    model LowCardinality(String),
    id String,
    label String,
    label_number Nullable(Float64),
    time Nullable(DateTime64(3, 'UTC')),
    revision UInt32,
    -- The newest (revision, time, content hash) stays.
    precedence UInt128
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (model, id)
SETTINGS fsync_after_insert = 1
