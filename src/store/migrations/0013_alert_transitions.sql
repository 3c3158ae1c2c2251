CREATE TABLE IF NOT EXISTS alert_transitions
(
    id String,
    alert_id String,
    rule LowCardinality(String),
    model LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    subject LowCardinality(String),
    from_state LowCardinality(String),
    to_state LowCardinality(String),
    severity LowCardinality(String),
    window_from DateTime64(3, 'UTC'),
    window_to DateTime64(3, 'UTC'),
    since DateTime64(3, 'UTC'),
    rule_hash String,
    summary String,
    explanation String,
    notify Array(String),
    retrain UInt8,
    created_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (model, window_to, id)
