-- To take a message again once it can be: all of it, where it is not too large, and what became of it then.
-- `body` is the message in base64 where `payload` is not all of it already, empty where it was too large to be kept.
-- `envelope` is what came around it where an adapter reads that (the adapter, key, headers and time, as JSON).
-- `became` is `taken`, or the reason it was refused for the next time, empty until it is tried.
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS body String CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS envelope String CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS replayed_at Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS became LowCardinality(String)
