-- Twice is as good as once: of rows with one key the newest generation holds. In blocks of 32 MB: a row can be 8 kB long.
INSERT INTO feature_counts_fine SELECT * FROM feature_counts
SETTINGS max_threads = 1, max_block_size = 4096, min_insert_block_size_bytes = 33554432
