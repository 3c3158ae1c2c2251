ALTER TABLE baseline_rows ADD COLUMN IF NOT EXISTS scores Map(String, Float64) AFTER score
