CREATE TABLE IF NOT EXISTS dead_letters
(
    received_at DateTime64(3, 'UTC'),
    source LowCardinality(String),
    topic LowCardinality(String),
    partition Int32,
    offset String,
    reason LowCardinality(String),
    message String,
    payload String,
    payload_bytes UInt64
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(received_at)
ORDER BY (source, topic, partition, offset, reason)
