"""Trains the model, and writes the baseline driftwatch compares with: the training rows as the model sees rows new to it."""

import datetime
import gzip
import json
import sys
from pathlib import Path

import joblib
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rows

sys.path.insert(0, str(Path(__file__).parent.parent / "producer-python"))
import driftwatch_events  # noqa: E402

HERE = Path(__file__).parent

model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
# Scores on rows the model was fitted to would be better than any it will give again, and so a wrong baseline.
scores = cross_val_predict(model, rows.TRAINING_ROWS, rows.TRAINING_CLASSES, cv=10, method="predict_proba")
model.fit(rows.TRAINING_ROWS, rows.TRAINING_CLASSES)
joblib.dump(model, HERE / "model.joblib")

trained_at = datetime.datetime.now(datetime.timezone.utc)
with gzip.open(HERE / "training.ndjson.gz", "wt", encoding="ascii") as file:
    for index, (values, truth, row_scores) in enumerate(zip(rows.TRAINING_ROWS, rows.TRAINING_CLASSES, scores)):
        row = driftwatch_events.baseline_row(
            id=f"training-{index}",
            model=rows.MODEL,
            version=rows.VERSION,
            time=trained_at,
            features=dict(zip(rows.FEATURES, values)),
            prediction=model.classes_[row_scores.argmax()],
            score=row_scores[list(model.classes_).index("malignant")],
            label=truth,
            task="binary",
        )
        file.write(json.dumps(row) + "\n")

print(f"model.joblib and training.ndjson.gz: {len(scores)} rows of {rows.MODEL} version {rows.VERSION}")
