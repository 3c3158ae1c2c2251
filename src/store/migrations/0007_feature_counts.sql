CREATE TABLE IF NOT EXISTS feature_counts
(
    model LowCardinality(String),
    -- Empty for live events, else a baseline's key.
    baseline LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    subject LowCardinality(String),
    feature LowCardinality(String),
    grid UInt32,
    bucket DateTime('UTC'),
    rows UInt64,
    missing UInt64,
    unparsable UInt64,
    unseen UInt64,
    bins Array(UInt16),
    counts Array(UInt64),
    low Nullable(Float64),
    high Nullable(Float64),
    low_sum Int128,
    high_sum Int128,
    generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, baseline, grid, bucket, version, segment, subject, feature)
