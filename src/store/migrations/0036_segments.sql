CREATE TABLE IF NOT EXISTS segments
(
    model LowCardinality(String),
    grid UInt32,
    -- An entry of the configuration, by its place there.
    place UInt16,
    name String,
    -- The entry itself, as JSON.
    settings String,
    -- What it came to, segment by segment. The cells of one are JSON, `null` for the rest and for a predicate.
    names Array(String),
    cells Array(String),
    rows Array(UInt64),
    gathered UInt64,
    -- Why it came to none, or may have none. Empty where all is well.
    problem String,
    created_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (model, grid, place)
