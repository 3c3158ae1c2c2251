"""Writes test/stats/segment-goldens.json: changes of means taken apart by parts.

    python test/oracle/segment_goldens.py

Needs numpy. By another road than the code's: from single rows, in fractions, and as Shapley values of the two factors
(exchange the shares first, then the means, and the other way round, and take the middle).
"""

import json
import pathlib
import platform
from fractions import Fraction

import numpy as np

SEED = 20261122
rng = np.random.default_rng(SEED)


def shares_and_means(rows, parts, quantities):
    """Shares of the rows, and means by quantity, of each part; None where a part has no rows."""
    shares = [Fraction(sum(1 for part, _ in rows if part == index), len(rows)) for index in range(parts)]
    means = []
    for index in range(parts):
        mine = [value for part, value in rows if part == index]
        means.append(None if not mine else [Fraction(sum(1 for value in mine if value == q), len(mine)) for q in range(quantities)])
    return shares, means


def taken_apart(reference, current, parts, quantities, directions):
    shares0, means0 = shares_and_means(reference, parts, quantities)
    shares1, means1 = shares_and_means(current, parts, quantities)
    nothing = [Fraction(0)] * quantities
    for index in range(parts):
        means0[index], means1[index] = means0[index] or means1[index] or nothing, means1[index] or means0[index] or nothing
    whole0 = [Fraction(sum(1 for _, value in reference if value == q), len(reference)) for q in range(quantities)]
    whole1 = [Fraction(sum(1 for _, value in current if value == q), len(current)) for q in range(quantities)]
    differences = [b - a for a, b in zip(whole0, whole1)]
    if directions is None:
        directions = [Fraction(0 if d == 0 else (1 if d > 0 else -1), 2) for d in differences]
    found = []
    for i in range(parts):
        mix = within = Fraction(0)
        for q in range(quantities):
            worth = lambda share, mean: share * mean
            shares_first = worth(shares1[i], means0[i][q]) - worth(shares0[i], means0[i][q])
            shares_last = worth(shares1[i], means1[i][q]) - worth(shares0[i], means1[i][q])
            means_first = worth(shares0[i], means1[i][q]) - worth(shares0[i], means0[i][q])
            means_last = worth(shares1[i], means1[i][q]) - worth(shares1[i], means0[i][q])
            centre = (shares1[i] - shares0[i]) * (whole0[q] + whole1[q]) / 2
            mix += directions[q] * ((shares_first + shares_last) / 2 - centre)
            within += directions[q] * (means_first + means_last) / 2
        found.append((mix, within))
    change = sum((d * w for d, w in zip(differences, directions)), Fraction(0))
    assert sum((mix + within for mix, within in found), Fraction(0)) == change
    return change, found


def sums_of(rows, parts, quantities):
    return [
        {"rows": sum(1 for part, _ in rows if part == index), "sums": [sum(1 for part, value in rows if part == index and value == q) for q in range(quantities)]}
        for index in range(parts)
    ]


def cases():
    made = []
    for parts, quantities, directed, empty in [(2, 1, True, False), (3, 1, True, True), (5, 1, True, False), (4, 6, False, False), (12, 10, False, True), (1, 3, False, False)]:
        def draw(n, shift):
            weights = rng.dirichlet(np.ones(parts))
            if empty:
                weights[0 if shift else -1] = 0
                weights = weights / weights.sum()
            chances = rng.dirichlet(np.ones(quantities + 1), size=parts)
            return [(int(part), int(rng.choice(quantities + 1, p=chances[part]))) for part in rng.choice(parts, size=n, p=weights)]

        reference, current = draw(400, False), draw(150, True)
        directions = [Fraction(1)] * quantities if directed else None
        change, found = taken_apart(reference, current, parts, quantities, directions)
        made.append({
            "reference": sums_of(reference, parts, quantities),
            "current": sums_of(current, parts, quantities),
            "directions": [1.0] * quantities if directed else None,
            "change": float(change),
            "parts": [[float(mix), float(within)] for mix, within in found],
        })
    return made


def main():
    out = pathlib.Path(__file__).parents[1] / "stats" / "segment-goldens.json"
    groups = {"changeByPart": cases()}
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    out.write_text(json.dumps({"versions": versions, "seed": SEED, **groups}) + "\n")
    print({name: len(made) for name, made in groups.items()})


if __name__ == "__main__":
    main()
