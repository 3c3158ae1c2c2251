CREATE TABLE IF NOT EXISTS deliveries
(
    notification_id String,
    channel LowCardinality(String),
    transition_ids Array(String),
    attempt UInt32,
    outcome LowCardinality(String),
    detail String,
    at DateTime64(3, 'UTC'),
    next_attempt_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree
ORDER BY (notification_id, channel, attempt)
