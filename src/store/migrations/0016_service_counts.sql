CREATE TABLE IF NOT EXISTS service_counts
(
    model LowCardinality(String),
    version LowCardinality(String),
    bucket DateTime('UTC'),
    -- Predictions, failed requests included.
    requests UInt64,
    errors UInt64,
    -- Bin b holds latencies in (1.02^(b-1), 1.02^b] microseconds, bin 0 those up to one.
    latency_bins Array(UInt16),
    latency_counts Array(UInt64),
    generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, bucket, version)
