"""Writes ranking-oracle.json: a model that ranks, row by row with what each list is worth, and the means with and without weights.

    python test/oracle/ranking_oracle.py test/oracle/ranking-oracle.json

Needs numpy, scipy and scikit-learn; takes a second. NDCG is scikit-learn's `ndcg_score`, average precision its
`average_precision_score` where a list holds all that is relevant; the rest are their formulas, and each is held against the other
where both apply. Items beyond a list, and the second place of an item listed twice, are taken by others that are worth nothing.
"""

import json
import math
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics

rng = np.random.default_rng(20261122)
CUTOFFS = [10, 3]
ITEMS = [f"item-{i}" for i in range(30)] + list(range(100, 110)) + ["[bracket", '{"brace', "ünï \"quoted\"", "\U0001f6eb"]


def some(count):
    return [ITEMS[i] for i in rng.choice(len(ITEMS), size=count, replace=False)]


def row(skill, weighted):
    ranked = some(int(rng.choice([0, 1, 2, 5, 12, 20], p=[0.02, 0.03, 0.05, 0.2, 0.5, 0.2])))
    kind = rng.choice(["one", "list", "gains", "nothing", "unlabelled"], p=[0.3, 0.25, 0.3, 0.05, 0.1])
    pool = ranked[:6] if len(ranked) > 6 and rng.random() < skill else ITEMS
    count = int(rng.integers(1, min(6, len(pool)) + 1))
    chosen = [pool[i] for i in rng.choice(len(pool), size=count, replace=False)]
    if len(ranked) > 3 and rng.random() < 0.1:
        ranked.insert(int(rng.integers(1, len(ranked))), ranked[0])
    label = {
        "one": chosen[0],
        "list": chosen + chosen[:1],
        "gains": {str(item): float(gain) for item, gain in zip(chosen + some(2), list(rng.choice([0.5, 1, 2, 3, 7], size=count)) + [0, 0])},
        "nothing": [[], {}, {"item-1": 0}][int(rng.integers(3))],
        "unlabelled": None,
    }[kind]
    prediction = ranked[0] if len(ranked) == 1 and rng.random() < 0.5 else ranked
    return {"prediction": prediction, "label": label} | ({"weight": float(rng.choice([0.5, 1, 2, 4]))} if weighted else {})


def gains_of(label):
    if label is None:
        return {}
    if isinstance(label, dict):
        return {item: gain for item, gain in label.items() if gain > 0}
    return {str(item): 1.0 for item in (label if isinstance(label, list) else [label])}


def worth(prediction, label, k):
    """What one list is worth at k; None where nothing is relevant."""
    gains = gains_of(label)
    if not gains:
        return None
    ranked = [str(item) for item in (prediction if isinstance(prediction, list) else [prediction])]
    seen = [gains.get(item, 0.0) if ranked.index(item) == place else 0.0 for place, item in enumerate(ranked)]
    hits = [place + 1 for place, gain in enumerate(seen[:k]) if gain > 0]
    # What the list leaves out comes behind as many that are worth nothing, so that none of it is found within k.
    missed = [gain for item, gain in gains.items() if item not in ranked]
    truth = np.array([seen + [0.0] * k + missed])
    ndcg = metrics.ndcg_score(truth, -np.arange(truth.size, dtype=float)[None, :], k=k)
    ideal = sum(g / math.log2(i + 2) for i, g in enumerate(sorted(gains.values(), reverse=True)[:k]))
    assert abs(ndcg - sum(seen[h - 1] / math.log2(h + 1) for h in hits) / ideal) < 1e-12
    average = sum((i + 1) / h for i, h in enumerate(hits)) / min(len(gains), k)
    if not missed and len(ranked) <= k:
        same = metrics.average_precision_score([g > 0 for g in seen], -np.arange(len(seen), dtype=float))
        assert abs(average - same) < 1e-12
    return {
        "precision": len(hits) / k,
        "recall": len(hits) / len(gains),
        "hit_rate": float(len(hits) > 0),
        "mrr": 1 / hits[0] if hits else 0.0,
        "map": average,
        "ndcg": float(ndcg),
    }


def interval(values, weights):
    """Student's t about the weighted mean, with as many rows as the weights are worth."""
    n = weights.sum() ** 2 / (weights**2).sum()
    mean = np.average(values, weights=weights)
    variance = np.average((values - mean) ** 2, weights=weights) * n / (n - 1)
    reach = stats.t.ppf(0.975, n - 1) * math.sqrt(variance / n)
    return [max(0.0, mean - reach), min(1.0, mean + reach)]


def figures(rows):
    found = {"predictions": len(rows), "labelled": sum(r["label"] is not None for r in rows)}
    for k in CUTOFFS:
        kept = [(w, r.get("weight", 1.0)) for r in rows if (w := worth(r["prediction"], r["label"], k)) is not None]
        weights = np.array([weight for _, weight in kept])
        found["ranked"] = len(kept)
        found["effective"] = float(weights.sum() ** 2 / (weights**2).sum())
        for name in kept[0][0]:
            values = np.array([w[name] for w, _ in kept])
            found[f"{name}@{k}"] = {"value": float(np.average(values, weights=weights)), "ci": interval(values, weights)}
            if name == "hit_rate" and (weights == 1).all():
                share = stats.binomtest(int(values.sum()), len(kept)).proportion_ci(method="wilson")
                found[f"{name}@{k}"]["ci"] = [share.low, share.high]
    return found


parts = {
    "plain": {"reference": [row(0.7, False) for _ in range(300)], "current": [row(0.5, False) for _ in range(240)]},
    "weighted": {"reference": [row(0.7, True) for _ in range(200)], "current": [row(0.7, True) for _ in range(200)]},
}
out = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
    "cutoffs": CUTOFFS,
    "rows": [
        {"prediction": r["prediction"], "label": r["label"], "worth": {str(k): worth(r["prediction"], r["label"], k) for k in CUTOFFS}}
        for r in parts["plain"]["current"][:60]
    ],
    **{name: {"rows": rows, "figures": {k: figures(v) for k, v in rows.items()}} for name, rows in parts.items()},
}
pathlib.Path(sys.argv[1]).write_text(json.dumps(out, separators=(",", ":"), ensure_ascii=False) + "\n")
