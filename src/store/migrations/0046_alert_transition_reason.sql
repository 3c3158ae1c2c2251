-- Why an alert changed, where it was not a window that was evaluated for the first time.
ALTER TABLE alert_transitions ADD COLUMN IF NOT EXISTS reason LowCardinality(String) DEFAULT ''
