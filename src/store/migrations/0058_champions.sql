-- Which version a registry said serves, each time that it said something else.
CREATE TABLE IF NOT EXISTS champions
(
    model LowCardinality(String),
    seen_at DateTime64(3, 'UTC'),
    registered String,
    alias String,
    registry_version Nullable(String),
    version Nullable(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (model, seen_at)
