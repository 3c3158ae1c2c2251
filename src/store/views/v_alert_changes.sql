SELECT window_to AS time, alert_id, id AS change_id, rule, severity, model, version, segment, subject AS name, from_state, to_state,
  window_from, window_to, since, summary, created_at AS recorded_at
FROM alert_transitions FINAL
