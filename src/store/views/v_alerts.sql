SELECT t.alert_id AS alert_id, t.rule AS rule, t.newest.2 AS severity, t.model AS model, t.version AS version, t.segment AS segment, t.name AS name,
  t.newest.1 AS state, if(state = 'resolved' OR s.health = '', 'ok', s.health) AS health,
  t.since AS since, t.fired_at AS fired_at, if(state = 'resolved', t.changed_at, NULL) AS resolved_at, t.changed_at AS changed_at, t.newest.3 AS summary
FROM (
  SELECT alert_id, any(rule) AS rule, any(model) AS model, any(version) AS version, any(segment) AS segment, any(subject) AS name,
    min(since) AS since, minIf(window_to, to_state = 'firing') AS fired_at, max(window_to) AS changed_at,
    argMax(tuple(to_state, severity, summary), tuple(window_to, created_at, id)) AS newest
  FROM alert_transitions FINAL WHERE alert_id != '' GROUP BY alert_id
) AS t
LEFT JOIN (SELECT alert_id, any(health) AS health FROM alert_statuses FINAL WHERE alert_id != '' GROUP BY alert_id) AS s ON t.alert_id = s.alert_id
