-- Labels at the place of their prediction: its time, so that they are found by it.
CREATE TABLE IF NOT EXISTS outcomes
(
    model LowCardinality(String),
    predicted_at DateTime64(3, 'UTC'),
    id String,
    label String,
    label_number Nullable(Float64),
    time Nullable(DateTime64(3, 'UTC')),
    revision UInt32,
    precedence UInt128
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(predicted_at)
ORDER BY (model, toStartOfHour(predicted_at), id)
