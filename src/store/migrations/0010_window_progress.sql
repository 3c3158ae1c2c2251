-- How far the windows of one kind were measured, per model.
CREATE TABLE IF NOT EXISTS window_progress
(
    model LowCardinality(String),
    plan String,
    measured_to SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (model, plan)
