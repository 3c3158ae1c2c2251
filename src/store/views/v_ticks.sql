SELECT started_at AS time, duration_ms, buckets_counted, windows_measured, measurements, error FROM ticks
