-- Labels whose prediction is not there (yet).
CREATE TABLE IF NOT EXISTS waiting_labels
(
    model LowCardinality(String),
    id String,
    label String,
    label_number Nullable(Float64),
    time Nullable(DateTime64(3, 'UTC')),
    revision UInt32,
    precedence UInt128,
    -- Set once its prediction came.
    found UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(precedence, found)
ORDER BY (model, id)
