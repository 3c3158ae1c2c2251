"""Plays requests: a fortnight of them, the last days from a scanner that measures differently, each with its truth a little later."""

import argparse
import http.client
import json
import random
import urllib.parse
from datetime import datetime, timedelta, timezone

import rows

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
parser.add_argument("--days", type=int, default=14)
parser.add_argument("--drift-days", type=int, default=5, help="how many of them, at the end, come from the new scanner")
parser.add_argument("--per-day", type=int, default=100)
given = parser.parse_args()

service = http.client.HTTPConnection(urllib.parse.urlsplit(given.url).netloc)
chance = random.Random(1)


def post(path: str, body: dict) -> None:
    service.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    answer = service.getresponse()
    text = answer.read().decode()
    if answer.status >= 300:
        raise SystemExit(f"{path}: {answer.status} {text}")


def from_new_scanner(features: dict) -> dict:
    """Textures come out a third higher, and the symmetry of every second tumour is not measured."""
    return {
        **features,
        "mean_texture": features["mean_texture"] * 1.33,
        "mean_symmetry": features["mean_symmetry"] if chance.random() < 0.5 else None,
    }


now = datetime.now(timezone.utc)
for day in range(given.days, 0, -1):
    is_drifted = day <= given.drift_days
    for index in range(given.per_day):
        at = now - timedelta(days=day - index / given.per_day)
        row = chance.randrange(len(rows.TRAFFIC_ROWS))
        features = dict(zip(rows.FEATURES, (float(value) for value in rows.TRAFFIC_ROWS[row])))
        asked = {"id": f"{at:%Y-%m-%d}-{index}", "time": at.isoformat(), "features": from_new_scanner(features) if is_drifted else features}
        post("/predict", asked)
        post("/truth", {"id": asked["id"], "label": rows.TRAFFIC_CLASSES[row], "time": min(now, at + timedelta(hours=6)).isoformat()})
    print(f"{now - timedelta(days=day):%Y-%m-%d %H:%M} and the day after: {given.per_day} requests{', new scanner' if is_drifted else ''}")
