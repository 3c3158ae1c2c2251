SELECT at AS time, notification_id, channel, attempt, outcome, detail, length(transition_ids) AS changes, next_attempt_at
FROM deliveries FINAL
-- The row before the first attempt only says that it was begun.
WHERE attempt > 0
