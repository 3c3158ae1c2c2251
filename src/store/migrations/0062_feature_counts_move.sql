-- Twice is as good as once: of rows with one key the newest generation holds.
INSERT INTO feature_counts_fine SELECT * FROM feature_counts
