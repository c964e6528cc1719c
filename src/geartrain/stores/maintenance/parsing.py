"""Parse the lines of an export, and refuse what no export would write."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

from geartrain.engine.endings import ENDING_FIELDS, STATUSES, Ending
from geartrain.engine.records import (
    FAILURE_FIELDS,
    JOB_FIELDS,
    SCHEDULE_FIELDS,
    Entry,
    Failures,
    Field,
    FieldKind,
    JobRecord,
    ScheduleRecord,
)
from geartrain.engine.results import OUTCOMES, RESULT_FIELDS, ResultRecord
from geartrain.errors import StoreError
from geartrain.protocol.headers import fault, join
from geartrain.stores.maintenance.lines import CLOCKS, PRIORITIES, label

__all__ = ["parse_line"]

_COMMON: Final = {"kind", "number", "encoding", "workload"}
_JOB: Final = _COMMON | {*map(label, JOB_FIELDS)}
_SCHEDULE: Final = _COMMON | {*map(label, SCHEDULE_FIELDS)}
_ENTRY: Final = {"kind", "entry", "key", "value"}
_RESULT: Final = {"kind", "number", "encoding", "result", *map(label, RESULT_FIELDS)}
_ENDING: Final = {"kind", "number", *map(label, ENDING_FIELDS)}
_FIELDS: Final = {
    "job": _JOB,
    "dead": _JOB,
    "schedule": _SCHEDULE,
    "entry": _ENTRY,
    "result": _RESULT,
    "ending": _ENDING,
}
_FAILURES: Final = {*map(label, FAILURE_FIELDS)}
# What lines of an older Geartrain lack: without a clock, a job is due by the calendar;
# without a story, only its last attempt is known; and it lacks what most jobs do.
_LATER: Final = {"clock", "headers", "owner", "flow_key", "options", "story"}

# The server continues with higher numbers, so some must be left below 2**63.
_MOST_NUMBER: Final = 2**62
_MOST_COUNT: Final = 2**31 - 1
_MOST_ERROR: Final = 64 * 1024
_MOST_STORY: Final = 64 * 1024
# A job whose only attempts were released has failures without a reason.
_REASONS: Final = (b"", b"fail", b"exception", b"timeout", b"crash", b"retry")
_REASON_NAMES: Final = "fail, exception, timeout, crash and retry"
_CRON_FIELDS: Final = 5
_NO_CRON: Final = "'fields' is no list of minute, hour, day, month and weekday"

_Object = dict[str, Any]


Line = JobRecord | ScheduleRecord | Entry | ResultRecord | Ending
"""What a line holds."""


def parse_line(line: bytes) -> tuple[Line, bool]:
    """Return what is in a line, and whether it is a dead letter.

    Raises:
        StoreError: it is not a line of an export; the message says why.
    """
    values = _object(line)
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise StoreError(f"'kind' is none of {', '.join(_FIELDS)}")
    _check_fields(values, _FIELDS[kind])
    if kind == "schedule":
        return _schedule(values), False
    if kind == "entry":
        parts = [_bytes(values, name) for name in ("entry", "key", "value")]
        return Entry(*parts), False
    if kind == "result":
        return _result(values), False
    if kind == "ending":
        return _ending(values), False
    return _job(values, is_dead=kind == "dead"), kind == "dead"


def _object(line: bytes) -> _Object:
    try:
        values = json.loads(line.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"it is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise StoreError("it is no JSON object")
    return values


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _check_fields(values: _Object, known: set[str]) -> None:
    for name in values:
        if name not in known:
            raise StoreError(f"the field {name!r} is unknown")
    for name in sorted(known - _LATER):
        if name not in values:
            raise StoreError(f"the field {name!r} is missing")


def _job(values: _Object, *, is_dead: bool) -> JobRecord:
    record = JobRecord(_number(values), b"", b"")
    _fill(record, values, JOB_FIELDS)
    _check_names(record.number, record.handle, record.function)
    record.workload = _data(values, "workload")
    if is_dead and (record.failures is None or not record.died or record.due):
        raise StoreError("a dead letter has 'failures' and 'died', and no 'due'")
    if record.died and not is_dead:
        raise StoreError("only a dead letter has 'died'")
    return record


def _schedule(values: _Object) -> ScheduleRecord:
    record = ScheduleRecord(_number(values), b"", b"")
    _fill(record, values, SCHEDULE_FIELDS)
    _check_names(record.number, record.handle, record.function)
    record.workload = _data(values, "workload")
    if len(record.fields) != _CRON_FIELDS:
        raise StoreError(_NO_CRON)
    return record


def _result(values: _Object) -> ResultRecord:
    record = ResultRecord(_number(values), b"", b"")
    _fill(record, values, RESULT_FIELDS)
    _check_names(record.number, record.handle, record.function)
    if record.outcome not in OUTCOMES:
        raise StoreError("'outcome' is none of succeeded, failed, dead, expired, …")
    data = _data(values, "result")
    record.pieces = [data] if data else []
    if len(data) != (record.size if record.is_whole else 0):
        raise StoreError("'size' is not that of 'result'")
    if record.data_size > record.size:
        raise StoreError("'data_size' is more than 'size'")
    return record


def _ending(values: _Object) -> Ending:
    ending = Ending(b"", b"", b"", 0.0)
    ending.serial = _number(values)
    _fill(ending, values, ENDING_FIELDS)
    if not (ending.handle and ending.function):
        raise StoreError("'handle' or 'function' is empty")
    if ending.outcome not in STATUSES:
        raise StoreError("'outcome' is none of succeeded, failed, dead, expired, …")
    return ending


def _fill(record: object, values: _Object, fields: Iterable[Field]) -> None:
    """Set the fields of a record, but for its workload."""
    for field in fields:
        if field.kind is not FieldKind.WORKLOAD:
            setattr(record, field.name, _READERS[field.kind](values, label(field)))


def _check_names(number: int, handle: bytes, function: bytes) -> None:
    if not handle.endswith(b":%d" % number):
        raise StoreError(f"'handle' does not end with :{number}, its number")
    if not function:
        raise StoreError("'function' is empty")


def _failures(values: _Object, name: str) -> Failures | None:
    found = values[name]
    if found is None:
        return None
    if not isinstance(found, dict):
        raise StoreError(f"{name!r} is no JSON object")
    _check_fields(found, _FAILURES)
    failures = Failures()
    _fill(failures, found, FAILURE_FIELDS)
    if failures.reason not in _REASONS:
        raise StoreError(f"'reason' is none of {_REASON_NAMES}")
    if len(failures.error) > _MOST_ERROR:
        raise StoreError(f"'error' has more than {_MOST_ERROR} bytes")
    return failures


def _story(values: _Object, name: str) -> bytes:
    found = values.get(name, "")
    try:
        story = base64.b64decode(found, validate=True)
    except (TypeError, ValueError):
        raise StoreError(f"{name!r} is no base64") from None
    if len(story) > _MOST_STORY:
        raise StoreError(f"{name!r} has more than {_MOST_STORY} bytes")
    return story


def _headers(values: _Object, name: str) -> bytes:
    found = values.get(name, {})
    if not isinstance(found, dict):
        raise StoreError(f"{name!r} is no JSON object")
    headers = join((_encode(key, name), _encode(found[key], name)) for key in found)
    if found and (wrong := fault(headers)):
        raise StoreError(f"{name!r}: {wrong}")
    return headers


def _number(values: _Object) -> int:
    number = values["number"]
    if type(number) is not int or not 0 < number <= _MOST_NUMBER:
        raise StoreError(f"'number' is no integer from 1 to {_MOST_NUMBER}")
    return number


def _count(values: _Object, name: str) -> int:
    count = values[name]
    if type(count) is not int or not 0 <= count <= _MOST_COUNT:
        raise StoreError(f"{name!r} is no integer from 0 to {_MOST_COUNT}")
    return count


def _flag(values: _Object, name: str) -> bool:
    flag = values[name]
    if not isinstance(flag, bool):
        raise StoreError(f"{name!r} is neither true nor false")
    return flag


def _time(values: _Object, name: str) -> float:
    time = values[name]
    if time is None:
        return 0.0
    try:
        if type(time) in (int, float) and 0 <= time < math.inf:
            return float(time)
    except OverflowError:
        pass
    raise StoreError(f"{name!r} is no time in seconds since 1970")


def _priority(values: _Object, name: str) -> int:
    if values[name] not in PRIORITIES:
        raise StoreError(f"{name!r} is none of high, normal and low")
    return PRIORITIES.index(values[name])


def _clock(values: _Object, name: str) -> bool:
    clock = values.get(name, CLOCKS[0])
    if clock not in CLOCKS:
        raise StoreError(f"{name!r} is none of calendar and steady")
    return bool(clock == CLOCKS[1])


def _names(values: _Object, name: str) -> list[bytes]:
    names = values[name]
    if not isinstance(names, list):
        raise StoreError(_NO_CRON)
    return [_encode(each, name) for each in names]


def _name(values: _Object, name: str) -> bytes:
    """Return text that packets can hold as an argument."""
    data = _bytes(values, name)
    if b"\0" in data:
        raise StoreError(f"{name!r} has a NUL character")
    return data


def _bytes(values: _Object, name: str) -> bytes:
    return _encode(values[name], name)


def _encode(text: object, name: str) -> bytes:
    if not isinstance(text, str):
        raise StoreError(f"{name!r} is no text")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise StoreError(f"{name!r} has a lone surrogate: {error.reason}") from error


def _data(values: _Object, name: str) -> bytes:
    text, encoding = values[name], values["encoding"]
    if not isinstance(text, str):
        raise StoreError(f"{name!r} is no text")
    try:
        if encoding == "utf-8":
            return text.encode()
        if encoding == "base64":
            return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise StoreError(f"{name!r} is no {encoding}: {error}") from error
    raise StoreError("'encoding' is neither utf-8 nor base64")


_READERS: Final[dict[FieldKind, Callable[[_Object, str], object]]] = {
    FieldKind.NAME: _name,
    FieldKind.BYTES: _bytes,
    FieldKind.RARE: _bytes,
    FieldKind.NAMES: _names,
    FieldKind.STORY: _story,
    FieldKind.HEADERS: _headers,
    FieldKind.COUNT: _count,
    FieldKind.FLAG: _flag,
    FieldKind.TIME: _time,
    FieldKind.DUE: _time,
    FieldKind.CLOCK: _clock,
    FieldKind.PRIORITY: _priority,
    FieldKind.FAILURES: _failures,
}
