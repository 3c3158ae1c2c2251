"""Reads calls of the Python builders, one a line, and writes what they return or why they refuse."""

import inspect
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples" / "producer-python"))
import driftwatch_events as events  # noqa: E402

BUILDERS = {"prediction": events.prediction, "label": events.label, "baselineRow": events.baseline_row}


def build(builder, fields, task, now):
    function = BUILDERS.get(builder, events.check)
    try:
        inspect.signature(function).bind(**fields)
    except TypeError:
        # Python itself refuses names that are missing or not known.
        function = events.check
        fields = {"type": "label" if builder == "label" else "prediction", **fields} if builder != "check" else fields
    if function is events.check:
        return function(fields, task=task, now=now)
    return function(**fields, task=task, now=now)


for line in sys.stdin:
    call = json.loads(line)
    try:
        event = build(**call)
        message = events.to_kafka_message(event)
        answer = {"ok": True, "key": message.key.decode(), "value": message.value.decode()}
    except events.EventError as error:
        answer = {"ok": False, "reason": error.reason, "message": str(error)}
    print(json.dumps(answer))
