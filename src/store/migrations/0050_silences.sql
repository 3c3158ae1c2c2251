CREATE TABLE IF NOT EXISTS silences
(
    id String,
    model String,
    rule String,
    version String,
    segment String,
    subject String,
    severity LowCardinality(String),
    begins DateTime64(3, 'UTC'),
    ends DateTime64(3, 'UTC'),
    by String,
    comment String,
    created_at DateTime64(3, 'UTC'),
    written_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY id
