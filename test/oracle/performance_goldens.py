"""Writes test/stats/performance-goldens.json: what scikit-learn and statsmodels answer about performance.

    python test/oracle/performance_goldens.py

Needs numpy, scipy, scikit-learn and statsmodels; takes a few seconds. The file records their versions and the seed. Cases are
random, plus the edges where a definition matters. Scores are drawn from a few levels, so that rows tie as rows of one bin do,
and are kept as the index of their level: both sides see the same ties.
"""

import json
import math
import pathlib
import platform
import warnings

import numpy as np
import scipy
from scipy.stats import chi2
import sklearn
import statsmodels
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    classification_report,
    cohen_kappa_score,
    confusion_matrix,
    matthews_corrcoef,
    mean_absolute_error,
    mean_pinball_loss,
    r2_score,
    root_mean_squared_error,
)
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

SEED = 20261121
rng = np.random.default_rng(SEED)
warnings.filterwarnings("ignore")


def number(value):
    """NaN, scikit-learn's 0/0, as null."""
    return None if math.isnan(value) else float(value)


def multiclass_case(size, rows, skill, weighted, absent=None, unpredicted=None):
    actual = rng.choice(size, rows, p=rng.dirichlet(np.full(size, 2)))
    guess = rng.choice(size, rows)
    predicted = np.where(rng.random(rows) < skill, actual, guess)
    if absent is not None:
        actual[actual == absent] = (absent + 1) % size
    if unpredicted is not None:
        predicted[predicted == unpredicted] = (unpredicted + 1) % size
    weights = rng.exponential(1, rows) if weighted else np.ones(rows)
    labels = np.arange(size)
    report = classification_report(actual, predicted, labels=labels, sample_weight=weights, output_dict=True, zero_division=np.nan)
    present = np.isin(labels, actual)
    sums = confusion_matrix(actual, predicted, labels=labels, sample_weight=weights)
    squares = confusion_matrix(actual, predicted, labels=labels, sample_weight=weights**2)
    kappa = cohens_kappa(sums) if not weighted else None
    hits = int(np.sum(actual == predicted))
    return {
        "sums": sums.tolist(),
        "squares": squares.tolist(),
        "classes": [[number(report[str(k)][name]) for name in ("precision", "recall", "f1-score", "support")] for k in labels],
        "accuracy": float(np.average(actual == predicted, weights=weights)),
        "accuracyCi": None if weighted else list(map(float, proportion_confint(hits, rows, 0.05, "wilson"))),
        "balancedAccuracy": float(balanced_accuracy_score(actual, predicted, sample_weight=weights)) if present.any() else None,
        "macroPrecision": number(report["macro avg"]["precision"]),
        "macroF1": number(report["macro avg"]["f1-score"]),
        "weightedPrecision": number(report["weighted avg"]["precision"]),
        "weightedF1": number(report["weighted avg"]["f1-score"]),
        "mcc": float(matthews_corrcoef(actual, predicted, sample_weight=weights)),
        "kappa": number(cohen_kappa_score(actual, predicted, labels=labels, sample_weight=weights)),
        "kappaError": None if kappa is None else float(kappa.std_kappa),
    }


def multiclass_cases():
    cases = [multiclass_case(size, rows, skill, weighted) for size in (2, 3, 5, 12) for rows, skill in ((40, 0.5), (900, 0.8)) for weighted in (False, True)]
    cases += [multiclass_case(4, 200, 0.6, False, absent=2), multiclass_case(4, 200, 0.6, False, unpredicted=1), multiclass_case(4, 200, 0.6, False, absent=2, unpredicted=2)]
    return cases


def draw_scored(rows, levels, prevalence, weighted):
    positive = rng.random(rows) < prevalence
    level = np.clip(np.round(rng.normal(levels / 2 + np.where(positive, levels / 8, -levels / 8), levels / 6, rows)), 0, levels - 1).astype(int)
    weights = rng.exponential(1, rows) if weighted else np.ones(rows)
    return positive, level, weights


def by_level(level, levels, weights, chosen):
    return [np.bincount(level[chosen], weights=weights[chosen] ** power, minlength=levels).tolist() for power in (1, 2)]


def average_precision_cases():
    cases = []
    for rows, levels, prevalence, weighted in ((50, 6, 0.4, False), (500, 40, 0.1, False), (3000, 200, 0.02, False), (500, 40, 0.2, True), (200, 1, 0.3, False), (60, 10, 0.97, False)):
        positive, level, weights = draw_scored(rows, levels, prevalence, weighted)
        cases.append(
            {
                "positives": by_level(level, levels, weights, positive),
                "negatives": by_level(level, levels, weights, ~positive),
                "value": float(average_precision_score(positive, level, sample_weight=weights)),
            }
        )
    return cases


def unbinned_case():
    positive = rng.random(2000) < 0.1
    scores = 1 / (1 + np.exp(-rng.normal(np.where(positive, 0.5, -1.5), 0.01 + 1.2, 2000)))
    return {"scores": scores.tolist(), "labels": positive.tolist(), "value": float(average_precision_score(positive, scores))}


def regression_case(rows, offset, scale, weighted):
    actual = offset + scale * rng.normal(0, 2, rows)
    predicted = actual + scale * (0.3 + rng.standard_t(5, rows))
    weights = rng.exponential(1, rows) if weighted else np.ones(rows)
    error = predicted - actual
    # statsmodels' own interval takes Σw for the number of rows; without weights the two agree.
    ci = (lambda values: list(map(float, DescrStatsW(values).tconfint_mean(0.05)))) if not weighted else (lambda values: None)
    return {
        "actual": actual.tolist(),
        "predicted": predicted.tolist(),
        "weights": weights.tolist(),
        "mae": float(mean_absolute_error(actual, predicted, sample_weight=weights)),
        "maeCi": ci(np.abs(error)),
        "rmse": float(root_mean_squared_error(actual, predicted, sample_weight=weights)),
        "rmseError": float(np.std(error**2, ddof=1) / (2 * np.sqrt(np.mean(error**2)) * np.sqrt(rows))) if not weighted else None,
        "bias": float(np.average(error, weights=weights)),
        "biasCi": ci(error),
        "wape": float(np.sum(weights * np.abs(error)) / np.sum(weights * np.abs(actual))),
        "r2": float(r2_score(actual, predicted, sample_weight=weights)),
        "pinball": [[level, float(mean_pinball_loss(actual, predicted, alpha=level, sample_weight=weights))] for level in (0.05, 0.5, 0.9)],
    }


def calibration_case(rows, groups, distinct):
    """Scores from `distinct` levels of equally many rows each, so that scikit-learn's quantile groups split none."""
    levels = np.sort(rng.random(distinct))
    scores = np.repeat(levels, rows // distinct)
    positive = rng.random(len(scores)) < scores**1.3
    share, mean = calibration_curve(positive, scores, n_bins=groups, strategy="quantile")
    level = np.repeat(np.arange(distinct), rows // distinct)
    return {
        "levels": levels.tolist(),
        "positives": np.bincount(level[positive], minlength=distinct).tolist(),
        "negatives": np.bincount(level[~positive], minlength=distinct).tolist(),
        "groups": groups,
        "scores": mean.tolist(),
        "rates": share.tolist(),
        "brier": float(brier_score_loss(positive, scores)),
    }


def calibration_change_case(rows, groups, distinct, change):
    """Two sides that answer every level equally often, so that each group is `distinct/groups` levels."""
    levels = np.sort(rng.uniform(0.2, 0.8, distinct))
    scores = np.repeat(levels, rows // distinct)
    sides = [rng.random(len(scores)) < scores**power for power in (1.3, 1.3 + change)]
    group = np.repeat(np.arange(groups), len(scores) // groups)
    statistic = 0.0
    for one in range(groups):
        inside = group == one
        residual = np.mean([side[inside].mean() for side in sides]) - scores[inside].mean()
        expected = scores[inside].mean() + residual
        variance = 2 * expected * (1 - expected) / inside.sum()
        statistic += (sides[1][inside].mean() - sides[0][inside].mean()) ** 2 / variance
    level = np.repeat(np.arange(distinct), rows // distinct)
    tally = lambda side: [np.bincount(level[chosen], minlength=distinct).tolist() for chosen in (side, ~side)]
    return {
        "levels": levels.tolist(),
        "before": tally(sides[0]),
        "after": tally(sides[1]),
        "groups": groups,
        "statistic": float(statistic),
        "pValue": float(chi2.sf(statistic, groups)),
    }


def isotonic_case(bins, rows, weighted, slope):
    level = rng.integers(0, bins, rows)
    positive = rng.random(rows) < 1 / (1 + np.exp(-slope * (level - bins / 2) / bins))
    weights = rng.exponential(1, rows) if weighted else np.ones(rows)
    seen = np.unique(level)
    total = np.bincount(level, weights=weights, minlength=bins)
    hits = np.bincount(level[positive], weights=weights[positive], minlength=bins)
    fitted = IsotonicRegression().fit(seen, hits[seen] / total[seen], sample_weight=total[seen]).predict(seen)
    return {"positives": by_level(level, bins, weights, positive), "negatives": by_level(level, bins, weights, ~positive), "seen": seen.tolist(), "rates": fitted.tolist()}


def delay_case(rows, ages, ever, pace):
    age = rng.integers(0, ages, rows)
    delay = np.where(rng.random(rows) < ever, rng.geometric(1 / pace, rows) - 1, 10**6)
    come = delay <= age
    curve = SurvfuncRight(np.where(come, delay, age), come.astype(int))
    return {
        "arrived": np.bincount(delay[come], minlength=ages).tolist(),
        "waiting": np.bincount(age[~come], minlength=ages).tolist(),
        "ages": curve.surv_times.astype(int).tolist(),
        "coverage": (1 - curve.surv_prob).tolist(),
        "errors": [None if math.isnan(error) else float(error) for error in curve.surv_prob_se],
    }


def main():
    out = pathlib.Path(__file__).parent.parent / "stats" / "performance-goldens.json"
    groups = {
        "multiclass": multiclass_cases(),
        "averagePrecision": average_precision_cases(),
        "unbinned": [unbinned_case()],
        "regression": [regression_case(*case) for case in ((30, 10, 1, False), (400, 1e6, 1e-3, False), (400, 0, 1e4, True), (2, 5, 1, False))],
        "calibration": [calibration_case(*case) for case in ((1000, 10, 100), (600, 5, 20), (400, 4, 4))],
        "isotonic": [isotonic_case(*case) for case in ((20, 300, False, 4), (100, 150, False, 6), (50, 2000, True, 3), (30, 400, False, -3))],
        "delays": [delay_case(*case) for case in ((300, 24, 0.8, 5), (50, 10, 1, 2), (2000, 48, 0.3, 20))],
        "calibrationChange": [calibration_change_case(*case) for case in ((1000, 10, 100, 0), (4000, 5, 20, 0.3), (400, 4, 4, 0.1))],
    }
    versions = {name: module.__version__ for name, module in (("numpy", np), ("scipy", scipy), ("scikit-learn", sklearn), ("statsmodels", statsmodels))}
    versions = {"python": platform.python_version(), **versions}
    body = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in groups.items())
    out.write_text(f'{{\n"versions": {json.dumps(versions)},\n"seed": {SEED},\n{body}\n}}\n')
    print({name: len(cases) for name, cases in groups.items()}, out)


if __name__ == "__main__":
    main()
