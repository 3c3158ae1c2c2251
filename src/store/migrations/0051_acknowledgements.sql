CREATE TABLE IF NOT EXISTS acknowledgements
(
    alert_id String,
    by String,
    comment String,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY alert_id
