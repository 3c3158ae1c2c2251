RENAME TABLE IF EXISTS feature_counts_fine TO feature_counts
