-- Up to which event time it is settled which halves waited in vain.
CREATE TABLE IF NOT EXISTS half_sweeps
(
    adapter LowCardinality(String),
    swept_to SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY adapter
