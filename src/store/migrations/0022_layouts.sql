-- Lists of feature names that many rows share. A layout is named by a hash of its list.
CREATE TABLE IF NOT EXISTS layouts
(
    layout UInt64,
    names Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree
ORDER BY layout
