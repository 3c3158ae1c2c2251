CREATE TABLE IF NOT EXISTS baselines
(
    model LowCardinality(String),
    -- A key of content: model, name, version and the digest of the file.
    baseline LowCardinality(String),
    name LowCardinality(String),
    version LowCardinality(String),
    source String,
    digest String,
    rows UInt64,
    labelled UInt64,
    first_time DateTime64(3, 'UTC'),
    last_time DateTime64(3, 'UTC'),
    created_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (model, baseline)
