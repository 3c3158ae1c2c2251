-- The bins that the counts are of. Where a list of counts has no list of bins beside it, they are the first ones, one by one.
ALTER TABLE feature_counts ADD COLUMN IF NOT EXISTS places Array(UInt16) ALIAS if(empty(bins), range(toUInt16(length(counts))), bins)
