"""Reads one call of `send` and writes what it returns, or what it raises."""

import dataclasses
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples" / "producer-python"))
import driftwatch_events as events  # noqa: E402

call = json.load(sys.stdin)
try:
    accepted, rejected = events.send(call["url"], call["events"], token=call.get("token"), retry_for=call.get("retryFor", 60_000) / 1000)
    print(json.dumps({"accepted": accepted, "rejected": [dataclasses.asdict(one) for one in rejected]}))
except events.SendError as error:
    print(json.dumps({"error": str(error)}))
