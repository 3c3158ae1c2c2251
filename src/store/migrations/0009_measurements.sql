CREATE TABLE IF NOT EXISTS measurements
(
    model LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    subject LowCardinality(String),
    feature LowCardinality(String),
    baseline LowCardinality(String),
    metric LowCardinality(String),
    from DateTime64(3, 'UTC'),
    to DateTime64(3, 'UTC'),
    value Nullable(Float64),
    expected Nullable(Float64),
    p_value Nullable(Float64),
    ci_low Nullable(Float64),
    ci_high Nullable(Float64),
    rows_reference UInt64,
    rows_current UInt64,
    labelled Nullable(UInt64),
    status LowCardinality(String),
    evidence LowCardinality(String),
    revision UInt32,
    detail String,
    computed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(to)
ORDER BY (model, to, from, metric, baseline, version, segment, subject, feature)
