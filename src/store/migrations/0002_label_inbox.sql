-- Labels as they arrived, until they are joined with their predictions.
CREATE TABLE IF NOT EXISTS label_inbox
(
    model LowCardinality(String),
    arrived DateTime('UTC'),
    id String,
    label String,
    label_number Nullable(Float64),
    time Nullable(DateTime64(3, 'UTC')),
    revision UInt32,
    -- The newest (revision, time, content hash) holds.
    precedence UInt128
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMMDD(arrived)
ORDER BY (model, arrived, id)
SETTINGS fsync_after_insert = 1
