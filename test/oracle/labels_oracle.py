"""Writes labels-oracle.json: predictions whose labels take their time, with what statsmodels says of how long.

    python test/oracle/labels_oracle.py test/oracle/labels-oracle.json

Needs numpy and statsmodels; takes a second. Positives are found late, negatives early, and some rows never get a label. Rows
are seeded and written beside the figures, so that the test feeds exactly these to the program.
"""

import json
import pathlib
import sys

import numpy as np
import statsmodels
from statsmodels.duration.survfunc import SurvfuncRight

rng = np.random.default_rng(20261121)
DAYS, ROWS, MINUTE, HOUR = 9, 260, 60_000, 3_600_000
EXPECTED = 48  # hours

time = np.sort(rng.integers(0, DAYS * 24 * 60, DAYS * ROWS)) * MINUTE
actual = rng.random(len(time)) < 0.3
wrong = rng.random(len(time)) < np.where(actual, 0.35, 0.1)
delay = rng.exponential(np.where(actual, 14, 2) * HOUR).astype(int)
delay[rng.random(len(time)) < 0.06] = -1
known = time + delay
end = DAYS * 24 * HOUR
seen = (delay >= 0) & (known <= end)

# What the program can know at the end: up to the hour of the newest label, and up to the end of the window in any case.
as_of = max(int(known[seen].max() // HOUR), DAYS * 24)
hour = time // HOUR
age = as_of - hour - 1
taken = np.where(seen, known // HOUR - hour, 10**9)
stretch = hour >= (DAYS - 1 - 7) * 24
come = taken <= age
curve = SurvfuncRight(np.where(come, taken, age)[stretch], come[stretch].astype(int))


def without(a):
    """The share without a label after age a."""
    at = np.searchsorted(curve.surv_times, a, side="right") - 1
    return 1.0 if at < 0 else float(curve.surv_prob[at])


window = hour >= (DAYS - 1) * 24
final = without(age[stretch].max())
ages, have = age[window], seen[window]
expected = float(np.where(have, 1, 1 - final / np.array([without(a) for a in ages])).mean())


def share_come(kind):
    """Of the labels of one class that come within the time they are given, the share that has by each age; of rows that had that time."""
    delays = taken[stretch & (actual == kind) & (age >= EXPECTED - 1) & (taken < EXPECTED)]
    return np.array([np.mean(delays <= a) for a in range(EXPECTED)])


# Horvitz and Thompson: a row counts for those of its class and age whose label is still to come.
come_by = np.array([share_come(False), share_come(True)])
ripe_enough = come_by[:, np.minimum(age, EXPECTED - 1)].min(axis=0) >= 0.1
used = window & seen & ripe_enough
weight = 1 / come_by[actual[used].astype(int), np.minimum(age[used], EXPECTED - 1)]
truth = ~wrong[window & (delay >= 0)]
now = ~wrong[window & seen]
rows = [[int(t), bool(a), bool(w), int(d)] for t, a, w, d in zip(time, actual, wrong, delay)]
out = {
    "versions": {"numpy": np.__version__, "statsmodels": statsmodels.__version__},
    "days": DAYS,
    "expectedHours": EXPECTED,
    "rows": rows,
    "window": {
        "asOf": as_of * HOUR,
        "rows": int(window.sum()),
        "labelled": int(have.sum()),
        "due": float(np.mean([1 - without(a) for a in ages])),
        "final": expected,
        "ripe": float(have.mean() / expected),
        "accuracyNow": float(now.mean()),
        "accuracyCorrected": float(np.average(~wrong[used], weights=weight)),
        "accuracyInTheEnd": float(truth.mean()),
        "coverageInTheEnd": float((delay[window] >= 0).mean()),
    },
}
pathlib.Path(sys.argv[1]).write_text(json.dumps(out, separators=(",", ":")) + "\n")
print({name: value for name, value in out["window"].items()})
