DROP TABLE IF EXISTS feature_counts_fine
