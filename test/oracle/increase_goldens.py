"""Writes test/stats/increase-goldens.json: mid-p-values of an increase between two proportions, by SciPy.

    python test/oracle/increase_goldens.py

Needs numpy and scipy; takes a second. Every case is random from a recorded seed, or an edge.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
from scipy.stats import hypergeom

SEED = 20261121
rng = np.random.default_rng(SEED)


def mid_p(s, n, t, m):
    total = s + t
    return float(hypergeom.sf(t, n + m, total, m) + hypergeom.pmf(t, n + m, total, m) / 2)


cases = [(0, 5, 0, 3), (5, 5, 3, 3), (0, 1, 1, 1), (1, 1, 0, 1), (100, 5000, 20, 500), (0, 20000, 3, 200), (200_000, 1_000_000, 201_000, 1_000_000)]
for _ in range(60):
    n, m = int(rng.integers(1, 20_000)), int(rng.integers(1, 2000))
    share = float(rng.beta(0.6, 2))
    cases.append((int(rng.binomial(n, share)), n, int(rng.binomial(m, min(1, share * rng.uniform(0.7, 1.5)))), m))
out = {
    "made_by": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "seed": SEED},
    "cases": [[s, n, t, m, mid_p(s, n, t, m)] for s, n, t, m in cases],
}
path = pathlib.Path(__file__).parents[1] / "stats" / "increase-goldens.json"
path.write_text(json.dumps(out) + "\n")
