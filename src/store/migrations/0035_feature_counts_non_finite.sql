-- Of the unparsable values, those that are numbers but no finite ones. The rest are of another type.
ALTER TABLE feature_counts ADD COLUMN IF NOT EXISTS non_finite UInt64 DEFAULT 0
