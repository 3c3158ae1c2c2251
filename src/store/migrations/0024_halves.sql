-- Requests and answers that came apart. They stay after they met: only so is it known that an id was used before.
CREATE TABLE IF NOT EXISTS halves
(
    adapter LowCardinality(String),
    id String,
    scope String,
    rows UInt32,
    side Enum8('request' = 1, 'response' = 2),
    time DateTime64(6, 'UTC'),
    digest UInt64,
    model LowCardinality(String),
    body String CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC'),
    expires_at DateTime('UTC'),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toStartOfInterval(expires_at, INTERVAL 6 HOUR)
ORDER BY (adapter, id, scope, rows, side, time, digest)
TTL expires_at
SETTINGS fsync_after_insert = 1, index_granularity = 256, ttl_only_drop_parts = 1
