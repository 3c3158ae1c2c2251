SELECT received_at AS time, source, topic, partition, offset, reason, message, payload_bytes FROM dead_letters FINAL
