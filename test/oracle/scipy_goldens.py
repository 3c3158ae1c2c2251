"""Writes test/stats/goldens.json: what SciPy, statsmodels, scikit-learn, NumPy and mpmath answer.

    python test/oracle/scipy_goldens.py

Needs numpy, scipy, scikit-learn, statsmodels and mpmath; takes about 15 seconds. The file records their versions and
the seed. Special functions come from mpmath with enough digits to be exact to the last bit of a double; every input is
a double, so that both sides are asked the same question.
"""

import json
import math
import pathlib
import platform
from fractions import Fraction

import mpmath as mp
import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import stats
from sklearn.metrics import log_loss, roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

SEED = 20260719
rng = np.random.default_rng(SEED)
mp.mp.dps = 60


def exact(value):
    return float(value)


def gamma_pair(a, x):
    """P and Q by the power series of P at a precision that leaves Q its digits."""
    with mp.workdps(400):
        a, x = mp.mpf(a), mp.mpf(x)
        term = total = mp.mpf(1)
        k = 0
        while term > total * mp.mpf(10) ** -380:
            k += 1
            term *= x / (a + k)
            total += term
        lower = mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1)) * total
        return lower, 1 - lower


def beta_lower(x, a, b):
    """I_x(a, b) by the power series whose terms are all positive."""
    x, a, b = mp.mpf(x), mp.mpf(a), mp.mpf(b)
    term = total = mp.mpf(1)
    k = 0
    while term > total * mp.mpf(10) ** -50:
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    log_scale = a * mp.log(x) + b * mp.log1p(-x) - mp.log(a)
    return mp.exp(log_scale + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)) * total


def t_tail(t, df):
    """P(T > t), t > 0, as the beta integral in the variable that keeps the tail."""
    with mp.workdps(60):
        t, df = mp.mpf(t), mp.mpf(df)
        x = df / (df + t * t)
        if df < 5000:
            return mp.betainc(df / 2, mp.mpf(1) / 2, 0, x, regularized=True) / 2
        scale = mp.exp(mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2)) / mp.sqrt(df * mp.pi)
        width = 1 / (t + 1)
        cuts = [t + i * width for i in range(101)]
        density = lambda u: mp.exp(-(df + 1) / 2 * mp.log1p(u * u / df))  # noqa: E731
        return scale * mp.quad(density, cuts, method="gauss-legendre")


def special():
    erfc = [[x, exact(mp.erfc(mp.mpf(x)))] for x in [*np.linspace(-3, 26, 117).tolist(), 1e-12, 1.9999, 2.0]]
    normal = [
        [z, exact(mp.erfc(mp.mpf(z) / mp.sqrt(2)) / 2)]
        for z in [*np.linspace(-6, 37, 87).tolist(), 21.273453560966, -1e-9]
    ]
    probabilities = [1e-300, 1e-200, 1e-100, 1e-50, 1e-20, 1e-15, 1e-10, 1e-6, 1e-3, 0.01, 0.05, 0.0749, 0.0751, 0.3]
    probabilities += [0.499999, 0.5000001, 0.7, 0.92499, 0.92501, 0.975, 0.999999]
    quantile = []
    for p in probabilities:
        with mp.workdps(340):
            if p < 0.5:
                start = mp.mpf(float(stats.norm.ppf(p)))
                root = mp.findroot(lambda z: mp.log(mp.erfc(-z / mp.sqrt(2)) / 2) - mp.log(mp.mpf(p)), start, tol=1e-60)
            else:
                root = -mp.findroot(
                    lambda z: mp.log(mp.erfc(-z / mp.sqrt(2)) / 2) - mp.log(1 - mp.mpf(p)),
                    -mp.mpf(float(stats.norm.ppf(p))),
                    tol=1e-60,
                )
            quantile.append([p, exact(root)])
    points = [1e-300, 1e-10, 0.1, 0.4999, 0.5, 0.9, 0.999999, 1.000001, 1.3, 1.5, 1.99999, 2.00001, 2.5, 3.7, 9.99]
    points += [10.0, 10.01, 57.5, 1e3, 1e6, 1e12, 1e100, 1e300]
    log_gamma = [[x, exact(mp.loggamma(mp.mpf(x)))] for x in points]
    gamma = []
    for a in [0.05, 0.5, 1, 1.5, 4.5, 50, 500, 5000, 50000]:
        for z in [-6, -3, -1, -0.1, 0, 0.1, 1, 3, 8, 20]:
            x = a + z * a**0.5 + (z * z / 2 if z > 0 else 0)
            if x > 0:
                gamma.append([a, x, *map(exact, gamma_pair(a, x))])
    for a, x in [(0.05, 1e-9), (0.5, 1e-8), (0.5, 1.49), (0.5, 1.51), (1, 650.0), (3, 600.0), (5000, 5100.0)]:
        gamma.append([a, x, *map(exact, gamma_pair(a, x))])
    gamma += [[a, x, *map(exact, gamma_pair(a, x))] for a, x in [(50000, 50250.0), (1e6, 1.001e6), (1e6, 1.02e6)]]
    beta = []
    for a, b in [(0.5, 0.5), (0.5, 20), (2, 3), (30, 0.5), (100, 100), (1000, 10), (20000, 30000)]:
        centre, spread = a / (a + b), (a * b) ** 0.5 / (a + b) ** 1.5
        for z in [-30, -12, -5, -2, -0.5, 0.5, 2, 5]:
            x = centre + z * spread
            if 0 < x < 1:
                beta.append([x, a, b, exact(beta_lower(x, a, b))])
    beta += [[1e-12, 7, 3, exact(beta_lower(1e-12, 7, 3))]]
    student = []
    for df in [0.5, 1, 2, 2.5, 9, 30, 199, 3000, 1e5, 1e7]:
        for t in [1e-6, 0.1, 0.7, 1.96, 5, 12, 36.5, 1e3, 1e20]:
            if df < 5000 or t <= 36.5:
                value = t_tail(t, df)
                if value > 1e-300:
                    student.append([t, df, exact(value)])
    student_quantile = []
    for df in [0.5, 1, 3, 9, 99.5, 2000]:
        for p in [1e-200, 1e-100, 1e-30, 1e-10, 0.001, 0.025, 0.19, 0.21, 0.4, 0.4999]:
            if df < 1 and p < 1e-100:
                continue
            with mp.workdps(50):
                start = mp.log(-stats.t.ppf(p, df)) if np.isfinite(stats.t.ppf(p, df)) else -mp.log(p)
                root = mp.findroot(lambda u: mp.log(t_tail(mp.exp(u), df)) - mp.log(mp.mpf(p)), start, tol=1e-30)
                student_quantile.append([p, df, exact(-mp.exp(root))])
    kolmogorov = []
    for x in [0.05, 0.2, 0.3, 0.5, 0.8, 1.0, 1.17, 1.179999, 1.18, 1.3, 1.36, 2.0, 3.5, 5.0, 10.7, 15.1]:
        with mp.workdps(300):
            terms = [(-1) ** (k - 1) * mp.exp(-2 * k * k * mp.mpf(x) ** 2) for k in range(1, 600)]
            kolmogorov.append([x, exact(2 * mp.fsum(terms))])
    return {
        "erfc": erfc,
        "normalSf": normal,
        "normalQuantile": quantile,
        "logGamma": log_gamma,
        "regularizedGamma": gamma,
        "regularizedBeta": beta,
        "studentTSf": student,
        "studentTQuantile": student_quantile,
        "kolmogorovSf": kolmogorov,
    }


def ks():
    samples = []
    for n, m, decimals in [(1, 1, 3), (2, 3, 1), (7, 9, 0), (40, 25, 1), (300, 200, 2), (12, 500, 1)]:
        x = rng.normal(0, 1, n).round(decimals)
        y = rng.normal(0.3, 1.2, m).round(decimals)
        result = stats.ks_2samp(x, y, method="exact")
        samples.append({"x": x.tolist(), "y": y.tolist(), "distance": result.statistic, "pValue": result.pvalue})
    exact_values, limit = [], []
    for n, m in [(20, 20), (100, 100), (1000, 1000), (1000, 100), (997, 41), (5000, 200), (30000, 30), (3, 100000)]:
        exact_values += ks_at_shifts(n, m)
    for n, m in [(23148, 180), (48166, 300), (1000, 1001), (10000, 101), (5000, 500), (4000, 4000), (40000, 26)]:
        limit += ks_at_shifts(n, m)
    return {"samples": samples, "exact": exact_values, "limit": limit}


def ks_at_shifts(n, m):
    """Exact p-values at distances chosen to spread over p = 0.5 … 1e-6, by shifting one even grid against another."""
    rows = []
    scale = ((n + m) / (n * m)) ** 0.5
    for shift in np.linspace(0.82, 2.75, 12):
        x, y = np.arange(n) / n, np.arange(m) / m + shift * scale
        result = stats.ks_2samp(x, y, method="exact")
        if 1e-7 < result.pvalue < 0.6:
            rows.append([n, m, result.statistic, result.pvalue])
    return rows


def wasserstein():
    cases = []
    for n, m in [(1, 1), (5, 3), (60, 80)]:
        x, y = rng.normal(0, 2, n), rng.gamma(2, 1, m)
        u, v = rng.uniform(0, 3, n), rng.uniform(0, 3, m)
        value = stats.wasserstein_distance(x, y, u, v)
        cases.append([x.tolist(), u.tolist(), y.tolist(), v.tolist(), value])
    return cases


def fisher_exact(s, n, t, m):
    """Two-sided p and P(at least t) in whole numbers; SciPy, correct to some 1e-11 far out, has to agree."""
    successes = s + t
    tables = {k: math.comb(m, k) * math.comb(n, successes - k) for k in range(max(0, successes - n), min(m, successes) + 1)}
    total = sum(tables.values())
    two = float(Fraction(sum(count for count in tables.values() if count <= tables[t]), total))
    greater = float(Fraction(sum(count for k, count in tables.items() if k >= t), total))
    table = [[t, m - t], [s, n - s]]
    assert np.isclose(two, stats.fisher_exact(table).pvalue, rtol=1e-9, atol=0)
    assert np.isclose(greater, stats.fisher_exact(table, alternative="greater").pvalue, rtol=1e-9, atol=0)
    return two, greater


def proportions():
    test, interval, difference = [], [], []
    tables = [(2, 50000, 7, 50000), (0, 10, 4, 12), (1, 34, 7, 34), (0, 20, 0, 5), (5, 5, 3, 3), (2, 1000000, 40, 3000)]
    tables += [(40, 40, 2, 40000), (7, 12, 1, 9), (1, 200000, 30, 100)]
    for s, n, t, m in tables:
        test.append([s, n, t, m, *fisher_exact(s, n, t, m), "fisher"])
    for s, n, t, m in [(500, 10000, 620, 10000), (48, 80, 56, 70), (300, 1000, 290, 1000), (9000, 10**6, 12000, 10**6)]:
        pooled = (s + t) / (n + m)
        z = (t / m - s / n) / (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5
        test.append([s, n, t, m, exact(2 * mp.ncdf(-abs(mp.mpf(z)))), exact(mp.ncdf(-mp.mpf(z))), "z"])
    for s, n, confidence in [(0, 10, 0.95), (10, 10, 0.95), (1, 1, 0.9), (100, 200, 0.95), (3, 7000, 0.99)]:
        low, high = proportion_confint(s, n, alpha=1 - confidence, method="wilson")
        interval.append([s, n, confidence, float(low), float(high)])
    for s, n, t, m in [(1, 34, 7, 34), (48, 80, 56, 70), (0, 10, 3, 12), (900, 1000, 850, 1000)]:
        low, high = confint_proportions_2indep(t, m, s, n, method="newcomb", compare="diff", alpha=0.05)
        difference.append([s, n, t, m, 0.95, float(low), float(high)])
    return {"test": test, "wilson": interval, "newcombe": difference}


def adjusted():
    cases = [rng.uniform(0, 1, 1), rng.beta(0.3, 2, 40), rng.beta(0.3, 2, 25).round(1), np.array([0.0, 0.0, 1.0, 0.5])]
    return [[p.tolist(), multipletests(p, method="fdr_bh")[1].tolist()] for p in cases]


def delong(positive, negative):
    wins = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    return (by_positive.var(ddof=1) / len(positive) + by_negative.var(ddof=1) / len(negative)) ** 0.5


def auc():
    cases = []
    for p, n, separation in [(40, 60, 1.0), (300, 900, 2.0), (5, 2000, 3.0), (2, 2, 0.0)]:
        bins_positive = np.clip(np.round(20 + 4 * rng.normal(separation, 1, p)), 0, 39).astype(int)
        bins_negative = np.clip(np.round(20 + 4 * rng.normal(0, 1, n)), 0, 39).astype(int)
        labels = np.r_[np.ones(p), np.zeros(n)]
        cases.append({
            "positives": np.bincount(bins_positive, minlength=40).tolist(),
            "negatives": np.bincount(bins_negative, minlength=40).tolist(),
            "value": float(roc_auc_score(labels, np.r_[bins_positive, bins_negative])),
            "standardError": float(delong(bins_positive, bins_negative)),
        })
    score = 1 / (1 + np.exp(-rng.normal(-6, 2, 3000)))
    label = rng.uniform(size=3000) < score
    label[:3] = True
    unbinned = {"scores": score.tolist(), "labels": label.tolist(), "value": float(roc_auc_score(label, score))}
    return {"binned": cases, "unbinned": unbinned}


def losses():
    terms = []
    for score in [0.0, 1e-320, 1e-17, 1e-9, 0.3, 0.5, 0.999, 1 - 2**-53, 1.0]:
        for label in [True, False]:
            terms.append([score, label, float(log_loss([label], [score], labels=[False, True]))])
    scores, labels = rng.beta(2, 5, 200), rng.uniform(size=200) < 0.3
    each = [float(log_loss([l], [s], labels=[False, True])) for s, l in zip(scores, labels)]
    ci = stats.t.interval(0.95, 199, loc=np.mean(each), scale=stats.sem(each))
    return {
        "terms": terms,
        "sample": {"each": each, "value": float(log_loss(labels, scores)), "ci": [float(ci[0]), float(ci[1])]},
    }


def contingency():
    cases = []
    tables = [([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]), ([900, 100], [850, 170]), ([50000, 30, 70], [4000, 30, 5])]
    tables.append((rng.poisson(40, 30).tolist(), rng.poisson(90, 30).tolist()))
    for reference, current in tables:
        result = stats.chi2_contingency([reference, current], correction=False)
        cases.append([reference, current, result.statistic, int(result.dof), result.pvalue])
    return cases


def quantiles():
    cases = []
    for n in [1, 2, 7, 100, 1001]:
        values = np.sort(rng.normal(size=n).round(3))
        for k, parts in [(0, 4), (1, 4), (1, 2), (3, 4), (1, 1), (5, 16), (255, 256)]:
            cases.append([values.tolist(), k, parts, float(np.quantile(values, k / parts, method="inverted_cdf"))])
    return cases


def main():
    goldens = {
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "statsmodels": statsmodels.__version__,
            "mpmath": mp.__version__,
        },
        "seed": SEED,
        "special": special(),
        "ks": ks(),
        "wasserstein": wasserstein(),
        "proportion": proportions(),
        "benjaminiHochberg": adjusted(),
        "auc": auc(),
        "logLoss": losses(),
        "chiSquareContingency": contingency(),
        "quantile": quantiles(),
    }
    target = pathlib.Path(__file__).parents[1] / "stats" / "goldens.json"
    sections = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in goldens.items())
    target.write_text("{\n" + sections + "\n}\n")


if __name__ == "__main__":
    main()
