"""Writes compare-oracle.json: the two versions of the flights' model against each other, from the raw rows.

    python test/oracle/compare_oracle.py examples/flights test/oracle/compare-oracle.json

Needs numpy, scipy and statsmodels; takes some twenty seconds. It reads predictions and labels and nothing else: none of
driftwatch's code, counts or output. Rows are the labelled predictions of the UTC hours in which both versions predicted,
which all lie between FROM and TO: nothing else is read. The definitions:

- one look: statsmodels' proportions_ztest and Newcombe interval; DeLong's variances of two independent areas, from
  placements of the raw scores; scipy's Welch test on the rows' log losses and squared errors of scores.
- sequence: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), as they write it: difference +- sqrt(s2) *
  sqrt(2 (N r2 + 1) / (N r)^2 * ln(sqrt(N r2 + 1) / alpha)), s2 = N se^2, r2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / T,
  T = 50,000 rows. Proportions' errors: p = (s + 1/2) / (n + 1).
- e: exp(Z^2 N r2 / (2 (N r2 + 1))) / sqrt(N r2 + 1), Z = difference / se; p: 1 / the largest e at any look, at most 1.
- looks: after every fourth common hour, and the last. Only looks at which the normal limit holds: 20 successes and
  20 failures a side; 10 rows of the rarer class, times min(area, 1 - area), a side; 500 rows a side.
- further rows: where the width of the sequence, standard deviation and difference as they are, falls to what a verdict
  needs, by bisection on real numbers, rounded up.
"""

import collections
import gzip
import json
import pathlib
import platform
import sys

import numpy as np
import scipy
import statsmodels
from scipy.optimize import brentq
from scipy.stats import norm, rankdata, ttest_ind
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

FROM, TO = "2013-04-01", "2014-01-02"
CHAMPION, CHALLENGER = "2013-q1", "2013-h1"
ALPHA, TUNED, MARGIN, TOGETHER = 0.05, 50_000, 0.01, 4
EPSILON = np.finfo(float).eps
LOSSES = ("log_loss", "brier")
R2 = (-2 * np.log(ALPHA) + np.log1p(-2 * np.log(ALPHA))) / TUNED
PROPORTIONS = {
    "accuracy": lambda tp, fp, fn, tn: (tp + tn, tp + fp + fn + tn),
    "precision": lambda tp, fp, fn, tn: (tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: (tp, tp + fn),
    "positive_rate": lambda tp, fp, fn, tn: (tp + fp, tp + fp + fn + tn),
    "prevalence": lambda tp, fp, fn, tn: (tp + fn, tp + fp + fn + tn),
}


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Side:
    """Labelled rows of one version, in order of hours."""

    def __init__(self, rows):
        self.actual = np.array([row[0] for row in rows], dtype=bool)
        self.predicted = np.array([row[1] for row in rows], dtype=bool)
        self.score = np.array([row[2] for row in rows])

    def cells(self):
        a, p = self.actual, self.predicted
        return int((a & p).sum()), int((~a & p).sum()), int((a & ~p).sum()), int((~a & ~p).sum())

    def losses(self, metric):
        if metric == "brier":
            return (self.score - self.actual) ** 2
        return -np.log(np.clip(np.where(self.actual, self.score, 1 - self.score), EPSILON, 1 - EPSILON))

    def area(self):
        """DeLong's placements by midranks: the area and its variance."""
        x, y = self.score[self.actual], self.score[~self.actual]
        m, n = len(x), len(y)
        if min(m, n) < 2:
            return None
        ranks = rankdata(np.concatenate([x, y]))
        v10 = (ranks[:m] - rankdata(x)) / n
        v01 = 1 - (ranks[m:] - rankdata(y)) / m
        return v10.mean(), v10.var(ddof=1) / m + v01.var(ddof=1) / n, min(m, n)


def reach(n, se):
    return np.sqrt(n * se**2) * np.sqrt(2 * (n * R2 + 1) / (n**2 * R2) * np.log(np.sqrt(n * R2 + 1) / ALPHA))


def log_e(n, z):
    return z**2 * n * R2 / (2 * (n * R2 + 1)) - np.log(n * R2 + 1) / 2


def proportion(metric, one, two):
    (s, n), (t, m) = PROPORTIONS[metric](*one.cells()), PROPORTIONS[metric](*two.cells())
    if min(s, n - s, t, m - t) < 20:
        return None
    variance = lambda k, size: (k + 0.5) / (size + 1) * (1 - (k + 0.5) / (size + 1)) / size
    return s / n, t / m, np.sqrt(variance(s, n) + variance(t, m)), n + m


def area(_, one, two):
    first, second = one.area(), two.area()
    if first is None or second is None or any(rarer * min(a, 1 - a) < 10 for a, _, rarer in (first, second)):
        return None
    return first[0], second[0], np.sqrt(first[1] + second[1]), len(one.score) + len(two.score)


def loss(metric, one, two):
    x, y = one.losses(metric), two.losses(metric)
    if min(len(x), len(y)) < 500:
        return None
    return x.mean(), y.mean(), np.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y)), len(x) + len(y)


def one_look(metric, one, two):
    if metric in PROPORTIONS:
        (s, n), (t, m) = PROPORTIONS[metric](*one.cells()), PROPORTIONS[metric](*two.cells())
        low, high = confint_proportions_2indep(t, m, s, n, method="newcomb", compare="diff", alpha=ALPHA)
        return float(proportions_ztest([t, s], [m, n])[1]), [float(low), float(high)]
    if metric in LOSSES:
        found = ttest_ind(two.losses(metric), one.losses(metric), equal_var=False)
        ci = found.confidence_interval(1 - ALPHA)
        return float(found.pvalue), [float(ci.low), float(ci.high)]
    first, second, se, _ = area(metric, one, two)
    width = norm.isf(ALPHA / 2) * se
    return float(2 * norm.sf(abs(second - first) / se)), [float(second - first - width), float(second - first + width)]


def kind_of(metric, low, high):
    if low <= 0 <= high:
        return "no_larger_difference" if -MARGIN <= low and high <= MARGIN else "not_yet"
    if metric in ("positive_rate", "prevalence"):
        return "higher" if low > 0 else "lower"
    return "better" if (low > 0) != (metric in LOSSES) else "worse"


def further_rows(difference, se, n):
    deviation = se * np.sqrt(n)

    def until(target):
        width = lambda size: reach(size, deviation / np.sqrt(size)) - target
        return 0 if width(n) <= 0 else int(np.ceil(brentq(width, n, 1e12, xtol=1e-9) - n))

    size = abs(difference)
    return {"at_observed": until(max(size, MARGIN - size)), "at_margin": until(MARGIN), "at_most": until(MARGIN / 2)}


def main(data, out):
    labels = {row["id"]: row["label"] for row in read(data / "labels.ndjson.gz")}
    hours = collections.defaultdict(lambda: {CHAMPION: [], CHALLENGER: []})
    predictions = collections.Counter()
    for row in read(data / "predictions.ndjson.gz"):
        if FROM <= row["time"] < TO:
            hours[row["time"][:13]][row["version"]].append(row)
    common = sorted(hour for hour, versions in hours.items() if all(versions.values()))
    ends, by_version = [], {}
    for version in (CHAMPION, CHALLENGER):
        rows, upto = [], []
        for place, hour in enumerate(common):
            predictions[version] += len(hours[hour][version])
            rows += [
                (labels[row["id"]] == "late", row["prediction"] == "late", row["score"])
                for row in hours[hour][version]
                if row["id"] in labels
            ]
            if place % TOGETHER == TOGETHER - 1 or place == len(common) - 1:
                upto.append(len(rows))
                if version == CHAMPION:
                    ends.append(hour)
        by_version[version] = (rows, upto)

    estimators = {name: proportion for name in PROPORTIONS} | {"roc_auc": area} | dict.fromkeys(LOSSES, loss)
    largest, given, metrics = collections.defaultdict(float), {}, []
    for look, end in enumerate(ends):
        one, two = (Side(rows[: upto[look]]) for rows, upto in (by_version[CHAMPION], by_version[CHALLENGER]))
        for metric, estimator in estimators.items():
            estimate = estimator(metric, one, two)
            if estimate is None:
                continue
            first, second, se, n = estimate
            difference = second - first
            largest[metric] = max(largest[metric], log_e(n, difference / se))
            low, high = difference - reach(n, se), difference + reach(n, se)
            kind = kind_of(metric, low, high)
            if kind != "not_yet" and given.get(metric, ("", ""))[0] != kind:
                given[metric] = (kind, end)
            if look < len(ends) - 1:
                continue
            p_value, ci = one_look(metric, one, two)
            verdict, since = given.get(metric, ("not_yet", None))
            metrics.append(
                {
                    "metric": metric,
                    "champion": float(first),
                    "challenger": float(second),
                    "difference": float(difference),
                    "sequence": [float(low), float(high)],
                    "log_e": float(log_e(n, difference / se)),
                    "p_value": float(np.exp(-largest[metric])),
                    "one_look": {"p_value": p_value, "ci": ci},
                    "verdict": verdict,
                    "last_hour": since,
                    "holds_now": kind == verdict,
                    "further_rows": further_rows(difference, se, n) if verdict == "not_yet" else None,
                }
            )
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__}
    answer = {
        "versions": versions,
        "from": FROM,
        "to": TO,
        "hours": len(common),
        "looks": len(ends),
        "first_hour": common[0],
        "last_hour": common[-1],
        "predictions": dict(predictions),
        "labelled": {version: len(rows) for version, (rows, _) in by_version.items()},
        "only": [sum(1 for v in hours.values() if v[CHAMPION] and not v[CHALLENGER]), sum(1 for v in hours.values() if v[CHALLENGER] and not v[CHAMPION])],
        "metrics": metrics,
    }
    out.write_text(json.dumps(answer, indent=1) + "\n")
    print(f"{len(common)} hours, {len(ends)} looks, {len(metrics)} metrics -> {out}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
