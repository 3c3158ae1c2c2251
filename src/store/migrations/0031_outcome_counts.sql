CREATE TABLE IF NOT EXISTS outcome_counts
(
    model LowCardinality(String),
    baseline LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    bucket DateTime('UTC'),
    predictions UInt64,
    labelled UInt64,
    -- Labelled rows by actual and predicted class, as in ["late","on_time"].
    cells Map(String, UInt64),
    -- Rows by bin, and sums in units of 2^-40 (exact in any order), each at the place of its name times 4096 plus its bin.
    histogram_places Array(UInt32),
    histogram_counts Array(UInt64),
    sum_places Array(UInt32),
    sum_units Array(Int128),
    generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, baseline, bucket, version, segment)
