"""Writes flights-oracle.json: drift and performance of the flights by UTC month, from the raw rows.

    python test/oracle/flights_oracle.py examples/flights test/oracle/flights-oracle.json

Needs numpy, scipy and scikit-learn; takes about ten seconds. It reads the four ndjson.gz files and nothing else: none
of driftwatch's code, counts or output. Months are UTC calendar months of a prediction's own time; every version with a
row in a month is answered for, against the baseline file of that version. The definitions:

- psi: sum of (p - q) ln(p / q) with p = (a + 1/2) / (n + K/2) on either side. Numbers: bins cut at the distinct
  deciles of the reference (np.quantile, inverted_cdf), right-closed, the outer two unbounded. Categories: one bin for
  each category that any of the model's baseline files holds, and one for all others. Nulls are left out.
- jensen_shannon: scipy's distance to base 2; kl: scipy.stats.entropy(q, p); hellinger: the norm of sqrt(p) - sqrt(q) over
  sqrt(2): of the same p and q. total_variation, l_infinity: half the sum and the maximum of |a/n - b/m|.
- chi_square: the statistic of chi2_contingency without correction. Bins whose smaller expected count is below 5 are one
  cell, together with the smallest other one when it is still below; null with one cell.
- ks: the distance of scipy.stats.ks_2samp on the raw values; `critical` is the asymptotic critical distance at 5 %,
  kstwobign.isf(0.05) * sqrt(1/n + 1/m).
- wasserstein: scipy.stats.wasserstein_distance on the raw values, not normalised; `deviation` is the reference's
  standard deviation with divisor n.
- out_of_range: values beyond the reference's extremes. unseen: categories the version's own reference does not hold.
- performance: scikit-learn on the predictions whose label is known, `late` the positive class. Null where undefined.

Where a month holds no value of a subject (January 2014: 8 flights, no weather) there is no distance: null.
"""

import datetime
import gzip
import json
import pathlib
import platform
import sys

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy, ks_2samp, kstwobign, wasserstein_distance
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_score, recall_score, roc_auc_score

REFERENCES = {"2013-q1": "reference-2013-q1.ndjson.gz", "2013-h1": "reference-2013-h1.ndjson.gz"}
NUMERIC = ["dep_delay", "distance", "hour", "temp", "humid", "wind_speed", "precip", "visib", "pressure"]
CATEGORICAL = ["carrier", "dest", "weekday"]
POSITIVE, NEGATIVE = "late", "on_time"
ALPHA = 0.05


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def month_of(row):
    time = datetime.datetime.fromisoformat(row["time"]).astimezone(datetime.timezone.utc)
    return f"{time.year:04d}-{time.month:02d}"


def column(rows, name):
    """The values of one subject, nulls left out: a feature, else a field of the row itself."""
    own = name in ("prediction", "score")
    values = [row[name] if own else row["features"][name] for row in rows]
    return [value for value in values if value is not None]


ON_BINS = ["psi", "jensen_shannon", "hellinger", "kl", "total_variation", "l_infinity", "chi_square"]


def on_bins(reference, current):
    reference, current = np.asarray(reference, dtype=float), np.asarray(current, dtype=float)
    bins = len(reference)
    p = (reference + 0.5) / (reference.sum() + bins / 2)
    q = (current + 0.5) / (current.sum() + bins / 2)
    change = np.abs(reference / reference.sum() - current / current.sum())
    return {
        "psi": float(np.sum((p - q) * np.log(p / q))),
        "jensen_shannon": float(jensenshannon(p, q, base=2)),
        "hellinger": float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
        "kl": float(entropy(q, p)),
        "total_variation": float(change.sum() / 2),
        "l_infinity": float(change.max()),
        "chi_square": chi_square(reference, current),
    }


def chi_square(reference, current):
    table = np.stack([reference, current], axis=1)
    table = table[table.sum(axis=1) > 0]
    expected = table.sum(axis=1) * table.sum(axis=0).min() / table.sum()
    sound, rare = table[expected >= 5], table[expected < 5]
    sound = sound[np.argsort(sound.sum(axis=1), kind="stable")]
    if len(rare) > 0:
        pooled = rare.sum(axis=0)
        if pooled.sum() * table.sum(axis=0).min() / table.sum() < 5 and len(sound) > 0:
            pooled, sound = pooled + sound[0], sound[1:]
        sound = np.vstack([sound, pooled])
    return None if len(sound) < 2 else float(chi2_contingency(sound, correction=False).statistic)


def deciles(values):
    """np.quantile's inverted_cdf, which must be the value at rank ceil(k n / 10) reckoned in whole numbers."""
    found = np.quantile(values, [k / 10 for k in range(1, 10)], method="inverted_cdf")
    ordered = np.sort(values)
    ranks = [int(-((-k * len(values)) // 10)) for k in range(1, 10)]
    assert np.array_equal(found, ordered[np.array(ranks) - 1])
    return np.unique(found)


def numeric(reference_rows, current_rows, name):
    reference = np.array(column(reference_rows, name), dtype=float)
    current = np.array(column(current_rows, name), dtype=float)
    cuts = deciles(reference)
    # side="left" puts a value that equals a cut to the left of it: bins are right-closed.
    counts = [np.bincount(np.searchsorted(cuts, values, side="left"), minlength=len(cuts) + 1) for values in (reference, current)]
    n, m = len(reference), len(current)
    known = {
        "kind": "numeric",
        "rows": {"reference": n, "current": m},
        "missing": {"reference": len(reference_rows) - n, "current": len(current_rows) - m},
        "bins": len(cuts) + 1,
    }
    if m == 0:
        return known | dict.fromkeys(ON_BINS) | {"ks": None, "critical": None, "wasserstein": None, "deviation": float(np.std(reference)), "out_of_range": None}
    return known | {
        **on_bins(*counts),
        "ks": float(ks_2samp(reference, current, method="asymp").statistic),
        "critical": float(kstwobign.isf(ALPHA) * np.sqrt(1 / n + 1 / m)),
        "wasserstein": float(wasserstein_distance(reference, current)),
        "deviation": float(np.std(reference)),
        "out_of_range": int(np.sum((current < reference.min()) | (current > reference.max()))),
    }


def categorical(reference_rows, current_rows, name, known):
    reference, current = column(reference_rows, name), column(current_rows, name)
    bins = sorted(known)
    position = {category: bin for bin, category in enumerate(bins)}
    counts = [np.bincount([position.get(value, len(bins)) for value in values], minlength=len(bins) + 1) for values in (reference, current)]
    own = set(reference)
    return {
        "kind": "categorical",
        "rows": {"reference": len(reference), "current": len(current)},
        "missing": {"reference": len(reference_rows) - len(reference), "current": len(current_rows) - len(current)},
        "bins": len(bins) + 1,
        **on_bins(*counts),
        "unseen": sum(value not in own for value in current),
    }


def performance(rows, labels):
    labelled = [row for row in rows if row["id"] in labels]
    actual = [labels[row["id"]] for row in labelled]
    predicted = [row["prediction"] for row in labelled]
    score = [row["score"] for row in labelled]
    (tn, fp), (fn, tp) = confusion_matrix(actual, predicted, labels=[NEGATIVE, POSITIVE]).tolist()
    late = [value == POSITIVE for value in actual]
    named = {"pos_label": POSITIVE, "zero_division": np.nan}
    answers = {
        "accuracy": accuracy_score(actual, predicted),
        "precision": precision_score(actual, predicted, **named),
        "recall": recall_score(actual, predicted, **named),
        "f1": f1_score(actual, predicted, **named),
        "roc_auc": roc_auc_score(late, score) if len(set(late)) == 2 else np.nan,
        "log_loss": log_loss(late, score, labels=[False, True]),
    }
    return {
        "predictions": len(rows),
        "labelled": len(labelled),
        "confusion": {"tp": tp, "fp": fp, "fn": fn, "tn": tn},
        **{name: None if np.isnan(value) else float(value) for name, value in answers.items()},
    }


def main(data, out):
    references = {version: read(data / file) for version, file in REFERENCES.items()}
    predictions = read(data / "predictions.ndjson.gz")
    labels = {row["id"]: row["label"] for row in read(data / "labels.ndjson.gz")}
    assert len({row["id"] for row in predictions}) == len(predictions)
    for rows in references.values():
        assert len({row["id"] for row in rows}) == len(rows)
    known = {name: {value for rows in references.values() for value in column(rows, name)} for name in [*CATEGORICAL, "prediction"]}

    groups = {}
    for row in predictions:
        groups.setdefault((month_of(row), row["version"]), []).append(row)
    items = []
    for (month, version), rows in sorted(groups.items()):
        reference = references[version]
        subjects = {name: numeric(reference, rows, name) for name in [*NUMERIC, "score"]}
        subjects |= {name: categorical(reference, rows, name, known[name]) for name in [*CATEGORICAL, "prediction"]}
        items.append({"month": month, "version": version, "subjects": subjects, "performance": performance(rows, labels)})

    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
    lines = ",\n".join(json.dumps(item) for item in items)
    out.write_text(f'{{\n"versions": {json.dumps(versions)},\n"alpha": {ALPHA},\n"items": [\n{lines}\n]\n}}\n')
    print(f"{len(items)} (month, version) groups, {sum(len(item['subjects']) for item in items)} subjects -> {out}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
