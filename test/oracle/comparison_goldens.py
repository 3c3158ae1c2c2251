"""Writes test/stats/comparison-goldens.json: changes in series of buckets, and champion against challenger.

    python test/oracle/comparison_goldens.py

Needs numpy, scipy, statsmodels and mpmath; takes a few seconds. Each figure comes by another road than the code's: ADWIN
row by row with the original program's incremental variance, and again from raw rows; areas pair by pair; the
e-process by summing over every possible beginning; run lengths by integral equations; the rest from the libraries.
Published values stand in the tests themselves.
"""

import json
import pathlib
import platform

import mpmath
import numpy as np
import scipy
import statsmodels
from numpy.polynomial.legendre import leggauss
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

SEED = 20261121
rng = np.random.default_rng(SEED)
mpmath.mp.dps = 40


# ADWIN ---------------------------------------------------------------------------------------------------------------


def adwin_rows(values, delta):
    """Row by row, looking after each: rows of totals and variances by power of two, incremental total variance."""
    rows = [[]]  # rows[i]: buckets of 2^i values as [total, variance], oldest first
    total = variance = 0.0
    width = 0
    alarms = []

    def drop():
        nonlocal total, variance, width
        level = len(rows) - 1
        n1 = 2**level
        first = rows[level].pop(0)
        width -= n1
        total -= first[0]
        variance -= first[1] + n1 * width * (first[0] / n1 - total / width) ** 2 / (n1 + width)
        while len(rows) > 1 and not rows[-1]:
            rows.pop()

    def must_cut():
        n0, u0 = 0, 0.0
        for level in range(len(rows) - 1, -1, -1):
            for k, bucket in enumerate(rows[level]):
                n0 += 2**level
                u0 += bucket[0]
                n1, u1 = width - n0, total - u0
                if level == 0 and k == len(rows[0]) - 1:
                    return False
                if n0 <= 6 or n1 <= 6:
                    continue
                log_delta = np.log(2 * np.log(width) / delta)
                m = 1 / (n0 - 4) + 1 / (n1 - 4)
                epsilon = np.sqrt(2 * m * variance / width * log_delta) + 2 / 3 * log_delta * m
                if abs(u0 / n0 - u1 / n1) > epsilon:
                    return True
        return False

    for index, value in enumerate(values):
        width += 1
        rows[0].append([value, 0.0])
        if width > 1:
            variance += (width - 1) * (value - total / (width - 1)) ** 2 / width
        total += value
        level = 0
        while len(rows[level]) > 5:
            (t1, v1), (t2, v2) = rows[level].pop(0), rows[level].pop(0)
            if level + 1 == len(rows):
                rows.append([])
            n = 2**level
            rows[level + 1].append([t1 + t2, v1 + v2 + n * (t1 / n - t2 / n) ** 2 / 2])
            level += 1
        changed = False
        while width > 10 and must_cut():
            changed = True
            drop()
        if changed:
            alarms.append(index)
    return {"alarms": alarms, "width": width, "mean": total / width}


def adwin_buckets(buckets, delta, scale):
    """Buckets of any size, every figure from the raw rows."""
    runs = []  # [level, first bucket's index, rows], oldest first
    changes = []

    def cuts():
        everything = np.concatenate([run[2] for run in runs])
        found = []
        n0 = 0
        for older, newer in zip(runs, runs[1:]):
            n0 += len(older[2])
            n1 = len(everything) - n0
            if n0 < 7 or n1 < 7:
                continue
            before, after = everything[:n0].mean(), everything[n0:].mean()
            log_delta = np.log(2 * np.log(n0 + n1) / delta)
            m = 1 / (n0 - 4) + 1 / (n1 - 4)
            epsilon = np.sqrt(2 * m * everything.var() * log_delta) + 2 / 3 * scale * log_delta * m
            found.append((n0 * n1 / (n0 + n1) * (after - before) ** 2, newer[1], before, after, abs(after - before) > epsilon))
        return found

    for index, bucket in enumerate(buckets):
        runs.append([0, index, np.array(bucket, dtype=float)])
        level = 0
        while sum(run[0] == level for run in runs) > 5:
            at = next(i for i, run in enumerate(runs) if run[0] == level)
            runs[at : at + 2] = [[level + 1, runs[at][1], np.concatenate([runs[at][2], runs[at + 1][2]])]]
            level += 1
        found = cuts()
        first = True
        while any(cut[4] for cut in found):
            if first:
                best = max(found)
                changes.append([index, best[1], float(best[2]), float(best[3])])
            first = False
            runs.pop(0)
            found = cuts()
    everything = np.concatenate([run[2] for run in runs])
    return {"changes": changes, "n": len(everything), "mean": float(everything.mean()), "spread": float(everything.var() * len(everything))}


def adwin_cases():
    bits = lambda *parts: np.concatenate([(rng.random(n) < p).astype(float) for n, p in parts])
    rows = [
        (bits((1500, 0.1)), 0.002),
        (bits((600, 0.1), (600, 0.4)), 0.002),
        (bits((400, 0.5), (300, 0.1), (400, 0.6)), 0.01),
        (np.round(np.concatenate([rng.random(500), 0.3 + 0.7 * rng.random(500)]), 4), 0.002),
        (np.full(200, 0.25), 0.002),
    ]
    by_row = [{"values": values.tolist(), "delta": delta, **adwin_rows(values.tolist(), delta)} for values, delta in rows]
    by_bucket = []
    for scale, levels in ((1.0, [0.1, 0.2]), (1.0, [0.3, 0.1, 0.3]), (20.0, [30.0, 36.0])):
        buckets = []
        for level in levels:
            for _ in range(60):
                size = int(rng.integers(1, 80))
                draw = (rng.random(size) < level).astype(float) if scale == 1 else rng.normal(level, 10, size).round(3)
                buckets.append(draw.tolist())
        sums = [[len(b), float(np.sum(b)), float(np.sum(np.square(b)))] for b in buckets]
        by_bucket.append({"buckets": sums, "delta": 0.002, "range": scale, **adwin_buckets(buckets, 0.002, scale)})
    return {"byRow": by_row, "byBucket": by_bucket}


# Residuals and charts ------------------------------------------------------------------------------------------------


def residual_cases():
    cases = []
    for n, p in ((1, 0.3), (2, 0.5), (20, 0.001), (100, 0.02), (100, 0.3), (1000, 0.1), (50_000, 0.004)):
        centre, spread = n * p, np.sqrt(n * p * (1 - p))
        for k in sorted({0, n, *(int(min(n, max(0, round(centre + z * spread)))) for z in (-6, -3, -1, 0, 1, 3, 8))}):
            half = stats.binom.pmf(k, n, p) / 2
            upper = stats.binom.sf(k, n, p) + half
            lower = stats.binom.cdf(k - 1, n, p) + half
            tail = upper if k > n * p else lower
            if tail > 1e-290:
                cases.append([k, n, p, float(stats.norm.isf(upper) if k > n * p else stats.norm.ppf(lower))])
    return cases


def cusum_run(k, h, shift, nodes=60):
    """The mean run to an alarm of a one-sided CUSUM from 0: Page's integral equation, Gauss-Legendre."""
    x, w = leggauss(nodes)
    x, w = (x + 1) * h / 2, w * h / 2
    at = np.concatenate([[0.0], x])
    system = np.eye(nodes + 1)
    system[:, 0] -= stats.norm.cdf(k - at - shift)
    system[:, 1:] -= w * stats.norm.pdf(x[None, :] + k - at[:, None] - shift)
    return np.linalg.solve(system, np.ones(nodes + 1))[0]


def ewma_run(weight, limit, shift, nodes=100):
    """The mean run to an alarm of an EWMA from 0 (Crowder 1987)."""
    x, w = leggauss(nodes)
    edge = limit * np.sqrt(weight / (2 - weight))
    x, w = x * edge, w * edge
    kernel = lambda from_: w / weight * stats.norm.pdf((x[None, :] - (1 - weight) * from_) / weight - shift)
    runs = np.linalg.solve(np.eye(nodes) - kernel(x[:, None]), np.ones(nodes))
    return float(1 + (kernel(np.array([[0.0]])) @ runs)[0])


def chart_cases():
    def cusum(k, h, shift):
        return float(1 / (1 / cusum_run(k, h, shift) + 1 / cusum_run(k, h, -shift)))

    def alarms(run, size):
        """The share of runs of 1,000 buckets with an alarm, the reference having `size` times a bucket's rows."""
        offsets, weights = np.polynomial.hermite_e.hermegauss(15)
        return float(sum(w * -np.expm1(-1000 / run(x / np.sqrt(size))) for x, w in zip(offsets, weights / weights.sum())))

    shifts = [0, 0.5, 1, 1.5, 2, 3]
    return {
        # Published: 168 at h = 4 and 465 at h = 5 (Lucas and Crosier 1982), 500 at limit 2.814 (Lucas and Saccucci 1990).
        "known": [cusum(0.5, 4, 0), cusum(0.5, 5, 0), ewma_run(0.1, 2.814, 0)],
        "cusum": [[shift, cusum(0.5, 11.5, shift)] for shift in shifts],
        "ewma": [[shift, ewma_run(0.1, 4.6, shift)] for shift in shifts],
        "cusumAlarms": [[size, alarms(lambda shift: cusum(0.5, 11.5, shift), size)] for size in (1e12, 200, 100, 50)],
        "ewmaAlarms": [[size, alarms(lambda shift: ewma_run(0.1, 4.6, shift), size)] for size in (1e12, 200, 100, 50)],
    }


# The e-process for a rate --------------------------------------------------------------------------------------------


def rate_change_cases():
    shifts = [0.1, 0.2, 0.4, 0.8, 1.6, -0.1, -0.2, -0.4, -0.8, -1.6]
    cases = []
    for low, high, rates in ((0.1, 0.1, [0.1] * 25 + [0.13] * 15), (0.02, 0.03, [0.025] * 20), (0.4, 0.5, [0.3] * 6)):
        buckets = []
        for rate in rates:
            n = int(rng.integers(1, 120))
            buckets.append([int(rng.binomial(n, rate)), n])
        logs = []
        tail = lambda t: 1 / (1 + mpmath.log(1 + t))
        for t in range(1, len(buckets) + 1):
            e = tail(t)
            for shift in shifts:
                p = mpmath.mpf(high if shift > 0 else low)
                odds = p / (1 - p) * mpmath.exp(shift)
                q = odds / (1 + odds)
                for begin in range(1, t + 1):
                    ratio = tail(begin - 1) - tail(begin)
                    for successes, n in buckets[begin - 1 : t]:
                        ratio *= (q / p) ** successes * ((1 - q) / (1 - p)) ** (n - successes)
                    e += ratio / len(shifts)
            logs.append(float(mpmath.log(e)))
        cases.append({"low": low, "high": high, "buckets": buckets, "logE": logs})
    return cases


# Sequences -----------------------------------------------------------------------------------------------------------


def bernoulli_log_e(s, n, p, alpha, tuned):
    doubled = 2 * mpmath.log(1 / mpmath.mpf(alpha))
    prior = max(tuned / (doubled + mpmath.log(1 + doubled)) - 1, mpmath.mpf("1e-3"))
    p = mpmath.mpf(p)
    mixed = mpmath.beta(prior * p + s, prior * (1 - p) + n - s) / mpmath.beta(prior * p, prior * (1 - p))
    return float(mpmath.log(mixed) - s * mpmath.log(p) - (n - s) * mpmath.log(1 - p))


def sequence_cases():
    """The asymptotic sequence as it is usually written, with its e-value."""
    cases = []
    for _ in range(30):
        n = int(10 ** rng.uniform(0.5, 6))
        difference, error = float(rng.normal()), float(10 ** rng.uniform(-3, 0))
        alpha, tuned = float(rng.choice([0.001, 0.01, 0.05, 0.2])), int(10 ** rng.uniform(2, 6))
        r = np.sqrt((-2 * np.log(alpha) + np.log(1 - 2 * np.log(alpha))) / tuned)
        reach = np.sqrt(error**2 * n) * np.sqrt(2 * (n * r**2 + 1) / (n * r) ** 2 * np.log(np.sqrt(n * r**2 + 1) / alpha))
        z = difference / error
        log_e = r**2 * z**2 * n / (2 * (n * r**2 + 1)) - np.log(n * r**2 + 1) / 2
        cases.append([difference, error, n, alpha, tuned, float(difference - reach), float(difference + reach), float(log_e)])
    return cases


def bernoulli_cases():
    cases = []
    for n in (1, 2, 10, 200, 5000, 200_000):
        for p in (0.01, 0.3, 0.5):
            s = int(rng.binomial(n, p * 1.1))
            for alpha, tuned in ((0.05, 100), (0.01, 5), (0.05, 20_000)):
                cases.append([s, n, p, alpha, tuned, bernoulli_log_e(s, n, p, alpha, tuned)])
    return cases


def uplift(a, b):
    """Ratio of two means less 1 with its delta-method error, from (mean, variance, n) of each."""
    (ma, va, na), (mb, vb, nb) = a, b
    return [mb / ma - 1, float(np.sqrt(vb / (ma**2 * nb) + va * mb**2 / (ma**4 * na))), na + nb]


def published_uplifts():
    share = lambda s, n: (s / n, s / n * (1 - s / n), n)
    mean = lambda s, ss, n: (s / n, (ss - s**2 / n) / (n - 1), n)
    return [uplift(share(1396, 3000), share(2422, 3461)), uplift(mean(1396.87, 52377.9767, 3000), mean(2422.7, 134698.29, 3461))]


# Fixed looks ---------------------------------------------------------------------------------------------------------


def welch_cases():
    cases = []
    for n, m in ((2, 2), (2, 30), (40, 11), (5000, 700)):
        x, y = rng.normal(3, 2, n), rng.gamma(2, 1.7, m)
        found = stats.ttest_ind(y, x, equal_var=False)
        low, high = CompareMeans(DescrStatsW(y), DescrStatsW(x)).tconfint_diff(0.1, usevar="unequal")
        sample = lambda v: {"n": len(v), "mean": float(v.mean()), "variance": float(v.var(ddof=1))}
        cases.append({"champion": sample(x), "challenger": sample(y), "t": float(found.statistic), "df": float(found.df), "pValue": float(found.pvalue), "low": float(low), "high": float(high)})
    return cases


def mcnemar_cases():
    cases = []
    for b, c, rows in ((0, 1, 1), (0, 5, 9), (1, 1, 2), (3, 12, 50), (12, 3, 50), (25, 40, 1000), (500, 600, 20_000), (120_000, 121_500, 4_000_000)):
        chi = mcnemar([[rows, b], [c, 0]], exact=False, correction=False)
        least = min(b, c)
        mid = 1.0 if b == c else float(2 * stats.binom.cdf(least, b + c, 0.5) - stats.binom.pmf(least, b + c, 0.5))
        cases.append([b, c, rows, mid, float(chi.statistic), float(chi.pvalue)])
    return cases


def delong_pairs(positive, negative):
    """Placements and area of each version from every pair; rows of the arguments are versions."""
    wins = np.where(positive[:, :, None] > negative[:, None, :], 1.0, np.where(positive[:, :, None] == negative[:, None, :], 0.5, 0.0))
    return wins.mean(axis=2), wins.mean(axis=1), wins.mean(axis=(1, 2))


def paired_auc_cases():
    cases = []
    for p, n, step in ((2, 2, 10), (15, 40, 10), (60, 200, 100), (30, 30, 3), (40, 300, 10_000)):
        base = np.concatenate([rng.normal(1, 1, p), rng.normal(0, 1, n)])
        scores = np.stack([base + rng.normal(0, 0.6, p + n), base + rng.normal(0, 0.4, p + n)])
        scores = np.round(scores * step) / step
        v10, v01, area = delong_pairs(scores[:, :p], scores[:, p:])
        s10, s01 = np.cov(v10), np.cov(v01)
        variance = (s10[0, 0] + s10[1, 1] - 2 * s10[0, 1]) / p + (s01[0, 0] + s01[1, 1] - 2 * s01[0, 1]) / n
        cases.append({"champion": scores[0].tolist(), "challenger": scores[1].tolist(), "positives": p, "areas": area.tolist(), "standardError": float(np.sqrt(variance))})
    return cases


def split_auc_cases():
    cases = []
    for bins in (2, 10, 60):
        sides, areas, variance = [], [], 0.0
        for lift in (0.8, 1.0):
            positive = np.clip(rng.normal(bins * 0.4 + lift * bins / 6, bins / 6, 40).astype(int), 0, bins - 1)
            negative = np.clip(rng.normal(bins * 0.4, bins / 6, 160).astype(int), 0, bins - 1)
            v10, v01, area = delong_pairs(positive[None, :], negative[None, :])
            areas.append(float(area[0]))
            variance += v10[0].var(ddof=1) / 40 + v01[0].var(ddof=1) / 160
            sides.append({"positives": np.bincount(positive, minlength=bins).tolist(), "negatives": np.bincount(negative, minlength=bins).tolist()})
        cases.append({"champion": sides[0], "challenger": sides[1], "areas": areas, "standardError": float(np.sqrt(variance)), "pValue": float(2 * stats.norm.sf(abs(areas[1] - areas[0]) / np.sqrt(variance)))})
    return cases


def main():
    out = pathlib.Path(__file__).parent.parent / "stats" / "comparison-goldens.json"
    groups = {
        "adwin": adwin_cases(),
        "residual": residual_cases(),
        "charts": chart_cases(),
        "rateChange": rate_change_cases(),
        "sequence": sequence_cases(),
        "bernoulli": bernoulli_cases(),
        "uplifts": published_uplifts(),
        "welch": welch_cases(),
        "mcnemar": mcnemar_cases(),
        "pairedAuc": paired_auc_cases(),
        "splitAuc": split_auc_cases(),
    }
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "mpmath": mpmath.__version__}
    body = ",\n".join(f'"{name}": {json.dumps(cases)}' for name, cases in groups.items())
    out.write_text(f'{{\n"versions": {json.dumps(versions)},\n"seed": {SEED},\n{body}\n}}\n')
    print({name: len(cases) for name, cases in groups.items()}, groups["charts"], groups["uplifts"], [c["changes"] for c in groups["adwin"]["byBucket"]], [c["alarms"] for c in groups["adwin"]["byRow"]], sep="\n")


if __name__ == "__main__":
    main()
