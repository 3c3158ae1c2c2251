SELECT p.model AS model, p.version AS version, p.id AS id, p.time AS time,
  mapFilter((name, value) -> NOT isNaN(value), mapFromArrays(p.number_names, arrayResize(p.numbers, length(p.number_names), nan))) AS numbers,
  mapFromArrays(arrayMap(place -> p.number_names[place + 1], p.category_places), p.categories) AS categories,
  p.predicted_class AS prediction, p.predicted_number AS predicted_number, p.score AS score, p.entity AS entity, p.weight AS weight,
  o.label AS label, o.label_number AS label_number, o.labelled_at AS labelled_at
FROM (
  SELECT r.*, if(r.layout = 0, r.names, l.names) AS number_names
  FROM (SELECT * FROM predictions FINAL WHERE status != 'error' AND (model, id, precedence) NOT IN (SELECT model, id, precedence FROM superseded)) AS r
  LEFT JOIN (SELECT layout, any(names) AS names FROM layouts GROUP BY layout) AS l ON r.layout = l.layout
) AS p
LEFT JOIN (SELECT model, id, predicted_at, toNullable(label) AS label, label_number, time AS labelled_at FROM outcomes FINAL) AS o
  ON p.model = o.model AND p.id = o.id AND p.time = o.predicted_at
