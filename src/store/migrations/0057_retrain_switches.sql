-- Who stopped retraining, of one model or of all (the empty name), and who let it go on.
CREATE TABLE IF NOT EXISTS retrain_switches
(
    model LowCardinality(String),
    at DateTime64(3, 'UTC'),
    stopped UInt8,
    reason String,
    by String
)
ENGINE = ReplacingMergeTree
ORDER BY (model, at)
