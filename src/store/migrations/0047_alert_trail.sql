-- Where each alert stood after each window, as long as it was not at rest: late rows are judged from here on.
CREATE TABLE IF NOT EXISTS alert_trail
(
    model LowCardinality(String),
    rule LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    subject LowCardinality(String),
    evaluated_to DateTime64(3, 'UTC'),
    state LowCardinality(String),
    health LowCardinality(String),
    streak UInt32,
    since Nullable(DateTime64(3, 'UTC')),
    alert_id String,
    recent String,
    severity LowCardinality(String),
    changes UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (model, rule, evaluated_to, version, segment, subject)
