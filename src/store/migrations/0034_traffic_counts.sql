-- What a bucket says of a model as a whole: its ids, its time, and features that no reference knows.
CREATE TABLE IF NOT EXISTS traffic_counts
(
    model LowCardinality(String),
    version LowCardinality(String),
    bucket DateTime('UTC'),
    -- Predictions that hold, failed requests included.
    rows UInt64,
    -- Rows that do not hold: another one claims their id.
    superseded UInt64,
    last Nullable(DateTime64(3, 'UTC')),
    -- Rows that carry any unknown feature, and the features that most of them carry with how many do.
    unknown_rows UInt64,
    unknown_names Array(String),
    unknown_counts Array(UInt64),
    generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, bucket, version)
