SELECT at AS time, source, partition_key AS partition, committed, high_watermark,
  if(committed IS NULL OR high_watermark IS NULL, NULL, greatest(toInt64(high_watermark) - toInt64(committed), 0)) AS lag
FROM source_progress
