-- Halves that waited in vain, where `unpaired` is 0 again once the other one came after all.
CREATE TABLE IF NOT EXISTS unpaired_halves
(
    adapter LowCardinality(String),
    id String,
    scope String,
    rows UInt32,
    side Enum8('request' = 1, 'response' = 2),
    time DateTime64(6, 'UTC'),
    digest UInt64,
    model LowCardinality(String),
    unpaired UInt8,
    judged_at DateTime64(3, 'UTC'),
    expires_at DateTime('UTC')
)
ENGINE = ReplacingMergeTree(judged_at)
ORDER BY (adapter, id, scope, rows, side, time, digest)
TTL expires_at
