"""Events for driftwatch: built, checked before they leave, and sent.

What driftwatch would refuse raises here, where the traceback still says who made it. One file, standard library only,
Python 3.9 or newer: copy it beside your service. Values of numpy and pandas may be passed as they are.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime
import email.utils
import http.client
import json
import re
import time as clock
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Optional, Union

__all__ = ["EventError", "Message", "Rejected", "SendError", "Sent", "baseline_row", "check", "label", "prediction", "send", "to_kafka_message"]

Class = Union[str, float, bool]
Time = Union[str, float, datetime.datetime]


class EventError(ValueError):
    """Says what is wrong with an event, and what would be right. `reason` is the word of driftwatch's dead letters."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SendError(RuntimeError):
    """driftwatch did not take a request, for as long as it was asked."""


class Message(NamedTuple):
    """Key and value for any Kafka client. What has one id stays in order, since the id is the key."""

    key: bytes
    value: bytes


@dataclasses.dataclass(frozen=True)
class Rejected:
    event: dict[str, Any]
    index: int
    reason: str
    message: str


class Sent(NamedTuple):
    accepted: int
    rejected: list[Rejected]


def prediction(
    *,
    id: str,
    model: str,
    version: str,
    time: Time,
    features: Optional[Mapping[Any, Any]] = None,
    prediction: Any = None,
    score: Optional[float] = None,
    scores: Optional[Mapping[Any, Any]] = None,
    status: Optional[str] = None,
    latency_ms: Optional[float] = None,
    role: Optional[str] = None,
    entity: Optional[str] = None,
    weight: Optional[float] = None,
    telemetry: Optional[Mapping[Any, Any]] = None,
    task: Optional[str] = None,
    now: Optional[float] = None,
) -> dict[str, Any]:
    """A prediction event, or an EventError.

    `prediction`, `score` (P(positive) of a binary model) or `scores` (by class) is needed, or `status="error"`. `time`
    is a datetime with a time zone, a text of RFC 3339, or epoch milliseconds. With `task`, as in driftwatch's
    configuration (binary, multiclass, regression, ranking), classes, numbers and probabilities are checked too. `now`,
    in epoch milliseconds, counts as the present.
    """
    fields = dict(locals())
    return check({"type": "prediction", **_without(fields, "task", "now")}, task=task, now=now)


def label(
    *,
    id: str,
    model: str,
    label: Any,
    time: Optional[Time] = None,
    revision: Optional[int] = None,
    task: Optional[str] = None,
    now: Optional[float] = None,
) -> dict[str, Any]:
    """A label event, or an EventError: the truth about the prediction with this id, and when it became known."""
    fields = dict(locals())
    return check({"type": "label", **_without(fields, "task", "now")}, task=task, now=now)


def baseline_row(*, label: Any = None, task: Optional[str] = None, now: Optional[float] = None, **fields: Any) -> dict[str, Any]:
    """A row of a baseline file, one a line: the fields of a prediction, with its truth beside them."""
    row = check({"type": "prediction", **fields, "label": label}, task=task, now=now)
    if row.get("label") is not None:
        _check_truth(row, task or _ANY_TASK)
    return row


def check(event: Mapping[str, Any], *, task: Optional[str] = None, now: Optional[float] = None) -> dict[str, Any]:
    """The event as it will be read at the other end, or an EventError. For events made elsewhere."""
    plain = _as_json(event)
    task = task or _ANY_TASK
    kind = _required(plain, "type", '"prediction" or "label"')
    if kind not in ("prediction", "label"):
        raise EventError("unknown_type", f'type is {_found(kind)}; expected "prediction" or "label".')
    _check_text(plain, "model", _NAME)
    _check_text(plain, "id", _ID)
    present = clock.time() * 1000 if now is None else now
    if kind == "prediction":
        _check_prediction(plain, task, present)
    else:
        _check_label(plain, task, present)
    return plain


def to_kafka_message(event: Mapping[str, Any]) -> Message:
    """Key and value, as bytes."""
    return Message(event["id"].encode("utf-8", "replace"), _encode(event))


def send(url: str, events: Iterable[Mapping[str, Any]], *, token: Optional[str] = None, retry_for: float = 60, timeout: float = 30) -> Sent:
    """Sends events to `POST /v1/events` of the daemon at `url`. Returns once they are durable, with those it would not take.

    A busy or absent daemon is asked again for `retry_for` seconds: the same event twice is one event, so nothing counts
    double. Raises a SendError after that, or at once when asking again would not help.
    """
    accepted = 0
    rejected: list[Rejected] = []
    start = 0
    for chunk in _in_requests(events):
        answer = _post(f"{url.rstrip('/')}/v1/events", b"\n".join(line for _, line in chunk), token, retry_for, timeout)
        accepted += answer["accepted"]
        for one in answer["rejected"]:
            rejected.append(Rejected(dict(chunk[one["index"]][0]), start + one["index"], one["reason"], one["message"]))
        start += len(chunk)
    return Sent(accepted, rejected)


_BYTES = 1024 * 1024
_DEPTH = 16
_FEATURES = 2_000
_NAME = 256
_TEXT = 1_024
_ID = 512
_TELEMETRY = 256
_ITEMS = 1_000
_ITEMS_LENGTH = 65_536
_MOST_GAIN = 1e9
_REVISION = 2**32 - 1
_NOT_BEFORE = 946_684_800_000
_NOT_AFTER = 4_102_444_800_000
_AHEAD = 5 * 60_000

# The task that refuses least.
_ANY_TASK = "ranking"


def _check_prediction(event: dict[str, Any], task: str, now: float) -> None:
    _check_text(event, "version", _NAME)
    _check_time(_required(event, "time", "an RFC 3339 time or epoch milliseconds"), now)
    _check_features(event.get("features"))
    answer = event.get("prediction")
    if answer is not None:
        _check_answer("prediction", answer, task)
    if task == "binary":
        _check_number(event, "score", "the probability of the positive class, from 0 to 1", 0, 1)
    else:
        _check_number(event, "score", "a finite number")
    if task in ("binary", "multiclass"):
        _check_numbers(event, "scores", _FEATURES, "a probability from 0 to 1", 0, 1)
    else:
        _check_numbers(event, "scores", _FEATURES, "a finite number")
    _check_optional_text(event, "status", _NAME)
    scored = event.get("score") is not None or any(part is not None for part in (event.get("scores") or {}).values())
    if answer is None and not scored and event.get("status") != "error":
        raise EventError("missing_field", 'prediction is missing, and so are score and scores; expected one of them, or status "error".')
    _check_number(event, "latency_ms", "milliseconds, 0 or more", 0)
    _check_optional_text(event, "role", _NAME)
    _check_optional_text(event, "entity", _ID)
    _check_number(event, "weight", "a number from 0 to 1000000000", 0, 1e9)
    _check_numbers(event, "telemetry", _TELEMETRY, "a finite number")


def _check_label(event: dict[str, Any], task: str, now: float) -> None:
    if event.get("time") is not None:
        _check_time(event["time"], now)
    _check_truth(event, task)
    _check_number(event, "revision", f"a whole number from 0 to {_REVISION}", 0, _REVISION, whole=True)


def _check_truth(event: dict[str, Any], task: str) -> None:
    expected = {"regression": "a finite number", "ranking": "a relevant item, a list of them, or their gains by item"}
    value = _required(event, "label", expected.get(task, "a class"))
    if task == "ranking" and isinstance(value, dict):
        _check_items("label", value, list(value))
        for item, gain in value.items():
            if gain is not None and not (_is_number(gain) and 0 <= gain <= _MOST_GAIN):
                raise _invalid(f"label.{item}", gain, "a number from 0 to 1e9")
    else:
        _check_answer("label", value, task)


def _check_features(features: Any) -> None:
    """Values that are none of a feature's kinds pass: driftwatch counts them as unparsable."""
    if features is None:
        return
    if not isinstance(features, dict):
        raise _invalid("features", features, "an object of names and values")
    if len(features) > _FEATURES:
        raise EventError("too_many_features", f"features has {len(features)} entries; at most {_FEATURES} are taken.")
    for name in features:
        _check_name("features", name)


def _check_answer(name: str, value: Any, task: str) -> None:
    if task == "regression":
        if not _is_number(value):
            raise _invalid(name, value, "a finite number, since the model's task is regression")
    elif task == "ranking" and isinstance(value, list):
        _check_items(name, value, value)
    else:
        _check_class(name, value)


def _check_items(name: str, value: Any, items: list[Any]) -> None:
    if len(items) > _ITEMS:
        raise _invalid(name, value, f"at most {_ITEMS} items")
    if sum(_length(item) for item in items if isinstance(item, str)) > _ITEMS_LENGTH:
        raise _invalid(name, value, f"items of at most {_ITEMS_LENGTH} characters together")
    for place, item in enumerate(items):
        _check_class(f"{name}[{place}]", item)


def _check_class(name: str, value: Any) -> None:
    if isinstance(value, bool) or _is_number(value) or (isinstance(value, str) and _length(value) <= _TEXT):
        return
    raise _invalid(name, value, f"a class: a text of at most {_TEXT} characters, a finite number or a boolean")


def _check_text(event: dict[str, Any], name: str, limit: int) -> None:
    value = _required(event, name, f"a text of at most {limit} characters")
    if not isinstance(value, str) or not 0 < _length(value) <= limit:
        raise _invalid(name, value, f"a text of 1 to {limit} characters")


def _check_optional_text(event: dict[str, Any], name: str, limit: int) -> None:
    if event.get(name) not in (None, ""):
        _check_text(event, name, limit)


def _check_number(
    event: dict[str, Any], name: str, expected: str, least: Optional[float] = None, most: Optional[float] = None, whole: bool = False
) -> None:
    value = event.get(name)
    if value is None:
        return
    if (
        not _is_number(value)
        or (least is not None and value < least)
        or (most is not None and value > most)
        or (whole and value != int(value))
    ):
        raise _invalid(name, value, expected)


def _check_numbers(
    event: dict[str, Any], name: str, limit: int, expected: str, least: Optional[float] = None, most: Optional[float] = None
) -> None:
    values = event.get(name)
    if values is None:
        return
    if not isinstance(values, dict):
        raise _invalid(name, values, "an object of numbers")
    if len(values) > limit:
        raise EventError("invalid_field", f"{name} has {len(values)} entries; at most {limit} are taken.")
    for key, value in values.items():
        if value is None:
            continue
        _check_name(name, key)
        _check_number({f"{name}.{key}": value}, f"{name}.{key}", expected, least, most)


def _check_name(field: str, name: str) -> None:
    if _length(name) > _NAME:
        raise EventError("invalid_field", f"{field} has a name of {_length(name)} characters, {_found(name)}; at most {_NAME} are taken.")


_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2})))?"
)


def _check_time(value: Any, now: float) -> None:
    if isinstance(value, str):
        moment = _parse_time(value)
    else:
        moment = int(value) if _is_number(value) and _is_milliseconds(value) else None
    if moment is None:
        raise _invalid("time", value, "an RFC 3339 time with an offset, or epoch milliseconds")
    if moment < _NOT_BEFORE:
        raise EventError("before_horizon", f"time is {_found(value)}; expected a time after 1999.")
    if moment > min(_NOT_AFTER, now + _AHEAD):
        raise EventError("in_the_future", f"time is {_found(value)}, which is in the future; expected the time of the request.")


def _parse_time(text: str) -> Optional[int]:
    """Epoch milliseconds, or None. A datetime without a time zone is refused: it has no meaning elsewhere."""
    match = _RFC_3339.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.group(1, 2, 3))
    # Every 400 years the calendar is the same; Python knows no year 0.
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year or 400, month)[1]:
        return None
    hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
    fraction = match.group(7) or ""
    offset_hour, offset_minute = (int(part or 0) for part in match.group(9, 10))
    is_midnight_at_its_end = hour == 24 and minute == second == 0 and not fraction.strip("0")
    if (hour > 23 and not is_midnight_at_its_end) or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        return None
    days = datetime.date(year or 400, month, day).toordinal() - datetime.date(1970, 1, 1).toordinal() - (0 if year else 146_097)
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    offset = (offset_hour * 60 + offset_minute) * 60 * (-1 if match.group(8) == "-" else 1)
    return (seconds - offset) * 1000 + int(fraction[:3].ljust(3, "0"))


def _is_milliseconds(value: float) -> bool:
    """Seconds, micro- and nanoseconds are told by their size."""
    size = abs(value)
    return size < 1e15 and value == int(value) and not 1e9 <= size < 1e10


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return abs(float(value)) != float("inf")
    except OverflowError:
        return False


def _as_json(event: Any) -> dict[str, Any]:
    """What would be read at the other end: None is left out, a datetime is text, an array a list."""
    if isinstance(event, Mapping):
        event = {name: _with_plain_keys(value) for name, value in event.items() if value is not None}
    try:
        text = _encode(event)
        plain = json.loads(text)
    except RecursionError as error:
        raise EventError("too_deep", f"The event nests deeper than {_DEPTH} levels.") from error
    except (TypeError, ValueError) as error:
        reason = "too_deep" if "Circular" in str(error) else "invalid_json"
        raise EventError(reason, f"The event cannot be written as JSON: {error}.") from error
    if len(text) > _BYTES:
        raise EventError("too_large", f"The event has {len(text)} bytes; at most {_BYTES} are taken.")
    if _is_deeper_than(plain, _DEPTH):
        raise EventError("too_deep", f"The event nests deeper than {_DEPTH} levels.")
    for path, value in _not_numbers(plain, ""):
        raise EventError("invalid_json", f"{path} is {value}, and JSON has no such number. Send None where a value is missing.")
    if not isinstance(plain, dict):
        raise EventError("not_an_object", f"The event is {_found(plain)}; expected an object.")
    return plain


def _encode(event: Any) -> bytes:
    return json.dumps(event, separators=(",", ":"), default=_plain).encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r:.60} is {type(value).__name__}, for which JSON has no form")


def _with_plain_keys(value: Any) -> Any:
    """Classes may be numbers of numpy, which JSON does not take as names."""
    if not isinstance(value, Mapping):
        return value
    return {key if isinstance(key, str) or not hasattr(key, "tolist") else key.tolist(): part for key, part in value.items()}


def _is_deeper_than(value: Any, limit: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    return limit == 0 or any(_is_deeper_than(part, limit - 1) for part in (value.values() if isinstance(value, dict) else value))


def _not_numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _not_numbers(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _not_numbers(part, f"{path}[{place}]")


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _required(event: dict[str, Any], name: str, expected: str) -> Any:
    value = event.get(name)
    if value is None:
        raise EventError("missing_field", f"{name} is missing; expected {expected}.")
    return value


def _invalid(name: str, value: Any, expected: str) -> EventError:
    return EventError("invalid_field", f"{name} is {_found(value)}; expected {expected}.")


def _found(value: Any) -> str:
    """The start of a value, for a message to a person."""
    text = json.dumps(value)
    return f"{text[:60]}… ({len(text)} characters)" if len(text) > 60 else text


def _length(text: str) -> int:
    """In UTF-16 units, as driftwatch counts."""
    return len(text) + sum(character > "\uffff" for character in text)


_MOST_EVENTS = 1_000
_MOST_BYTES = 4 * 1024 * 1024
_LONGEST_WAIT = 10.0


def _in_requests(events: Iterable[Mapping[str, Any]]) -> Iterator[list[tuple[Mapping[str, Any], bytes]]]:
    """As many events at a time as one request may well have, each with its line."""
    chunk: list[tuple[Mapping[str, Any], bytes]] = []
    size = 0
    for event in events:
        line = _encode(event)
        if len(chunk) == _MOST_EVENTS or (chunk and size + len(line) > _MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((event, line))
        size += len(line) + 1
    if chunk:
        yield chunk


def _post(url: str, body: bytes, token: Optional[str], retry_for: float, timeout: float) -> dict[str, Any]:
    headers = {"content-type": "application/x-ndjson"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    give_up_at = clock.monotonic() + retry_for
    attempt = 0
    while True:
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                failure = SendError(f"driftwatch answered {error.code} at {url}: {error.read(500).decode('utf-8', 'replace')}")
            may_pass = error.code in (429, 503)
            wait = _wait_before(attempt, error.headers.get("retry-after"))
        except (OSError, http.client.HTTPException) as error:
            failure = SendError(f"driftwatch does not answer at {url} ({error}). Is it running, and may this machine reach it?")
            may_pass = True
            wait = _wait_before(attempt, None)
        if not may_pass or clock.monotonic() + wait > give_up_at:
            raise failure
        clock.sleep(wait)
        attempt += 1


def _wait_before(attempt: int, retry_after: Optional[str]) -> float:
    """As long as was asked for, in seconds or as a date; otherwise twice as long each time."""
    if retry_after is not None and retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after or "").timestamp() - clock.time())
    except (TypeError, ValueError):
        return min(_LONGEST_WAIT, 0.5 * 2.0 ** min(attempt, 10))
