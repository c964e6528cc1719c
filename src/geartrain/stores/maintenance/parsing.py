"""The lines of an export taken apart; every one that none would write is refused."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any, Final, NoReturn

from geartrain.engine.records import Entry, Failures, JobRecord, ScheduleRecord
from geartrain.engine.results import (
    CANCELLED,
    DEAD,
    EXPIRED,
    FAILED,
    SUCCEEDED,
    ResultRecord,
)
from geartrain.errors import StoreError
from geartrain.stores.maintenance.lines import (
    CLOCKS,
    FAILURES,
    PRIORITIES,
    RESULT_COUNTS,
    RESULT_TEXTS,
    RESULT_TIMES,
    TEXTS,
    TIMES,
)

__all__ = ["parse_line"]

_COMMON: Final = {"kind", "number", "encoding", "workload"}
_JOB: Final = _COMMON | {*TEXTS, *TIMES, "priority", "failures"}
# What lines of an older Geartrain lack.
_LATER: Final = {"clock"}
_SCHEDULE: Final = _COMMON | {"handle", "function", "unique", "fields"}
_ENTRY: Final = {"kind", "entry", "key", "value"}
_RESULT: Final = {
    *("kind", "number", "encoding", "result", "whole"),
    *(*RESULT_TEXTS, *RESULT_TIMES, *RESULT_COUNTS),
}
_OUTCOMES: Final = (SUCCEEDED, FAILED, DEAD, EXPIRED, CANCELLED)
_FIELDS: Final = {
    "job": _JOB,
    "dead": _JOB,
    "schedule": _SCHEDULE,
    "entry": _ENTRY,
    "result": _RESULT,
}
_FAILURE_FIELDS: Final = {name for name, _ in FAILURES}

# A job server goes on with higher numbers, for which there is to be room.
_MOST_NUMBER: Final = 2**62
_MOST_COUNT: Final = 2**31 - 1
_MOST_ERROR: Final = 64 * 1024
_REASONS: Final = (b"fail", b"exception", b"timeout", b"crash", b"retry")

_Object = dict[str, Any]


Line = JobRecord | ScheduleRecord | Entry | ResultRecord
"""What a line holds."""


def parse_line(line: bytes) -> tuple[Line, bool]:
    """Return what is in a line, and whether it is a dead letter.

    Raises:
        StoreError: it is no line of an export; the message says why.
    """
    values = _object(line)
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise StoreError("'kind' is none of job, dead, schedule, entry and result")
    _check_fields(values, _FIELDS[kind])
    if kind == "schedule":
        return _schedule(values), False
    if kind == "entry":
        parts = [_bytes(values, name) for name in ("entry", "key", "value")]
        return Entry(*parts), False
    if kind == "result":
        return _result(values), False
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
        if name not in known and (name not in _LATER or known is not _JOB):
            raise StoreError(f"the field {name!r} is unknown")
    for name in sorted(known):
        if name not in values:
            raise StoreError(f"the field {name!r} is missing")


def _job(values: _Object, *, is_dead: bool) -> JobRecord:
    number = _number(values)
    record = JobRecord(number, _handle(values, number), _function(values))
    record.unique = _name(values, "unique")
    record.key = _bytes(values, "key")
    record.reducer = _name(values, "reducer")
    if values["priority"] not in PRIORITIES:
        raise StoreError("'priority' is none of high, normal and low")
    record.priority = PRIORITIES.index(values["priority"])
    for name in TIMES:
        setattr(record, name, 0.0 if values[name] is None else _time(values, name))
    clock = values.get("clock", CLOCKS[0])
    if clock not in CLOCKS:
        raise StoreError("'clock' is none of calendar and steady")
    record.is_steady = clock == CLOCKS[1]
    record.failures = _failures(values["failures"])
    record.workload = _data(values, "workload")
    if is_dead and (record.failures is None or not record.died or record.due):
        raise StoreError("a dead letter has 'failures' and 'died', and no 'due'")
    if record.died and not is_dead:
        raise StoreError("only a dead letter has 'died'")
    return record


def _schedule(values: _Object) -> ScheduleRecord:
    number = _number(values)
    record = ScheduleRecord(number, _handle(values, number), _function(values))
    record.unique = _name(values, "unique")
    fields = values["fields"]
    if not isinstance(fields, list) or len(fields) != 5:
        raise StoreError("'fields' is no list of minute, hour, day, month and weekday")
    parts = dict(enumerate(fields))
    record.fields = [_encode(part, "fields") for part in parts.values()]
    record.workload = _data(values, "workload")
    return record


def _result(values: _Object) -> ResultRecord:
    number = _number(values)
    record = ResultRecord(number, _handle(values, number), _function(values))
    for name in ("key", "outcome", "reason", "error", "worker"):
        setattr(record, name, _bytes(values, name))
    record.unique = _name(values, "unique")
    if record.outcome not in _OUTCOMES:
        raise StoreError("'outcome' is none of succeeded, failed, dead, expired, …")
    for name in RESULT_TIMES:
        setattr(record, name, 0.0 if values[name] is None else _time(values, name))
    for name in RESULT_COUNTS:
        setattr(record, name, _count(values, name))
    if not isinstance(values["whole"], bool):
        raise StoreError("'whole' is neither true nor false")
    record.is_whole = values["whole"]
    data = _data(values, "result")
    record.pieces = [data] if data else []
    if len(data) != (record.size if record.is_whole else 0):
        raise StoreError("'size' is not that of 'result'")
    if record.data_size > record.size:
        raise StoreError("'data_size' is more than 'size'")
    return record


def _failures(values: object) -> Failures | None:
    if values is None:
        return None
    if not isinstance(values, dict):
        raise StoreError("'failures' is no JSON object")
    _check_fields(values, _FAILURE_FIELDS)
    readers: dict[type, Callable[[_Object, str], object]] = {
        int: _count,
        bytes: _bytes,
        float: _time,
    }
    failures = Failures()
    for name, kind in FAILURES:
        setattr(failures, name, readers[kind](values, name))
    if failures.reason not in _REASONS:
        raise StoreError("'reason' is none of fail, exception, timeout and crash")
    if len(failures.error) > _MOST_ERROR:
        raise StoreError(f"'error' has more than {_MOST_ERROR} bytes")
    return failures


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


def _time(values: _Object, name: str) -> float:
    time = values[name]
    if type(time) not in (int, float) or not 0 <= time < math.inf:
        raise StoreError(f"{name!r} is no time in seconds since 1970")
    try:
        return float(time)
    except OverflowError as error:
        raise StoreError(f"{name!r} is no time in seconds since 1970") from error


def _handle(values: _Object, number: int) -> bytes:
    handle = _name(values, "handle")
    if not handle.endswith(b":%d" % number):
        raise StoreError(f"'handle' does not end with :{number}, its number")
    return handle


def _function(values: _Object) -> bytes:
    function = _name(values, "function")
    if not function:
        raise StoreError("'function' is empty")
    return function


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
