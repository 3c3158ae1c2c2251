-- What came around a dead message where an adapter reads that: the adapter, key, headers and time, as JSON.
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS envelope String CODEC(ZSTD(3))
