"""What other tools need for the same question on the same columns: python drift.py scipy|evidently|chunks DIRECTORY.

Prints one line of JSON. CPU is user and system time of this process, with the columns in memory before it begins.
"""

import json
import os
import resource
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["DO_NOT_TRACK"] = "1"

import numpy as np


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def most_resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def columns(directory, feature, of):
    return np.fromfile(os.path.join(directory, f"{feature}.{of}.f64"))


def psi(reference, current):
    """On the reference's deciles, right-closed, half a row added to every bin."""
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf"))
    counts = [np.bincount(np.searchsorted(edges, side, side="left"), minlength=len(edges) + 1) for side in (reference, current)]
    p, q = [(count + 0.5) / (count.sum() + len(count) / 2) for count in counts]
    return float(np.sum((p - q) * np.log(p / q)))


def scipy_loop(directory, shape):
    from scipy.stats import ks_2samp, wasserstein_distance

    ks_2samp(np.arange(100.0), np.arange(90.0), method="asymp")
    out = {}
    for state, fewer in shape["states"].items():
        values = []
        for feature in shape["numbers"]:
            then, now = columns(directory, feature, "reference"), columns(directory, feature, state)[fewer:]
            values.append((feature, then[~np.isnan(then)], now[~np.isnan(now)]))
        begun = time.process_time()
        found = [ks_2samp(then, now, method="asymp") for _, then, now in values]
        cpu = time.process_time() - begun
        out[state] = {
            "cpu": cpu,
            "ks": {feature: float(one.statistic) for (feature, _, _), one in zip(values, found)},
            "psi": {feature: psi(then, now) for feature, then, now in values},
            "wasserstein": {feature: wasserstein_distance(then, now) / float(np.std(then)) for feature, then, now in values},
        }
    return out


def evidently_preset(directory, shape):
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    def frame(of):
        numbers = {f"feature_{feature}": columns(directory, feature, of) for feature in shape["numbers"]}
        texts = {f"feature_{feature}": np.char.add("c", columns(directory, feature, of).astype(int).astype(str)).astype(object) for feature in shape["texts"]}
        return pd.DataFrame({**numbers, **texts})

    definition = DataDefinition(
        numerical_columns=[f"feature_{feature}" for feature in shape["numbers"]],
        categorical_columns=[f"feature_{feature}" for feature in shape["texts"]],
    )
    small = frame("reference").head(2000)
    Report([DataDriftPreset()]).run(Dataset.from_pandas(small, definition), Dataset.from_pandas(small, definition))
    reference, current = Dataset.from_pandas(frame("reference"), definition), Dataset.from_pandas(frame("still"), definition)
    loaded = resident()
    begun = time.process_time()
    Report([DataDriftPreset()]).run(current, reference)
    return {"cpu": time.process_time() - begun, "loaded": loaded, "peak": most_resident()}


def chunk_metrics(directory, shape):
    """Accuracy, F1, ROC AUC and log loss of every chunk by grouped bincounts and one sort, no loop over chunks' rows."""
    chunk, actual, score = (np.fromfile(os.path.join(directory, f"chunks.{name}.f64")) for name in ("chunk", "actual", "score"))
    chunk, actual = chunk.astype(np.int64), actual.astype(np.int64)
    chunks = shape["chunks"]
    times = []
    for _ in range(shape["rounds"]):
        begun = time.process_time()
        predicted = (score >= 0.5).astype(np.int64)
        tn, fp, fn, tp = np.bincount(chunk * 4 + actual * 2 + predicted, minlength=4 * chunks).reshape(chunks, 4).T
        rows = tp + tn + fp + fn
        accuracy = (tp + tn) / rows
        f1 = 2 * tp / (2 * tp + fp + fn)
        clipped = np.clip(score, np.finfo(float).eps, 1 - np.finfo(float).eps)
        loss = np.bincount(chunk, weights=-np.log(np.where(actual == 1, clipped, 1 - clipped)), minlength=chunks) / rows
        order = np.lexsort((score, chunk))
        starts = np.concatenate([[0], np.cumsum(rows)[:-1]])
        ranks = np.arange(len(order)) - starts[chunk[order]] + 1
        positives = np.bincount(chunk, weights=actual, minlength=chunks)
        rank_sums = np.bincount(chunk[order], weights=ranks * actual[order], minlength=chunks)
        auc = (rank_sums - positives * (positives + 1) / 2) / (positives * (rows - positives))
        times.append(time.process_time() - begun)
    return {"cpu": times, "accuracy": accuracy.tolist(), "f1": f1.tolist(), "log_loss": loss.tolist(), "roc_auc": auc.tolist()}


directory = sys.argv[2]
with open(os.path.join(directory, "shape.json")) as file:
    shape = json.load(file)
work = {"scipy": scipy_loop, "evidently": evidently_preset, "chunks": chunk_metrics}[sys.argv[1]]
print(json.dumps(work(directory, shape)))
