-- What was stored before there were service counts is counted with the next pass.
INSERT INTO touched_buckets
SELECT model, kind, bucket, max(counted) + 1, toUInt64(0)
FROM touched_buckets WHERE kind = 'features' GROUP BY model, kind, bucket
