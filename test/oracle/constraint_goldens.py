"""Writes test/stats/constraint-goldens.json: the formulas of excess-p-value.ts, share-upper-bound.ts and range-reach.ts, again.

    python test/oracle/constraint_goldens.py

Needs scipy and statsmodels; takes a second. Shares: SciPy's binomial tail, and statsmodels' Clopper-Pearson interval, whose upper end at
twice the risk is the one-sided bound. Reach: the chance that an exponential value lies beyond twice the largest of n less the
decile ln 10, by quadrature over the distribution of the largest.
"""

import json
import math
import pathlib
import platform

import scipy
from scipy.integrate import quad
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

tails = []
for n in [1, 2, 10, 120, 23148, 1_000_000]:
    for limit in [0.0, 1e-6, 0.0005, 0.02, 0.5, 0.999, 1.0]:
        for s in sorted({0, 1, n // 100, n // 20, n // 2, n - 1, n}):
            if 0 <= s <= n:
                tails.append([s, n, limit, float(binom.sf(s - 1, n, limit))])
bounds = []
for n in [1, 2, 30, 500, 23148]:
    for s in sorted({0, 1, 2, n // 10, n // 2, n - 1, n}):
        if 0 <= s <= n:
            for confidence in [0.95, 0.999]:
                bounds.append([s, n, confidence, float(proportion_confint(s, n, alpha=2 * (1 - confidence), method="beta")[1])])
reach = []
for n in [30, 200, 5000]:
    beyond = lambda m, n=n: min(1.0, 10 * math.exp(-2 * m)) * n * (1 - math.exp(-m)) ** (n - 1) * math.exp(-m)
    reach.append([n, float(quad(beyond, 0, 60, points=[math.log(n)], limit=500, epsabs=1e-14)[0])])

goldens = {"versions": {"python": platform.python_version(), "scipy": scipy.__version__}, "tails": tails, "bounds": bounds, "reach": reach}
lines = [f'"{key}": [\n' + ",\n".join(json.dumps(one) for one in value) + "\n]" if isinstance(value, list) else f'"{key}": {json.dumps(value)}' for key, value in goldens.items()]
path = pathlib.Path(__file__).parent.parent / "stats" / "constraint-goldens.json"
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
