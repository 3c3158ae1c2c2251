"""Writes test/stats/histogram-drift-goldens.json: distances between two histograms and between raw samples, by SciPy,
and permutation nulls counted out in full.

    python test/oracle/histogram_drift_goldens.py

Needs numpy and scipy; takes a few seconds. Every case is random from a recorded seed, or an edge.

The enumerated nulls deal the pooled rows of small tables in every possible way (multivariate hypergeometric): exact
means of the distances, and the exact distribution of one bin's change, which the code has in closed form.
"""

import itertools
import json
import pathlib
import platform
from fractions import Fraction
from math import comb

import numpy as np
import scipy
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy, hypergeom, ks_2samp, wasserstein_distance

SEED = 20261121
rng = np.random.default_rng(SEED)


def shares(counts, prior):
    counts = np.array(counts, dtype=float)
    return (counts + prior) / (counts.sum() + prior * len(counts))


def distances(p, q):
    divergence = jensenshannon(p, q) ** 2
    kl = entropy(q, p)
    return {
        "jensenShannon": float(divergence),
        "jensenShannonDistance": float(jensenshannon(p, q, base=2)),
        "hellinger": float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
        "kullbackLeibler": float(kl) if np.isfinite(kl) else None,
    }


def histogram_cases():
    pairs = [([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]), ([4, 2, 0], [1, 1, 4]), ([10, 0], [0, 10]), ([1, 0], [1, 1]), ([50, 30, 20], [40, 35, 25])]
    for _ in range(25):
        bins = int(rng.integers(2, 40))
        weights = rng.dirichlet(np.full(bins, 0.8))
        other = 0.7 * weights + 0.3 * rng.dirichlet(np.full(bins, 0.8))
        pairs.append((rng.multinomial(int(rng.integers(20, 40_000)), weights).tolist(), rng.multinomial(int(rng.integers(5, 3000)), other).tolist()))
    cases = []
    for a, b in pairs:
        raw_p, raw_q = shares(a, 0), shares(b, 0)
        changes = np.abs(raw_p - raw_q)
        cases.append(
            {
                "reference": a,
                "current": b,
                "smoothed": distances(shares(a, 0.5), shares(b, 0.5)),
                "unsmoothed": distances(raw_p, raw_q),
                "totalVariation": float(variation(raw_p, raw_q)),
                "largestChange": float(changes.max()),
            }
        )
    return cases


def variation(p, q):
    """1 less what the two have in common: another way to the same number."""
    return 1 - np.minimum(p, q).sum()


def change_cases():
    """The change of one bin's share when its rows are dealt at random: mean, variance and tails, by SciPy's hypergeometric."""
    cases = []
    sizes = [(30, 12, 9), (5000, 50, 505), (5000, 50, 3), (50, 5000, 700), (300, 300, 1), (300, 300, 599), (20_000, 900, 20_000), (100_000, 2000, 12_345)]
    for n, m, total in sizes:
        law = hypergeom(n + m, total, m)
        b = np.arange(max(0, total - n), min(m, total) + 1)
        mass = law.pmf(b)
        change = np.abs((total - b) / n - b / m)
        mean = float((mass * change).sum())
        variance = float((mass * (change - mean) ** 2).sum())
        spread = np.sqrt(variance + mean**2)
        tails = []
        for multiple in [0, 0.5, 1, 2, 3, 5]:
            distance = float(multiple * spread)
            tails.append([distance, float(mass[change >= distance * (1 - 1e-12)].sum())])
        # At a possible change itself: ties count.
        at = float(change[len(change) // 3])
        tails.append([at, float(mass[change >= at * (1 - 1e-12)].sum())])
        cases.append({"n": n, "m": m, "total": total, "mean": mean, "variance": variance, "tails": tails})
    return cases


def deals(totals, m):
    """Every way to deal m of the pooled rows to the current side, with the number of ways."""
    for b in itertools.product(*(range(t + 1) for t in totals)):
        if sum(b) == m:
            ways = 1
            for t, k in zip(totals, b):
                ways *= comb(t, k)
            yield b, ways


def enumerated(a, b):
    totals = [x + y for x, y in zip(a, b)]
    n, m = sum(a), sum(b)
    mean_largest, mean_variation = Fraction(0), Fraction(0)

    def numbers(current):
        reference = [t - k for t, k in zip(totals, current)]
        changes = [abs(Fraction(x, n) - Fraction(y, m)) for x, y in zip(reference, current)]
        pearson = sum(Fraction((x * m - y * n) ** 2, x + y) for x, y in zip(reference, current) if x + y > 0)
        return max(changes), sum(changes) / 2, pearson

    seen = numbers(b)
    everything = 0
    reached = [0, 0, 0]
    for current, ways in deals(totals, m):
        everything += ways
        for i, value in enumerate(numbers(current)):
            reached[i] += ways * (value >= seen[i])
            if i == 1:
                mean_variation += ways * value
            if i == 0:
                mean_largest += ways * value
    return {
        "reference": a,
        "current": b,
        "largestChange": float(Fraction(reached[0], everything)),
        "totalVariation": float(Fraction(reached[1], everything)),
        "chiSquare": float(Fraction(reached[2], everything)),
        "meanLargestChange": float(mean_largest / everything),
        "meanTotalVariation": float(mean_variation / everything),
    }


def enumerated_cases():
    tables = [([8, 6, 4], [1, 3, 5]), ([10, 10], [2, 8]), ([30, 3], [6, 4]), ([12, 9, 6, 3], [3, 3, 3, 6]), ([6, 6, 6, 6, 6], [5, 1, 1, 2, 1]), ([20, 1, 1, 0], [6, 0, 0, 2])]
    return [enumerated(a, b) for a, b in tables]


def sample_cases():
    samples = [([0.0, 1.0, 3.0], [5.0, 6.0, 8.0]), ([2.0], [5.0]), ([1.0, 1.0], [1.0, 1.0, 1.0]), ([-0.0, 0.0], [0.0, 1.0])]
    for _ in range(12):
        n, m = int(rng.integers(1, 120)), int(rng.integers(1, 120))
        x, y = rng.normal(0, 3, n), rng.standard_t(2, m) + 0.5
        # Half of the cases have ties within and across the samples.
        if rng.random() < 0.5:
            x, y = np.round(x), np.round(y)
        samples.append((x.tolist(), y.tolist()))
    cases = []
    for x, y in samples:
        ks = ks_2samp(x, y, method="exact")
        edges = sorted({float(np.quantile(x, level, method="inverted_cdf")) for level in (0.2, 0.4, 0.6, 0.8)})
        cuts = [-np.inf, *edges, np.inf]
        counts = [[int(sum(low < v <= high for v in side)) for low, high in zip(cuts, cuts[1:])] for side in (x, y)]
        p, q = shares(counts[0], 0.5), shares(counts[1], 0.5)
        cases.append(
            {
                "x": x,
                "y": y,
                "wasserstein": float(wasserstein_distance(x, y)),
                "ks": float(ks.statistic),
                "ksPValue": float(ks.pvalue),
                "edges": edges,
                "psi": float(entropy(p, q) + entropy(q, p)),
            }
        )
    return cases


def g_test_cases():
    """For large counts every divergence's p-value nears that of the contingency test of its own family."""
    cases = []
    for _ in range(8):
        bins = int(rng.integers(2, 12))
        weights = rng.dirichlet(np.full(bins, 20.0))
        moved = 0.985 * weights + 0.015 * rng.dirichlet(np.full(bins, 5.0))
        a, b = rng.multinomial(60_000, weights).tolist(), rng.multinomial(40_000, moved).tolist()
        pearson = chi2_contingency([a, b], correction=False)
        cases.append({"reference": a, "current": b, "pValue": float(pearson.pvalue)})
    return cases


def main():
    out = pathlib.Path(__file__).parent.parent / "stats" / "histogram-drift-goldens.json"
    groups = {"histograms": histogram_cases(), "changes": change_cases(), "enumerated": enumerated_cases(), "samples": sample_cases(), "large": g_test_cases()}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    body = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in groups.items())
    out.write_text(f'{{\n"versions": {json.dumps(versions)},\n"seed": {SEED},\n{body}\n}}\n')
    print({name: len(cases) for name, cases in groups.items()}, out)


if __name__ == "__main__":
    main()
