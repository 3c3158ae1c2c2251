SELECT at AS time, id AS run_id, model, version, rule, state, reason FROM retrain_runs FINAL
