CREATE TABLE IF NOT EXISTS predictions
(
    model LowCardinality(String),
    id String,
    version LowCardinality(String),
    time DateTime64(3, 'UTC'),
    numbers Map(LowCardinality(String), Float64),
    categories Map(LowCardinality(String), String),
    embeddings Map(LowCardinality(String), Array(Float32)),
    unparsable Array(LowCardinality(String)),
    predicted_class Nullable(String),
    predicted_number Nullable(Float64),
    score Nullable(Float64),
    scores Map(LowCardinality(String), Float64),
    latency_ms Nullable(Float64),
    status LowCardinality(String),
    role LowCardinality(String),
    entity String,
    weight Float64,
    telemetry Map(LowCardinality(String), Float64),
    -- Of several rows with one id the smallest (time, content hash) stays: this is its complement.
    precedence UInt128
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(time)
ORDER BY (model, id)
SETTINGS fsync_after_insert = 1
