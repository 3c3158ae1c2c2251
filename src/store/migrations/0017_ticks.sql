CREATE TABLE IF NOT EXISTS ticks
(
    started_at DateTime64(3, 'UTC'),
    duration_ms Float64,
    buckets_counted UInt64,
    windows_measured UInt64,
    measurements UInt64,
    -- Empty when the pass came to its end.
    error String
)
ENGINE = MergeTree
ORDER BY started_at
TTL toDateTime(started_at) + INTERVAL 90 DAY
