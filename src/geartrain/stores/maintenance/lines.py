"""Lines of JSON: a job, dead letter, recurring job, entry, result or ending each.

A line has the fields of ``JOB_FIELDS`` or ``SCHEDULE_FIELDS``. Bytes that are not UTF-8
are text with lone surrogates, as in all rows of Geartrain; a workload that is not is
base64, and ``encoding`` says so. Times are in seconds since 1970, by the calendar, null
for none. ``clock`` says by which clock a job is due: ``steady`` for one that waits for
a delay or a pause.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from geartrain.engine.endings import ENDING_FIELDS, Ending
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
from geartrain.engine.results import RESULT_FIELDS, ResultRecord
from geartrain.protocol.headers import split_headers

__all__ = [
    "CLOCKS",
    "PRIORITIES",
    "ending_line",
    "entry_line",
    "job_line",
    "label",
    "move_ending_times",
    "move_result_times",
    "move_times",
    "result_line",
    "schedule_line",
]

PRIORITIES: Final = ("high", "normal", "low")
"""The names of priorities, by their numbers."""

CLOCKS: Final = ("calendar", "steady")
"""The clocks by which a job may be due; the second if ``is_steady``."""

# Seconds. A time that is moved must not become 0, which means none.
_EARLIEST: Final = 0.001


def label(field: Field) -> str:
    """Return what a field is called in a line."""
    return "clock" if field.kind is FieldKind.CLOCK else field.name


def job_line(
    record: JobRecord, workload: Iterable[bytes], *, is_dead: bool, is_text: bool
) -> Iterator[bytes]:
    """Return the line of a job or dead letter, in parts of the size of its pieces.

    Args:
        record: the job; its own workload does not matter.
        workload: the pieces of its workload.
        is_dead: whether it is a dead letter.
        is_text: whether the workload is UTF-8.
    """
    kind = "dead" if is_dead else "job"
    values = {"kind": kind, "number": record.number} | _values(record, JOB_FIELDS)
    return _line(values, workload, is_text=is_text)


def schedule_line(record: ScheduleRecord) -> Iterator[bytes]:
    """Return the line of a recurring job, in parts."""
    values = {"kind": "schedule", "number": record.number}
    values |= _values(record, SCHEDULE_FIELDS)
    return _line(values, [record.workload], is_text=_is_text(record.workload))


def result_line(record: ResultRecord) -> Iterator[bytes]:
    """Return the line of a result, in parts."""
    data = b"".join(record.pieces)
    values = {"kind": "result", "number": record.number}
    values |= _values(record, RESULT_FIELDS)
    return _line(values, [data], is_text=_is_text(data), name="result")


def ending_line(ending: Ending) -> Iterator[bytes]:
    """Return the line of an ending."""
    values = {"kind": "ending", "number": ending.serial}
    values |= _values(ending, ENDING_FIELDS)
    yield json.dumps(values).encode() + b"\n"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def move_result_times(record: ResultRecord, seconds: float) -> None:
    """Move all times of a result, to or from the calendar's."""
    _move(record, RESULT_FIELDS, {FieldKind.TIME}, seconds)


def move_ending_times(ending: Ending, seconds: float) -> None:
    """Move all times of an ending, to or from the calendar's."""
    _move(ending, ENDING_FIELDS, {FieldKind.TIME}, seconds)
    if ending.failures is not None:
        _move(ending.failures, FAILURE_FIELDS, {FieldKind.TIME}, seconds)


def move_times(record: JobRecord, seconds: float) -> None:
    """Move all times of a record that are server times, to or from the calendar's."""
    kinds = {FieldKind.TIME, FieldKind.DUE} if record.is_steady else {FieldKind.TIME}
    _move(record, JOB_FIELDS, kinds, seconds)
    if record.failures is not None:
        _move(record.failures, FAILURE_FIELDS, kinds, seconds)


def _move(
    record: object, fields: Iterable[Field], kinds: set[FieldKind], seconds: float
) -> None:
    for field in fields:
        if field.kind in kinds and (time := getattr(record, field.name)) > 0:
            setattr(record, field.name, max(time + seconds, _EARLIEST))


def _values(record: object, fields: Iterable[Field]) -> dict[str, Any]:
    """Return the fields of a record as JSON has them, but for its workload."""
    return {
        label(field): _WRITERS[field.kind](getattr(record, field.name))
        for field in fields
        if field.kind is not FieldKind.WORKLOAD
    }


def _text(data: bytes) -> str:
    """Return bytes as text from which they can be had back."""
    return data.decode("utf-8", "surrogateescape")


def _failures(failures: Failures | None) -> dict[str, Any] | None:
    if failures is None:
        return None
    # Their times are always set, and never null.
    values = _values(failures, FAILURE_FIELDS)
    return {name: 0.0 if value is None else value for name, value in values.items()}


_WRITERS: Final[dict[FieldKind, Callable[[Any], Any]]] = {
    FieldKind.NAME: _text,
    FieldKind.BYTES: _text,
    FieldKind.RARE: _text,
    FieldKind.HEADERS: lambda headers: {
        _text(name): _text(value) for name, value in split_headers(headers)
    },
    FieldKind.NAMES: lambda names: [_text(name) for name in names],
    FieldKind.STORY: lambda story: base64.b64encode(story).decode(),
    FieldKind.COUNT: int,
    FieldKind.FLAG: bool,
    FieldKind.TIME: lambda time: time or None,
    FieldKind.DUE: lambda time: time or None,
    FieldKind.CLOCK: CLOCKS.__getitem__,
    FieldKind.PRIORITY: PRIORITIES.__getitem__,
    FieldKind.FAILURES: _failures,
}


def entry_line(entry: Entry) -> Iterator[bytes]:
    """Return the line of an entry."""
    values = {
        "kind": "entry",
        "entry": _text(entry.kind),
        "key": _text(entry.key),
        "value": _text(entry.value),
    }
    yield json.dumps(values).encode() + b"\n"


def _line(
    values: dict[str, Any],
    data: Iterable[bytes],
    *,
    is_text: bool,
    name: str = "workload",
) -> Iterator[bytes]:
    values["encoding"] = "utf-8" if is_text else "base64"
    yield json.dumps(values).encode()[:-1] + b', "%s": "' % name.encode()
    yield from _escaped(data) if is_text else _coded(data)
    yield b'"}\n'


def _escaped(workload: Iterable[bytes]) -> Iterator[bytes]:
    """Return UTF-8 as it stands in a JSON string."""
    rest = b""
    for piece in workload:
        data = rest + piece
        end = _end_of_text(data)
        rest = data[end:]
        yield json.dumps(data[:end].decode()).encode()[1:-1]


def _end_of_text(data: bytes) -> int:
    """Return where the last whole character ends."""
    for back in range(1, min(4, len(data)) + 1):
        if data[-back] & 0xC0 != 0x80:
            is_cut = data[-back] >= 0xC0 and back < _width(data[-back])
            return len(data) - back if is_cut else len(data)
    return len(data)


def _width(first: int) -> int:
    """Return the bytes of a character of UTF-8 from its first byte."""
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _coded(workload: Iterable[bytes]) -> Iterator[bytes]:
    """Return base64 of all pieces together."""
    rest = b""
    for piece in workload:
        data = rest + piece
        end = len(data) // 3 * 3
        rest = data[end:]
        yield base64.b64encode(data[:end])
    yield base64.b64encode(rest)
