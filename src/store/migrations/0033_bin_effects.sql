-- What rows of a baseline scored, and how wrong they were, by bin of each feature, and without one for all of its rows.
CREATE TABLE IF NOT EXISTS bin_effects
(
    model LowCardinality(String),
    baseline LowCardinality(String),
    grid UInt32,
    feature Nullable(String),
    bins Array(UInt16),
    scored Array(UInt64),
    -- Sums in units of 2^-40, exact in any order.
    score_sums Array(Int128),
    score_squares Array(Int128),
    labelled Array(UInt64),
    error_sums Array(Int128),
    error_squares Array(Int128),
    generation UInt64
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY (model, baseline, grid, assumeNotNull(feature), isNull(feature))
