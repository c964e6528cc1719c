"""Rows: jobs and dead letters as JSON objects, for people and programs that list them.

Text that is not UTF-8 is decoded with ``surrogateescape``; times are in seconds since
1970, by the calendar as it is when the row is made: ages are right after the system's
clock was set.
"""

from __future__ import annotations

import base64
import json
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final

from geartrain.engine.jobs.reasons import waiting_word
from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.model.graph import NEVER
from geartrain.engine.model.jobs import READY, RUNNING, Job, record_of
from geartrain.engine.model.submission_options import options_told
from geartrain.engine.records import Failures, JobRecord
from geartrain.engine.state.runs import schedule_of
from geartrain.engine.state.state import State
from geartrain.engine.story import attempts_of
from geartrain.errors import OptionError
from geartrain.protocol.headers import split_headers

__all__ = [
    "NO_WORKLOAD",
    "WHOLE",
    "Portion",
    "Value",
    "attempt_values",
    "calendar_time",
    "first_bytes",
    "job_row",
    "job_values",
    "priority_name",
    "record_row",
    "row",
    "state_name",
    "story_values",
    "tail_values",
    "text",
    "waiting_name",
    "whole_job",
    "whole_record",
    "with_data",
]

Value = str | int | float | bool | None

# Bytes of a workload that are shown at a time: a multiple of three, as base64 wants it,
# and the units of work, as ``turns`` counts it, that it takes.
_PIECE: Final = 48 * 1024
_PIECE_WORK: Final = 200

# States that people call by their own names.
_PLAIN: Final = ("running", "dead")

NO_WORKLOAD: Final = b"no"
"""A row without the workload."""
_WORKLOAD_ONLY: Final = b"only"


_LONGEST_FIRST: Final = 1024 * 1024


class Portion:
    """How much is told of a job."""

    def __init__(
        self, workload: bytes = b"", first: int = 0, tail: bytes = b""
    ) -> None:
        """Take the arguments of ``job``.

        Raises:
            OptionError: one cannot be what it is.
        """
        if workload not in (b"", NO_WORKLOAD, _WORKLOAD_ONLY):
            raise OptionError("workload is no, or only, or left out")
        if first > _LONGEST_FIRST:
            raise OptionError(f"first is at most {_LONGEST_FIRST} bytes")
        if tail not in (b"", b"yes"):
            raise OptionError(f"tail is yes, or left out, not {text(tail)!r}")
        self.has_workload = workload != NO_WORKLOAD
        """Its workload, too."""
        self.is_workload = workload == _WORKLOAD_ONLY
        """Nothing else: base64, in lines of which each can be read by itself."""
        self.first = first
        """How many bytes of its workload; 0 is all."""
        self.has_tail = bool(tail)
        """The last of the data that it streams."""


WHOLE: Final = Portion()
"""All but the data."""

_PRIORITIES: Final = ("high", "normal", "low")


def row(values: Mapping[str, object]) -> bytes:
    """Return a row as a line."""
    return json.dumps(values).encode() + b"\n"


def text(data: bytes) -> str:
    """Return bytes of a peer as text from which they can be had back."""
    return data.decode("utf-8", "surrogateescape")


def state_name(state: State, job: Job) -> str:
    """Return the name of the state of a job in memory."""
    if job.state is RUNNING:
        return "running"
    if job.state is READY:
        return "ready"
    return "scheduled" if state.wait_of(job) > 0 else "ready"


def waiting_name(state: State, record: JobRecord) -> str:
    """Return the name of the state of a job that only the store has."""
    is_due = record.due <= state.time_by(record.is_steady)
    return "ready" if is_due else "scheduled"


def job_row(state: State, job: Job) -> bytes:
    """Return the row of a job in memory."""
    return row(job_values(state, job))


def job_values(state: State, job: Job) -> dict[str, Value]:
    """Return the values of the row of a job in memory."""
    values: dict[str, Value] = _values(
        state, record_of(job), state_name(state, job), job.background
    )
    if job.worker is not None:
        values["started"] = calendar_time(state, job.started)
        values["worker"] = text(job.worker.client_id + b" " + job.worker.address)
        if job.denominator != b"0":
            values["numerator"] = _number(job.numerator)
            values["denominator"] = _number(job.denominator)
    return values


def _number(said: bytes) -> float | None:
    """Return a number as a worker wrote it; None if it is none."""
    try:
        number = float(said)
    except ValueError:
        return None
    if number.is_integer():
        return int(number)
    return number if isfinite(number) else None


def record_row(state: State, record: JobRecord) -> bytes:
    """Return the row of a job or dead letter that only the store has."""
    return row(_record_values(state, record))


def _record_values(state: State, record: JobRecord) -> dict[str, Value]:
    name = "dead" if record.died else waiting_name(state, record)
    return _values(state, record, name, True)


def whole_job(state: State, job: Job, part: Portion = WHOLE) -> Iterator[bytes]:
    """Give the row of a job in memory, its workload included, in pieces."""
    values = dict[str, object](job_values(state, job))
    attempts = story_values(state, job.failures)
    if job.worker is not None:
        who = job.worker.client_id + b" " + job.worker.address
        attempts.append(attempt_values(state, who, job.started, 0.0, b"running", b""))
    values["story"] = attempts
    values["headers"] = header_values(job.headers)
    values["options"] = options_told(job)
    values.update(_origin(state, job.number))
    if part.has_tail:
        is_running = job.worker is not None
        values.update(tail_values(state, job.handle, job if is_running else None))
    return _with_workload(state, values, [job.workload, *job.more], part)


def whole_record(
    state: State, record: JobRecord, part: Portion = WHOLE
) -> Iterator[bytes]:
    """Give the row of a job that only the store has, as ``whole_job`` does."""
    values = dict[str, object](_record_values(state, record))
    values["story"] = story_values(state, record.failures)
    values["headers"] = header_values(record.headers)
    values["options"] = options_told(record)
    values.update(_origin(state, record.number))
    if part.has_tail:
        values.update(tail_values(state, record.handle, None))
    return _with_workload(state, values, [record.workload, *record.more], part)


def _origin(state: State, number: int) -> dict[str, object]:
    """Return the schedule that submitted a job, if one has."""
    name = schedule_of(state, number) if state.runs else b""
    return {"schedule": text(name)} if name else {}


def tail_values(state: State, handle: bytes, job: Job | None) -> dict[str, object]:
    """Return the last of what a job streams, as values of a row; ``job`` if it runs."""
    tail = state.tails.look(handle, job, state.now)
    if tail is None:
        return {"data": None, "data_encoding": None, "data_size": 0}
    state.turns.work += len(tail.data) >> 6
    shown, encoding = _readable(tail.data)
    return {"data": shown, "data_encoding": encoding, "data_size": tail.size}


def _readable(data: bytes) -> tuple[str, str]:
    """Return data as text, whatever character was cut at its ends, or as base64."""
    start = 0
    while start < min(3, len(data)) and data[start] & 0xC0 == 0x80:
        start += 1
    try:
        return getincrementaldecoder("utf-8")().decode(data[start:]), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(data).decode(), "base64"


def first_bytes(data: list[bytes], most: int) -> list[bytes]:
    """Return the first bytes of data, without a character that would be cut."""
    found = b""
    for piece in data:
        found += piece[: most - len(found)]
        if len(found) == most:
            break
    decoder = getincrementaldecoder("utf-8")()
    try:
        decoder.decode(found)
    except UnicodeDecodeError:
        return [found]
    rest = decoder.getstate()[0]
    return [found[: len(found) - len(rest)] if len(found) == most else found]


def _with_workload(
    state: State, values: Mapping[str, object], data: list[bytes], part: Portion
) -> Iterator[bytes]:
    if part.first:
        data = first_bytes(data, part.first)
    if not part.has_workload:
        yield row(values)
    elif part.is_workload:
        for piece in _pieces(data):
            state.turns.work += _PIECE_WORK
            yield base64.b64encode(piece) + b"\n"
    else:
        yield from with_data(state, values, "workload", data)


def with_data(
    state: State, values: Mapping[str, object], name: str, data: list[bytes]
) -> Iterator[bytes]:
    """Give a row with a workload or result: as text if it is UTF-8, else as base64."""
    encoding = "utf-8"
    decoder = getincrementaldecoder("utf-8")()
    try:
        for piece in _pieces(data):
            state.turns.work += _PIECE_WORK
            decoder.decode(piece)
            yield b""
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        encoding = "base64"
    yield row(values)[: -len(b"}\n")] + b', "%s": "' % name.encode()
    decoder = getincrementaldecoder("utf-8")()
    for piece in _pieces(data):
        state.turns.work += _PIECE_WORK
        if encoding == "utf-8":
            yield json.dumps(decoder.decode(piece))[1:-1].encode()
        else:
            yield base64.b64encode(piece)
    yield b'", "encoding": "%s"}\n' % encoding.encode()


def story_values(state: State, failures: Failures | None) -> list[dict[str, object]]:
    """Return the attempts that failed, as values of a row."""
    story = b"" if failures is None else failures.story
    return [
        attempt_values(
            state, each.worker, each.started, each.ended, each.outcome, each.error
        )
        for each in attempts_of(story)
    ]


def header_values(headers: bytes) -> dict[str, str]:
    """Return the headers of a job, as values of a row."""
    return {text(name): text(value) for name, value in split_headers(headers)}


def attempt_values(
    state: State,
    worker: bytes,
    started: float,
    ended: float,
    outcome: bytes,
    error: bytes,
) -> dict[str, object]:
    """Return an attempt as values of a row; one that has not ended, at 0."""
    return {
        "worker": text(worker) or None,
        "started": calendar_time(state, started),
        "ended": calendar_time(state, ended),
        "outcome": text(outcome),
        "error": text(error) or None,
    }


def _pieces(data: list[bytes]) -> Iterator[bytes]:
    """Give data in pieces of one size, however it is cut."""
    rest = b""
    for each in data:
        start = _PIECE - len(rest) if rest else 0
        whole = rest + each[:start]
        if rest and len(whole) < _PIECE:
            rest = whole
            continue
        if rest:
            yield whole
        end = start + (len(each) - start) // _PIECE * _PIECE
        for position in range(start, end, _PIECE):
            yield each[position : position + _PIECE]
        rest = each[end:]
    if rest:
        yield rest


def priority_name(priority: int) -> str:
    """Return the name of a priority."""
    return _PRIORITIES[priority]


def calendar_time(state: State, time: float) -> float | None:
    """Return a server time by the calendar; None for 0, which is none."""
    return time + state.calendar_shift() if time else None


def _values(
    state: State, record: JobRecord, name: str, background: bool
) -> dict[str, Value]:
    due = calendar_time(state, record.due) if record.is_steady else record.due or None
    if record.due >= NEVER:
        due = None
    values: dict[str, Value] = {
        "handle": text(record.handle),
        "function": text(record.function),
        "unique": text(record.unique),
        "priority": _PRIORITIES[record.priority],
        "state": name,
        "status": name if name in _PLAIN else waiting_word(state, record),
        "background": background,
        "submitted": calendar_time(state, record.submitted),
        "due": due,
        "started": None,
        "died": calendar_time(state, record.died),
        "worker": None,
        "attempts": 0,
        "crashes": 0,
        "reason": None,
        "error": None,
        "size": record.size,
        "numerator": None,
        "denominator": None,
    }
    if record.owner:
        values["owner"] = text(record.owner)
    if record.flow_key and not is_addressed(record.flow_key):
        values["key"] = text(record.flow_key)
    if record.failures is not None:
        _add_failures(values, record.failures)
        values["started"] = calendar_time(state, record.failures.started)
    return values


def _add_failures(values: dict[str, Value], failures: Failures) -> None:
    values["worker"] = text(failures.worker) or None
    values["attempts"] = failures.attempts
    values["crashes"] = failures.crashes
    values["reason"] = text(failures.reason) or None
    values["error"] = text(failures.error) or None
