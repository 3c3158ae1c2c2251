CREATE TABLE IF NOT EXISTS retrain_runs
(
    id String,
    model LowCardinality(String),
    version LowCardinality(String),
    rule LowCardinality(String),
    transition_id String,
    state LowCardinality(String),
    reason String,
    at DateTime64(3, 'UTC'),
    sequence UInt32
)
ENGINE = ReplacingMergeTree(sequence)
ORDER BY (model, id)
