CREATE TABLE IF NOT EXISTS alert_statuses
(
    rule LowCardinality(String),
    model LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    subject LowCardinality(String),
    state LowCardinality(String),
    health LowCardinality(String),
    streak UInt32,
    since Nullable(DateTime64(3, 'UTC')),
    alert_id String,
    evaluated_to DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(evaluated_to)
ORDER BY (rule, model, version, segment, subject)
