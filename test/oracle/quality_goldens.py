"""Writes test/stats/quality-goldens.json: the formulas of src/stats/level-evidence.ts and all-alike-chance.ts, again.

    python test/oracle/quality_goldens.py

Needs numpy and scipy; takes a second. Levels: the prediction interval of SciPy's t distribution on logarithms, with a
variance of at least that of a Poisson count. All alike: the multinomial chance of each outcome in which one bin has all.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
from scipy.stats import multinomial, t

SEED = 20260721
rng = np.random.default_rng(SEED)


def level(value, windows):
    k = len(windows)
    if k < 8:
        return None
    y = np.log(np.array(windows, dtype=float) + 0.5)
    usual = max(0.0, np.exp(np.mean(y)) - 0.5)
    variance = max(np.var(y, ddof=1), 1 / (usual + 0.5))
    ahead = t(df=k - 1, loc=np.mean(y), scale=np.sqrt(variance * (1 + 1 / k)))
    now = np.log(value + 0.5)
    return {"usual": float(usual), "pLower": float(ahead.cdf(now)), "pHigher": float(ahead.sf(now))}


def all_alike(reference, rows):
    share = np.array(reference, dtype=float) / np.sum(reference)
    outcomes = np.eye(len(share), dtype=int) * rows
    return float(np.sum([multinomial.pmf(outcome, n=rows, p=share) for outcome in outcomes]))


levels = []
for _ in range(60):
    k = int(rng.integers(5, 40))
    mean = 10 ** rng.uniform(0, 5)
    windows = [float(x) for x in rng.poisson(mean * np.exp(rng.normal(0, rng.choice([0, 0.1, 0.6]), size=k)))]
    value = float(np.round(mean * 10 ** rng.uniform(-2, 1)))
    levels.append({"value": value, "windows": windows, "answer": level(value, windows)})
for value, windows in [(0, [500] * 14), (500, [500] * 14), (0, [0] * 9), (3, [0] * 9), (86400, [1.5, 2, 60, 3, 2, 1, 0.25, 7]), (1, [1] * 7)]:
    levels.append({"value": float(value), "windows": [float(x) for x in windows], "answer": level(value, windows)})

alike = []
for _ in range(40):
    bins = int(rng.integers(2, 30))
    reference = [int(x) for x in rng.multinomial(int(rng.integers(50, 5000)), rng.dirichlet(np.full(bins, 0.4)))]
    rows = int(rng.integers(2, 200))
    alike.append({"reference": reference, "rows": rows, "answer": all_alike(reference, rows)})
for reference, rows in [([50, 50], 3), ([1, 999], 30), ([7], 40), ([0, 5, 0], 500)]:
    alike.append({"reference": reference, "rows": rows, "answer": all_alike(reference, rows)})

goldens = {
    "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
    "seed": SEED,
    "level": levels,
    "alike": alike,
}
lines = [f'"{key}": [\n' + ",\n".join(json.dumps(one) for one in value) + "\n]" if isinstance(value, list) else f'"{key}": {json.dumps(value)}' for key, value in goldens.items()]
path = pathlib.Path(__file__).parent.parent / "stats" / "quality-goldens.json"
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
