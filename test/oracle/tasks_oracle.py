"""Writes tasks-oracle.json: a model of two classes, one of several and one of numbers, with what scikit-learn says of them.

    python test/oracle/tasks_oracle.py test/oracle/tasks-oracle.json

Needs numpy and scikit-learn; takes a second. Rows are made up, seeded and written beside the figures, so that the test feeds
exactly these to the program. Some rows carry no probabilities, some no label, and one class is never predicted.
"""

import json
import pathlib
import sys

import numpy as np
import sklearn
from scipy import stats
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(20261121)
CLASSES = ["cat", "dog", 'ow"l', "eel"]


def classes(n):
    rows = []
    for i in range(n):
        actual = rng.choice(4, p=[0.5, 0.3, 0.15, 0.05])
        logits = rng.normal(size=4)
        logits[actual] += 1.6
        logits[3] = -4.0
        p = np.round(np.exp(logits) / np.exp(logits).sum(), 6)
        row = {"prediction": CLASSES[int(np.argmax(p))], "label": CLASSES[actual] if rng.random() < 0.9 else None}
        if rng.random() < 0.95:
            row["scores"] = dict(zip(CLASSES, map(float, p)))
        rows.append(row)
    return rows


def of_classes(rows):
    known = [r for r in rows if r["label"] is not None]
    y, z = [r["label"] for r in known], [r["prediction"] for r in known]
    scored = [r for r in known if "scores" in r]
    p = np.array([[r["scores"][c] for c in CLASSES] for r in scored])
    hit = np.array([[r["label"] == c for c in CLASSES] for r in scored], dtype=float)
    given = np.clip((p * hit).sum(1), np.finfo(float).eps, 1 - np.finfo(float).eps)
    report = metrics.classification_report(y, z, output_dict=True, zero_division=np.nan)
    return {
        "predictions": len(rows),
        "labelled": len(known),
        "accuracy": metrics.accuracy_score(y, z),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, z),
        "macro_precision": metrics.precision_score(y, z, average="macro", zero_division=np.nan),
        # Of a class that is never predicted precision is 0/0 and F1 0: it has rows that were missed.
        "macro_f1": metrics.f1_score(y, z, average="macro", zero_division=np.nan),
        "weighted_f1": metrics.f1_score(y, z, average="weighted", zero_division=np.nan),
        "mcc": metrics.matthews_corrcoef(y, z),
        "log_loss": float(-np.log(given).mean()),
        "brier": float(((p - hit) ** 2).sum(1).mean()),
        "classes": [{"class": c, "recall": report[c]["recall"], "rows": report[c]["support"]} for c in CLASSES],
    }


def score_bin(p):
    """Exact 0 and 1, and between them bins of a quarter in log-odds."""
    return 0 if p <= 0 else 65 if p >= 1 else 1 + int(np.clip(np.floor((np.log(p / (1 - p)) + 8) * 4), 0, 63))


def estimates(reference, current):
    """What confidence says of rows without labels, up to the correction for what isotonic regression fits of noise."""
    bins = lambda rows: np.array([[score_bin(r["scores"][c]) for c in CLASSES] for r in rows])
    known = [r for r in reference if "scores" in r and r["label"] is not None]
    now = [r for r in current if "scores" in r]
    at, now_at = bins(known), bins(now)
    rates = []
    for k, name in enumerate(CLASSES):
        fit = IsotonicRegression(out_of_bounds="clip").fit(at[:, k], [r["label"] == name for r in known])
        rates.append(fit.predict(now_at[:, k]))
    table = np.zeros((len(CLASSES), len(CLASSES)))
    for j, name in enumerate(CLASSES):
        rows = np.array([r["prediction"] == name for r in now])
        sums = np.array([rate[rows].sum() for rate in rates])
        others = np.arange(len(CLASSES)) != j
        # What is not a hit is shared out among the other classes by their own rates.
        table[others, j] = sums[others] * (rows.sum() - sums[j]) / max(sums[others].sum(), 1e-300)
        table[j, j] = sums[j]
    y, z = (each.ravel() for each in np.indices(table.shape))
    w = table.ravel()
    return {
        "accuracy": metrics.accuracy_score(y, z, sample_weight=w),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, z, sample_weight=w),
        "macro_precision": metrics.precision_score(y, z, sample_weight=w, average="macro", zero_division=np.nan),
        "macro_f1": metrics.f1_score(y, z, sample_weight=w, average="macro", zero_division=np.nan),
        "mcc": metrics.matthews_corrcoef(y, z, sample_weight=w),
    }


def numbers(n, least=0.0):
    """Errors grow with the distance from the middle; with `least`, there are none nearer than that."""
    rows = []
    for _ in range(n):
        x = rng.normal()
        while abs(x) < least:
            x = rng.normal()
        actual = 1_250.0 + 300 * x + rng.normal(scale=60 * (1 + 0.5 * abs(x)))
        rows.append(
            {"prediction": float(np.round(1_255.0 + 290 * x, 3)), "label": float(np.round(actual, 3)) if rng.random() < 0.9 else None}
        )
    return rows


def of_numbers(rows):
    known = [r for r in rows if r["label"] is not None]
    y, z = np.array([r["label"] for r in known]), np.array([r["prediction"] for r in known])
    return {
        "predictions": len(rows),
        "labelled": len(known),
        "mae": metrics.mean_absolute_error(y, z),
        "rmse": metrics.root_mean_squared_error(y, z),
        "r2": metrics.r2_score(y, z),
        "wape": float(np.abs(y - z).sum() / np.abs(y).sum()),
        "bias": float((z - y).mean()),
        "quantile_loss": float(metrics.mean_pinball_loss(y, z, alpha=0.9)),
    }


THRESHOLDS = [0.3, 0.5, 0.85]
VALUE = {"tp": 40, "fp": -5, "fn": -100, "tn": 1}


def two(n):
    """The class is not always what the score says; some rows have no score, some no label."""
    rows = []
    for _ in range(n):
        odds = rng.normal(-0.7, 1.6)
        score = float(np.round(1 / (1 + np.exp(-odds)), 6))
        actual = rng.random() < 1 / (1 + np.exp(-0.8 * odds))
        row = {"prediction": "late" if (score >= 0.5) != (rng.random() < 0.05) else "on_time"}
        row["label"] = ("late" if actual else "on_time") if rng.random() < 0.9 else None
        if rng.random() < 0.95:
            row["score"] = score
        rows.append(row)
    return rows


def edge(threshold):
    """The score at which the nearest of the bins begins that the program counts scores in."""
    odds = np.log(threshold / (1 - threshold))
    below = np.floor((odds + 16) / 0.032)
    edges = 1 / (1 + np.exp(16 - 0.032 * np.array([below, below + 1])))
    return float(min(edges, key=lambda one: abs(one - threshold)))


def of_two(rows):
    known = [r for r in rows if r["label"] is not None]
    y, z = (np.array([r[name] == "late" for r in known]) for name in ("label", "prediction"))
    scored = [r for r in known if "score" in r]
    truth, p = np.array([r["label"] == "late" for r in scored]), np.array([r["score"] for r in scored])
    tn, fp, fn, tp = (int(n) for n in metrics.confusion_matrix(y, z).ravel())
    at = {}
    for threshold in THRESHOLDS:
        called = p >= edge(threshold)
        at[f"accuracy@{threshold}"] = metrics.accuracy_score(truth, called)
        at[f"precision@{threshold}"] = metrics.precision_score(truth, called)
        at[f"recall@{threshold}"] = metrics.recall_score(truth, called)
        at[f"specificity@{threshold}"] = metrics.recall_score(~truth, ~called)
        at[f"f1@{threshold}"] = metrics.f1_score(truth, called)
    return {
        "predictions": len(rows),
        "labelled": len(known),
        "accuracy": metrics.accuracy_score(y, z),
        "precision": metrics.precision_score(y, z),
        "recall": metrics.recall_score(y, z),
        "f1": metrics.f1_score(y, z),
        "log_loss": metrics.log_loss(truth, p),
        "brier": metrics.brier_score_loss(truth, p),
        "mean_value": (VALUE["tp"] * tp + VALUE["fp"] * fp + VALUE["fn"] * fn + VALUE["tn"] * tn) / len(known),
        "roc_auc": metrics.roc_auc_score(truth, p),
        "average_precision": metrics.average_precision_score(truth, p),
        **at,
        "edges": {str(threshold): edge(threshold) for threshold in THRESHOLDS},
    }


def label_drift(reference, current):
    """How far labels have moved, of classes and of numbers."""
    then, now = ([r["label"] for r in rows if r["label"] is not None] for rows in (reference, current))
    if isinstance(then[0], float):
        return {"ks": float(stats.ks_2samp(then, now).statistic), "wasserstein": float(stats.wasserstein_distance(then, now) / np.std(then))}
    names = sorted(set(then) | set(now))
    table = np.array([[rows.count(name) for name in names] for rows in (then, now)])
    chi = stats.chi2_contingency(table, correction=False)
    shares = table / table.sum(axis=1, keepdims=True)
    return {
        "rows": [len(then), len(now)],
        "chi_square": float(chi.statistic),
        "p_value": float(chi.pvalue),
        "total_variation": float(np.abs(shares[0] - shares[1]).sum() / 2),
        "l_infinity": float(np.abs(shares[0] - shares[1]).max()),
    }


def with_weights(rows):
    return [{**row, "weight": float(np.round(rng.lognormal(0, 0.8), 4))} for row in rows]


def weighted(task, rows):
    known = [r for r in rows if r["label"] is not None]
    y, z, w = [r["label"] for r in known], [r["prediction"] for r in known], np.array([r["weight"] for r in known])
    effective = float(w.sum() ** 2 / (w**2).sum())
    if task == "regression":
        y, z = np.array(y), np.array(z)
        return {
            "effective": effective,
            "mae": metrics.mean_absolute_error(y, z, sample_weight=w),
            "rmse": metrics.root_mean_squared_error(y, z, sample_weight=w),
            "r2": metrics.r2_score(y, z, sample_weight=w),
            "wape": float((w * np.abs(y - z)).sum() / (w * np.abs(y)).sum()),
            "bias": float(np.average(z - y, weights=w)),
            "quantile_loss": float(metrics.mean_pinball_loss(y, z, alpha=0.9, sample_weight=w)),
        }
    average = {"pos_label": "late"} if task == "binary" else {"average": "macro", "zero_division": np.nan}
    scored = [r for r in known if ("score" if task == "binary" else "scores") in r]
    v = np.array([r["weight"] for r in scored])
    given = np.array([r["scores"][r["label"]] if task == "multiclass" else abs((r["label"] != "late") - r["score"]) for r in scored])
    both = {
        "effective": effective,
        "accuracy": metrics.accuracy_score(y, z, sample_weight=w),
        "log_loss": float(np.average(-np.log(np.clip(given, np.finfo(float).eps, 1)), weights=v)),
    }
    if task == "multiclass":
        p = np.array([[r["scores"][c] - (r["label"] == c) for c in CLASSES] for r in scored])
        return both | {
            "balanced_accuracy": metrics.balanced_accuracy_score(y, z, sample_weight=w),
            "macro_precision": metrics.precision_score(y, z, sample_weight=w, **average),
            "macro_f1": metrics.f1_score(y, z, sample_weight=w, **average),
            "weighted_f1": metrics.f1_score(y, z, sample_weight=w, average="weighted", zero_division=np.nan),
            "mcc": metrics.matthews_corrcoef(y, z, sample_weight=w),
            "brier": float(np.average((p**2).sum(1), weights=v)),
        }
    tn, fp, fn, tp = metrics.confusion_matrix(y, z, sample_weight=w, labels=["on_time", "late"]).ravel()
    called = np.array([r["score"] >= edge(0.3) for r in scored])
    truth = np.array([r["label"] == "late" for r in scored])
    return both | {
        "precision": metrics.precision_score(y, z, sample_weight=w, **average),
        "recall": metrics.recall_score(y, z, sample_weight=w, **average),
        "f1": metrics.f1_score(y, z, sample_weight=w, **average),
        "brier": metrics.brier_score_loss(truth, [r["score"] for r in scored], sample_weight=v),
        "mean_value": float((VALUE["tp"] * tp + VALUE["fp"] * fp + VALUE["fn"] * fn + VALUE["tn"] * tn) / w.sum()),
        "recall@0.3": metrics.recall_score(truth, called, sample_weight=v),
        "roc_auc": metrics.roc_auc_score(truth, [r["score"] for r in scored], sample_weight=v),
    }


animals, prices = {"reference": classes(600), "current": classes(300)}, {"reference": numbers(800), "current": numbers(300), "far": numbers(300, 1.0)}
flights = {"reference": two(600), "current": two(400)}
heavy = {
    "binary": {"reference": with_weights(two(400)), "current": with_weights(two(300))},
    "multiclass": {"current": with_weights(classes(300))},
    "regression": {"current": with_weights(numbers(300))},
}
out = {
    "versions": {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
    "multiclass": {
        "rows": animals,
        "figures": {k: of_classes(v) for k, v in animals.items()},
        "estimates": estimates(animals["reference"], animals["current"]),
        "labelDrift": label_drift(animals["reference"], animals["current"]),
    },
    "binary": {
        "rows": flights,
        "figures": {k: of_two(v) for k, v in flights.items()},
        "labelDrift": label_drift(flights["reference"], flights["current"]),
    },
    "regression": {
        "rows": prices,
        "figures": {k: of_numbers(v) for k, v in prices.items()},
        "labelDrift": label_drift(prices["reference"], prices["current"]),
    },
    "weighted": {
        task: {"rows": rows, "figures": {name: weighted(task, part) for name, part in rows.items()}} for task, rows in heavy.items()
    },
}
pathlib.Path(sys.argv[1]).write_text(json.dumps(out, separators=(",", ":")) + "\n")
