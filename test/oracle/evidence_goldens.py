"""Writes test/stats/window-evidence-goldens.json: the formulas in the docstrings of src/stats/window-evidence.ts, again.

    python test/oracle/evidence_goldens.py

Needs numpy and scipy; takes a second. Every case is random from a recorded seed, or an edge. Three details that the
prose leaves open are as in the code: logarithms are taken of values of at least 1e-12; the pooled rate that noise is
reckoned from has half a row on either side, (S + 1/2)/(R + 1), while `expected` is S/R; and the medians of rows are of
all windows when windows are chosen, of the chosen ones when the size is bounded.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
from scipy.stats import poisson, t

SEED = 20260720
rng = np.random.default_rng(SEED)


def usable(windows, rows_at):
    rows = np.array([window[rows_at] for window in windows], dtype=float)
    if len(rows) == 0:
        return []
    least = max(20, np.median(rows) / 5)
    return [window for window, count in zip(windows, rows) if count >= least]


def psi_noise_floor(reference, rows):
    reference = np.array(reference, dtype=float)
    total, bins = reference.sum(), len(reference)
    if total == 0 or rows <= 0:
        return 0.0
    share = reference / total
    smoothed = (reference + 0.5) / (total + bins / 2)
    expected = (bins - 1) / total
    for p, b in zip(share, smoothed):
        mean = rows * p
        if mean > 30:
            expected += (1 - p) / rows
            continue
        # The whole distribution, as far as doubles go: the code stops at mean + 8 sd + 12.
        seen = np.arange(0, 400)
        a = (seen + 0.5) / (rows + bins / 2)
        expected += np.sum(poisson.pmf(seen, mean) * (a - b) * np.log(a / b))
    return float(expected)


def floor_of(floor):
    if floor["kind"] == "psi":
        return lambda rows: psi_noise_floor(floor["reference"], rows)
    return lambda rows: floor["scale"] * np.sqrt(1 / rows + 1 / floor["total"])


def divergence(value, rows, windows, floor, power):
    chosen = usable(windows, 1)
    k = len(chosen)
    if k < 8:
        return None
    s = np.array([window[0] for window in chosen])
    sizes = np.array([window[1] for window in chosen])
    e = floor_of(floor)
    floors = np.array([e(size) for size in sizes])
    between = max(0.0, np.mean(s) ** power - np.mean(floors) ** power)
    m = min(rows, 2 * np.median(sizes))
    base = between + floors**power
    ratio = np.divide(between + e(m) ** power, base, out=np.zeros(k), where=base > 0)
    scaled = s * ratio ** (1 / power)
    y = np.log(np.maximum(scaled, 1e-12))
    deviation = max(np.std(y, ddof=1), 0.15)
    score = (np.log(max(value, 1e-12)) - np.mean(y)) / (deviation * np.sqrt(1 + 1 / k))
    return {"expected": float(np.mean(scaled)), "pValue": float(t.sf(score, k - 1)), "windows": k}


def spread_test(value, noise, values, variances):
    k = len(values)
    between = max(0.0, np.var(values, ddof=1) - np.mean(variances))
    spread = np.sqrt(between * (1 + 1 / k) + noise)
    difference = value - np.mean(values)
    if spread == 0:
        return 0.0 if difference > 0 else 1.0
    return float(t.sf(difference / spread, k - 1))


def rate(successes, rows, windows):
    chosen = usable(windows, 1)
    if len(chosen) < 8 or rows <= 0:
        return None
    hits, sizes = (np.array(column, dtype=float) for column in zip(*chosen))
    pooled = (hits.sum() + 0.5) / (sizes.sum() + 1)

    def noise(m):
        return 1 / (m * pooled + 0.5) + 1 / (m * (1 - pooled) + 0.5)

    def logit(s, m):
        return np.log((s + 0.5) / (m - s + 0.5))

    p = spread_test(logit(successes, rows), noise(rows), logit(hits, sizes), noise(sizes))
    return {"expected": float(hits.sum() / sizes.sum()), "pValue": p, "windows": len(chosen)}


def estimate(value, variance, windows):
    if len(windows) < 8:
        return None
    values, variances = (np.array(column, dtype=float) for column in zip(*windows))
    return {"expected": float(np.mean(values)), "pValue": spread_test(value, variance, values, variances), "windows": len(windows)}


def draw_windows(count, scale):
    return [[float(scale * rng.lognormal(0, 0.6)), int(rng.integers(5, 600))] for _ in range(count)]


def draw_floor():
    if rng.random() < 0.5:
        weights = rng.dirichlet(np.full(int(rng.integers(2, 60)), 0.7))
        return {"kind": "psi", "reference": rng.multinomial(int(rng.integers(500, 40000)), weights).tolist()}
    return {"kind": "sqrt", "scale": float(rng.uniform(0.1, 3)), "total": int(rng.integers(500, 40000))}


def divergence_cases():
    cases = []
    for _ in range(60):
        scale = float(10 ** rng.uniform(-3, 0))
        cases.append((float(scale * rng.lognormal(0.3, 1)), int(rng.integers(1, 3000)), draw_windows(int(rng.integers(8, 120)), scale), draw_floor(), int(rng.integers(1, 3))))
    sqrt = {"kind": "sqrt", "scale": 0.8, "total": 10_000}
    none = {"kind": "sqrt", "scale": 0.0, "total": 10_000}
    seven, eight = draw_windows(7, 0.1), [[0.1 * (1 + i / 10), 100 + i] for i in range(8)]
    equal = [[0.1, 180] for _ in range(20)]
    cases += [
        (0.1, 180, [], sqrt, 2),
        (0.1, 180, [[value, 200] for value, _ in seven], sqrt, 2),
        (0.1, 180, eight, sqrt, 2),
        (0.1, 180, eight[:7] + [[0.2, 19]], sqrt, 2),
        (0.1, 180, eight[:7] + [[0.2, 20]], sqrt, 2),
        (0.1, 180, [[value, 1000] for value, _ in eight] + [[0.3, 199], [0.4, 200]], sqrt, 1),
        (0.1, 180, equal, sqrt, 2),
        (0.1, 180, equal, sqrt, 1),
        (0.2, 180, equal, sqrt, 2),
        (0.0, 180, equal, sqrt, 2),
        (0.0, 180, [[0.0, 180] for _ in range(10)], none, 2),
        (0.5, 180, [[0.0, 180] for _ in range(10)], none, 1),
        (0.5, 180, [[0.0, 180] for _ in range(10)], sqrt, 1),
        (0.1, 10_000_000, eight, sqrt, 2),
        (0.1, 1, eight, sqrt, 2),
        (1e-300, 180, eight, sqrt, 1),
        (1e6, 180, eight, sqrt, 1),
        # Less than noise between the windows: B is 0.
        (0.05, 180, [[0.01 * (1 + i / 20), 150 + i] for i in range(30)], sqrt, 2),
        (0.05, 180, [[0.01 * (1 + i / 20), 150 + i] for i in range(30)], sqrt, 1),
    ]
    return [{"value": v, "rows": r, "windows": w, "floor": f, "power": p, "answer": divergence(v, r, w, f, p)} for v, r, w, f, p in cases]


def floor_cases():
    cases = [([0, 0, 0], 100), ([5, 5], 0), ([5, 5], -1), ([100], 50), ([1, 0], 1), ([1, 1, 0, 0, 0], 3), ([5000] * 10, 299), ([5000] * 10, 300), ([5000] * 10, 301), ([100, 10_000, 0], 500)]
    for _ in range(40):
        weights = rng.dirichlet(np.full(int(rng.integers(2, 200)), float(rng.uniform(0.1, 3))))
        cases.append((rng.multinomial(int(rng.integers(100, 50000)), weights).tolist(), int(rng.integers(1, 5000))))
    return [{"reference": reference, "rows": rows, "answer": psi_noise_floor(reference, rows)} for reference, rows in cases]


def rate_cases():
    cases = []
    for _ in range(60):
        p = float(10 ** rng.uniform(-4, -0.3))
        windows = []
        for _ in range(int(rng.integers(8, 120))):
            size = int(rng.integers(5, 600))
            windows.append([int(rng.binomial(size, min(1, p * rng.lognormal(0, 0.3)))), size])
        rows = int(rng.integers(1, 3000))
        cases.append((int(rng.binomial(rows, min(1, 1.5 * p))), rows, windows))
    eight = [[i, 100] for i in range(8)]
    cases += [
        (3, 100, []),
        (3, 100, eight[:7]),
        (3, 100, eight),
        (3, 100, eight[:7] + [[1, 19]]),
        (0, 0, eight),
        (3, -1, eight),
        (0, 100, [[0, 100]] * 10),
        (100, 100, [[0, 100]] * 10),
        (1, 100, [[0, 100]] * 10),
        (100, 100, [[100, 100]] * 10),
        (50, 100, [[50, 100]] * 10),
        (1, 1, eight),
    ]
    return [{"successes": s, "rows": r, "windows": w, "answer": rate(s, r, w)} for s, r, w in cases]


def estimate_cases():
    cases = []
    for _ in range(40):
        centre, spread = float(rng.normal(0, 2)), float(10 ** rng.uniform(-3, 0))
        windows = [[float(rng.normal(centre, spread)), float(spread**2 * rng.uniform(0, 2))] for _ in range(int(rng.integers(8, 120)))]
        cases.append((float(rng.normal(centre, 2 * spread)), float(spread**2 * rng.uniform(0, 2)), windows))
    same = [[0.9, 0.0]] * 10
    cases += [(0.5, 0.1, []), (0.5, 0.1, [[0.4, 0.1]] * 7), (0.5, 0.1, [[0.4, 0.1]] * 8), (0.5, 0.0, [[0.5, 0.0]] * 8), (1.0, 0.0, [[0.5, 0.0]] * 8), (0.25, 0.0, [[0.5, 0.0]] * 8), (0.95, 1e-4, same)]
    return [{"value": v, "variance": s, "windows": w, "answer": estimate(v, s, w)} for v, s, w in cases]


def main():
    out = pathlib.Path(__file__).parent.parent / "stats" / "window-evidence-goldens.json"
    groups = {"divergence": divergence_cases(), "floor": floor_cases(), "rate": rate_cases(), "estimate": estimate_cases()}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    body = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in groups.items())
    out.write_text(f'{{\n"versions": {json.dumps(versions)},\n"seed": {SEED},\n{body}\n}}\n')
    print({name: len(cases) for name, cases in groups.items()}, out)


if __name__ == "__main__":
    main()
