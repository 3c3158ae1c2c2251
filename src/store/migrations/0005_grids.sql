CREATE TABLE IF NOT EXISTS grids
(
    model LowCardinality(String),
    grid UInt32,
    subject LowCardinality(String),
    feature LowCardinality(String),
    kind LowCardinality(String),
    edges Array(Float64),
    categories Array(String),
    rare Array(String),
    quantum Float64,
    provisional UInt8,
    -- The baselines it was made from: a grid of another basis is another grid.
    basis String,
    created_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (model, grid, subject, feature)
