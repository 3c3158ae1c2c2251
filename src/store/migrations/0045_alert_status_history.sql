-- What a rule on some of several windows has seen, how bad an open alert was told to be, and how often it has changed.
ALTER TABLE alert_statuses
    ADD COLUMN IF NOT EXISTS recent String DEFAULT '',
    ADD COLUMN IF NOT EXISTS severity LowCardinality(String) DEFAULT '',
    ADD COLUMN IF NOT EXISTS changes UInt32 DEFAULT 0
