-- How far each partition was read, noted from time to time.
CREATE TABLE IF NOT EXISTS source_progress
(
    at DateTime64(3, 'UTC'),
    source LowCardinality(String),
    partition_key String,
    committed Nullable(UInt64),
    high_watermark Nullable(UInt64)
)
ENGINE = MergeTree
ORDER BY (at, source, partition_key)
TTL toDateTime(at) + INTERVAL 90 DAY
