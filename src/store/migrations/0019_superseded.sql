-- Rows of predictions that do not hold: another one claims their id and goes before them.
CREATE TABLE IF NOT EXISTS superseded
(
    model LowCardinality(String),
    time DateTime64(3, 'UTC'),
    id String,
    precedence UInt128
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (model, toStartOfHour(time), id, precedence)
