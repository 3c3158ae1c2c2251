CREATE TABLE IF NOT EXISTS outcome_counts
(
    model LowCardinality(String),
    baseline LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    bucket DateTime('UTC'),
    predictions UInt64,
    labelled UInt64,
    cell_labels Array(String),
    cell_predictions Array(String),
    cell_counts Array(UInt64),
    positive_bins Array(UInt16),
    positive_counts Array(UInt64),
    negative_bins Array(UInt16),
    negative_counts Array(UInt64),
    scored UInt64,
    -- In units of 2^-40, so that sums are exact in any order.
    loss_sum Int128,
    loss_square_sum Int128,
    generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, baseline, bucket, version, segment)
