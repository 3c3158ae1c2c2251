CREATE TABLE IF NOT EXISTS baseline_rows
(
    model LowCardinality(String),
    baseline LowCardinality(String),
    id String,
    version LowCardinality(String),
    time DateTime64(3, 'UTC'),
    numbers Map(LowCardinality(String), Float64),
    categories Map(LowCardinality(String), String),
    unparsable Array(LowCardinality(String)),
    predicted_class Nullable(String),
    predicted_number Nullable(Float64),
    score Nullable(Float64),
    label Nullable(String),
    label_number Nullable(Float64),
    precedence UInt128
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (model, baseline, id)
