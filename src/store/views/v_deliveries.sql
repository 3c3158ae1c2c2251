SELECT at AS time, notification_id, channel, attempt, outcome, detail, length(transition_ids) AS changes, next_attempt_at
FROM deliveries FINAL
