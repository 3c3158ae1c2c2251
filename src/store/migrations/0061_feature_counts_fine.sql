-- Counts again, in small granules: a row of a numeric feature has a thousand counts, and who asks for one day would read
-- a granule of 10 MB, several days of them. No table can be given others later, so its rows move.
CREATE TABLE IF NOT EXISTS feature_counts_fine
(
    model LowCardinality(String),
    -- Empty for live events, else a baseline's key.
    baseline LowCardinality(String),
    version LowCardinality(String),
    segment LowCardinality(String),
    subject LowCardinality(String),
    feature LowCardinality(String),
    grid UInt32,
    bucket DateTime('UTC'),
    rows UInt64,
    missing UInt64,
    unparsable UInt64,
    unseen UInt64,
    bins Array(UInt16),
    counts Array(UInt64),
    low Nullable(Float64),
    high Nullable(Float64),
    low_sum Int128,
    high_sum Int128,
    generation UInt64,
    -- Of the unparsable values, those that are numbers but no finite ones. The rest are of another type.
    non_finite UInt64 DEFAULT 0,
    -- The bins that the counts are of. Where a list of counts has no list of bins beside it, they are the first ones, one by one.
    places Array(UInt16) ALIAS if(empty(bins), range(toUInt16(length(counts))), bins)
)
ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(bucket)
ORDER BY (model, baseline, grid, bucket, version, segment, subject, feature)
SETTINGS index_granularity_bytes = 262144
