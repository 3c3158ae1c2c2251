CREATE TABLE IF NOT EXISTS predictions
(
    model LowCardinality(String),
    id String,
    version LowCardinality(String),
    time DateTime64(3, 'UTC'),
    -- The names of features by place are those of the layout. Where there is none (0), they stand here.
    layout UInt64,
    names Array(LowCardinality(String)),
    -- By place, NaN where the feature is absent or no number.
    numbers Array(Float64),
    category_places Array(UInt16),
    categories Array(String),
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
    -- Of several rows with one id the one with the smallest (time, content hash) holds: this is its complement.
    precedence UInt128
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
-- By time, so that counting a bucket reads that bucket and nothing else, however much is stored. Repeats are equal and
-- collapse, another content under a known id stays beside it until it is settled which of them holds.
PRIMARY KEY (model, toStartOfHour(time), id)
ORDER BY (model, toStartOfHour(time), id, precedence)
SETTINGS fsync_after_insert = 1
