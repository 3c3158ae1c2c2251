-- Every change of every run, and every decision not to start one: never changed, never removed.
CREATE TABLE IF NOT EXISTS retrain_steps
(
    model LowCardinality(String),
    run String,
    sequence UInt32,
    state LowCardinality(String),
    detail String,
    by String,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (model, run, sequence)
