"""Lines of JSON: a job, a dead letter, a recurring job, an entry or a result each.

Bytes that are not UTF-8 are text with lone surrogates, as in all rows of Geartrain; of
a workload they are base64, and ``encoding`` says so. Times are in seconds since 1970,
by the calendar, null for none. ``clock`` says by which clock a job is due, ``steady``
for one that waits for a delay or a pause.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Final

from geartrain.engine.records import Entry, Failures, JobRecord, ScheduleRecord
from geartrain.engine.results import ResultRecord

__all__ = [
    "CLOCKS",
    "FAILURES",
    "PRIORITIES",
    "RESULT_COUNTS",
    "RESULT_TEXTS",
    "RESULT_TIMES",
    "TEXTS",
    "TIMES",
    "entry_line",
    "job_line",
    "move_result_times",
    "move_times",
    "result_line",
    "schedule_line",
]

PRIORITIES: Final = ("high", "normal", "low")
"""The names of priorities, by their numbers."""

CLOCKS: Final = ("calendar", "steady")
"""The clocks by which a job may be due; the second if ``is_steady``."""

TEXTS: Final = ("handle", "function", "unique", "key", "reducer")
"""The fields of a job that are text, in the order they are written in."""

TIMES: Final = ("submitted", "due", "died")
"""The fields of a job that are times."""

RESULT_TEXTS: Final = (
    *("handle", "function", "unique", "key"),
    *("outcome", "reason", "error", "worker"),
)
"""The fields of a result that are text, but for itself."""

RESULT_TIMES: Final = ("submitted", "started", "ended", "expires")
"""The fields of a result that are times."""

RESULT_COUNTS: Final = ("size", "data_size")
"""The fields of a result that are numbers of bytes."""

FAILURES: Final = (
    ("attempts", int),
    ("crashes", int),
    ("reason", bytes),
    ("error", bytes),
    ("worker", bytes),
    ("started", float),
    ("ended", float),
)
"""The fields of failures, with their types."""

# A time that is moved stays one: 0 is none.
_EARLIEST: Final = 0.001

_Value = str | int | float | None | list[str] | dict[str, str | int | float]


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
    values: dict[str, _Value] = {
        "kind": "dead" if is_dead else "job",
        "number": record.number,
    }
    for name in TEXTS:
        values[name] = _text(getattr(record, name))
    values["priority"] = PRIORITIES[record.priority]
    for name in TIMES:
        values[name] = getattr(record, name) or None
    values["clock"] = CLOCKS[record.is_steady]
    values["failures"] = _failures(record.failures)
    return _line(values, workload, is_text=is_text)


def move_times(record: JobRecord, seconds: float) -> None:
    """Move all times of a record that are server times, to or from the calendar's."""
    record.submitted = _moved(record.submitted, seconds)
    record.died = _moved(record.died, seconds)
    if record.is_steady:
        record.due = _moved(record.due, seconds)
    failures = record.failures
    if failures is not None:
        failures.started = _moved(failures.started, seconds)
        failures.ended = _moved(failures.ended, seconds)


def move_result_times(record: ResultRecord, seconds: float) -> None:
    """Move all times of a result, to or from the calendar's."""
    for name in RESULT_TIMES:
        setattr(record, name, _moved(getattr(record, name), seconds))


def _moved(time: float, seconds: float) -> float:
    return max(time + seconds, _EARLIEST) if time > 0 else time


def schedule_line(record: ScheduleRecord) -> Iterator[bytes]:
    """Return the line of a recurring job, in parts."""
    values: dict[str, _Value] = {
        "kind": "schedule",
        "number": record.number,
        "handle": _text(record.handle),
        "function": _text(record.function),
        "unique": _text(record.unique),
        "fields": [_text(field) for field in record.fields],
    }
    return _line(values, [record.workload], is_text=_is_text(record.workload))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def result_line(record: ResultRecord) -> Iterator[bytes]:
    """Return the line of a result, in parts."""
    data = b"".join(record.pieces)
    values: dict[str, _Value] = {"kind": "result", "number": record.number}
    for name in RESULT_TEXTS:
        values[name] = _text(getattr(record, name))
    for name in RESULT_TIMES:
        values[name] = getattr(record, name) or None
    for name in RESULT_COUNTS:
        values[name] = getattr(record, name)
    values["whole"] = record.is_whole
    return _line(values, [data], is_text=_is_text(data), name="result")


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
    values: dict[str, _Value],
    workload: Iterable[bytes],
    *,
    is_text: bool,
    name: str = "workload",
) -> Iterator[bytes]:
    values["encoding"] = "utf-8" if is_text else "base64"
    yield json.dumps(values).encode()[:-1] + b', "%s": "' % name.encode()
    yield from _escaped(workload) if is_text else _coded(workload)
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


def _failures(failures: Failures | None) -> dict[str, str | int | float] | None:
    if failures is None:
        return None
    values: dict[str, str | int | float] = {}
    for name, kind in FAILURES:
        value = getattr(failures, name)
        values[name] = _text(value) if kind is bytes else value
    return values


def _text(data: bytes) -> str:
    """Return bytes as text from which they can be had back."""
    return data.decode("utf-8", "surrogateescape")
