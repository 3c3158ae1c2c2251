-- A bucket is due when something touched it after it was last counted.
CREATE TABLE IF NOT EXISTS touched_buckets
(
    model LowCardinality(String),
    kind LowCardinality(String),
    bucket DateTime('UTC'),
    touched SimpleAggregateFunction(max, UInt64),
    counted SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (model, kind, bucket)
SETTINGS fsync_after_insert = 1
