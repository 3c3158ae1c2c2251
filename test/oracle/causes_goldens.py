"""Writes test/stats/causes-goldens.json: changes of a mean by the new mix of one feature's values, row by row.

    python test/oracle/causes_goldens.py

Needs numpy; takes a second. The change comes by weighting each reference row by q/p of its bin, which is another road than
the code's; its standard error by the formula of its docstring on raw rows, and beside it from 20,000 redrawn samples.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(20261121)
BINS = 10


def case(before, after, shift, binary):
    level = np.linspace(0.1, 0.9, BINS)
    p = rng.dirichlet(np.full(BINS, 5.0))
    q = np.clip(p * np.exp(shift * np.linspace(-1, 1, BINS)), 0, None)
    q /= q.sum()
    then, now = rng.choice(BINS, before, p=p), rng.choice(BINS, after, p=q)
    values = (rng.random(before) < level[then]).astype(float) if binary else rng.normal(level[then], 0.3)
    share = lambda bins: np.bincount(bins, minlength=BINS) / len(bins)
    weight = (share(now) / share(then))[then]
    change = np.average(values, weights=weight) - values.mean()
    mean = np.array([values[then == b].mean() for b in range(BINS)])
    spread = np.array([values[then == b].var(ddof=1) for b in range(BINS)])
    distance = mean - values.mean()
    variance = distance[now].var() / after + (distance[then] ** 2).mean() / before
    variance += ((share(now) - share(then)) ** 2 * spread / np.bincount(then, minlength=BINS)).sum()
    redrawn = []
    for _ in range(20_000 if before <= 2_000 else 0):
        a, b = rng.integers(0, before, before), rng.integers(0, after, after)
        rows = np.maximum(np.bincount(then[a], minlength=BINS), 1)
        means = np.bincount(then[a], weights=values[a], minlength=BINS) / rows
        redrawn.append(((share(now[b]) - share(then[a])) * means).sum())
    return {
        "rows": np.bincount(then, minlength=BINS).tolist(),
        "sums": np.bincount(then, weights=values, minlength=BINS).tolist(),
        "squares": np.bincount(then, weights=values**2, minlength=BINS).tolist(),
        "current": np.bincount(now, minlength=BINS).tolist(),
        "change": float(change),
        "standardError": float(np.sqrt(variance)),
        "redrawn": float(np.std(redrawn)) if redrawn else None,
    }


cases = [case(2_000, 300, 0.0, True), case(2_000, 300, 0.8, True), case(50_000, 5_000, -1.5, False)]
out = pathlib.Path(__file__).parent.parent / "stats" / "causes-goldens.json"
out.write_text(json.dumps({"numpy": np.__version__, "cases": cases}, indent=1) + "\n")
for one in cases:
    print({name: one[name] for name in ("change", "standardError", "redrawn")})
