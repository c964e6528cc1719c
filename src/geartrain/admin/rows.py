"""Rows: what a job server tells of jobs, policies and counters."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

__all__ = [
    "CounterRow",
    "FunctionRow",
    "JobRow",
    "PolicyRow",
    "Setting",
    "StoreRow",
    "WorkerRow",
    "connection_row",
    "counter_row",
    "function_row",
    "function_rows",
    "job_row",
    "policy_row",
    "setting",
    "setting_text",
    "store_row",
    "worker_rows",
]

Setting = bool | int | float | str

_Row = TypeVar("_Row")

# Lines that are tried as one row: every one costs a try of all before it.
_MOST_BREAKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """What a job server tells of a job or dead letter.

    Times are seconds since 1970. Bytes of names that are not UTF-8 are lone
    surrogates, as ``os.fsdecode`` makes them.

    Attributes:
        handle: the name the job server gave it.
        function: the name of its function.
        unique: the client's coalescing key; empty for none.
        priority: ``high``, ``normal`` or ``low``.
        state: ``scheduled``, ``ready``, ``running`` or ``dead``.
        background: nobody has to wait for its result.
        submitted: when it was submitted; None if that is not known.
        due: when it becomes ready; None if nothing holds it back.
        started: when its attempt began, or the last one; None if there was none.
        died: when it became a dead letter; None if it is none.
        worker: who runs it, or ran it last: client id and address; None for nobody.
        attempts: how many ended by a failure, an exception or a time-out.
        crashes: how many ended because the worker was lost.
        reason: how the last ended: ``fail``, ``exception``, ``timeout``, ``crash``.
        error: what the worker said of that; None for nothing.
        size: the bytes of its workload.
        workload: its input; None where only its size is told.
    """

    handle: str
    function: str
    unique: str
    priority: str
    state: str
    background: bool
    submitted: float | None
    due: float | None
    started: float | None
    died: float | None
    worker: str | None
    attempts: int
    crashes: int
    reason: str | None
    error: str | None
    size: int
    workload: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """What was set for the functions that a pattern names.

    Attributes:
        pattern: a function's name, or a glob.
        settings: values by the names of the settings given.
    """

    pattern: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRow:
    """What has become of a function's jobs since the job server started.

    Attributes:
        function: the function's name; empty in the last row where that is the total
            of the functions that were forgotten.
        counts: numbers by what they count, such as ``submitted`` and ``dead``.
        forgotten: how many functions without use were forgotten; 0 in every other row.
    """

    function: str
    counts: Mapping[str, int]
    forgotten: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """How a job server's store is.

    Attributes:
        store: its name, ``memory:`` or ``sqlite:///path``.
        state: ``ok``; ``refusing``, new background jobs are refused; or ``failing``,
            what becomes of jobs is not saved either.
        reason: why it is not ``ok``; None if it is.
        since: when that began, in seconds since 1970; None for the server's start.
        unsaved: how many jobs have an end or a failure that is not saved yet.
        size: the bytes of its file and its log; None if it has none.
        free: the bytes these can still grow by; None if that is not known.
    """

    store: str
    state: str
    reason: str | None
    since: float | None
    unsaved: int
    size: int | None
    free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """What a job server tells of a function.

    Attributes:
        function: the function's name.
        high: how many jobs of high priority wait, delayed ones included.
        normal: how many of normal priority.
        low: how many of low priority.
        running: how many workers have.
        workers: how many workers serve it.
    """

    function: str
    high: int
    normal: int
    low: int
    running: int
    workers: int

    @property
    def waiting(self) -> int:
        """How many jobs wait, whatever their priority."""
        return self.high + self.normal + self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """What a job server tells of a connection.

    Attributes:
        descriptor: the number of its socket in the job server.
        address: where it comes from.
        id: what the worker calls itself; ``-`` for nothing.
        functions: what it serves, the newest first; none for a client.
    """

    descriptor: int
    address: str
    id: str
    functions: tuple[str, ...]


_JOB_FIELDS = tuple(field.name for field in fields(JobRow) if field.name != "workload")


def job_row(values: Mapping[str, Any]) -> JobRow:
    """Read a job server's row of a job.

    Raises:
        KeyError, ValueError: it is none.
    """
    workload = None
    if "workload" in values:
        workload = _workload(values["workload"], values["encoding"])
    known = {name: values[name] for name in _JOB_FIELDS}
    return JobRow(**known, workload=workload)


def _workload(text: str, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.b64decode(text, validate=True)
    return text.encode()


def policy_row(values: Mapping[str, Any]) -> PolicyRow:
    """Read a job server's row of a policy; raises KeyError if it is none."""
    settings = {name: values[name] for name in values if name != "pattern"}
    return PolicyRow(pattern=values["pattern"], settings=settings)


def counter_row(values: Mapping[str, Any]) -> CounterRow:
    """Read a job server's row of counters; raises KeyError if it is none."""
    others = ("function", "forgotten")
    return CounterRow(
        function=values["function"],
        counts={name: values[name] for name in values if name not in others},
        forgotten=values.get("forgotten", 0),
    )


def store_row(values: Mapping[str, Any]) -> StoreRow:
    """Read a job server's row of its store; raises KeyError if it is none."""
    return StoreRow(**{each.name: values[each.name] for each in fields(StoreRow)})


def function_row(values: Mapping[str, Any]) -> FunctionRow:
    """Read a row of ``show functions``.

    Raises:
        KeyError, ValueError: it is none.
    """
    names = ("high", "normal", "low", "running", "workers")
    counts = {name: int(values[name]) for name in names}
    return FunctionRow(function=str(values["function"]), **counts)


def connection_row(values: Mapping[str, Any]) -> WorkerRow:
    """Read a row of ``show connections``.

    Raises:
        KeyError, ValueError: it is none.
    """
    return WorkerRow(
        descriptor=int(values["descriptor"]),
        address=str(values["address"]),
        id=str(values["id"]),
        functions=tuple(map(str, values["functions"])),
    )


def function_rows(
    status: list[str], priorities: list[str]
) -> tuple[list[FunctionRow], list[str]]:
    """Read the lines of ``status`` and ``prioritystatus``, of any job server.

    Returns rows, and the lines that are none. A function that is only in the first
    was created between the two.
    """
    waiting = {}
    for name, (high, normal, low, _) in _counted(priorities, 4)[0]:
        waiting[name] = high, normal, low
    rows = []
    counted, unread = _counted(status, 3)
    for name, (total, running, workers) in counted:
        high, normal, low = waiting.get(name, (0, total - running, 0))
        rows.append(
            FunctionRow(
                function=name,
                high=high,
                normal=normal,
                low=low,
                running=running,
                workers=workers,
            )
        )
    return rows, unread


def _counted(
    lines: list[str], count: int
) -> tuple[list[tuple[str, list[int]]], list[str]]:
    """Part lines into a name and so many numbers, from the right."""

    def read(line: str) -> tuple[str, list[int]]:
        name, *numbers = line.rsplit("\t", count)
        if len(numbers) != count:
            raise ValueError(line)
        return name, list(map(int, numbers))

    return _read_lines(lines, read, ends_tell=True)


def worker_rows(lines: list[str]) -> tuple[list[WorkerRow], list[str]]:
    """Read the lines of ``workers``; return rows, and the lines that are none."""
    return _read_lines(lines, _worker_row, ends_tell=False)


def _read_lines(
    lines: list[str], read: Callable[[str], _Row], *, ends_tell: bool
) -> tuple[list[_Row], list[str]]:
    """Read rows; return also the lines that belong to none.

    gearmand sends names as they are: where one has line breaks, several lines are one
    row. Either the end of a row tells that it is one, or its beginning: a line that
    can be a row alone is then one.
    """
    rows: list[_Row] = []
    unread: list[str] = []
    pending: list[str] = []
    for line in lines:
        joined = "\n".join([*pending, line])
        tries = (joined, line) if ends_tell else (line, joined)
        row = None
        for text in tries:
            row = _read(text, read)
            if row is not None:
                unread += pending if text is line else []
                break
        if row is None:
            pending.append(line)
            if len(pending) > _MOST_BREAKS:
                unread.append(pending.pop(0))
            continue
        rows.append(row)
        pending = []
    return rows, unread + pending


def _read(line: str, read: Callable[[str], _Row]) -> _Row | None:
    try:
        return read(line)
    except ValueError:
        return None


def _worker_row(line: str) -> WorkerRow:
    """Read a row of ``workers``; raises ValueError if it is none.

    Names are parted by spaces: one that has a space cannot be told from two.
    """
    descriptor, address, rest = f"{line} ".split(" ", 2)
    name, colon, functions = rest.partition(" :")
    if not colon or not descriptor.isdecimal():
        raise ValueError(line)
    return WorkerRow(
        descriptor=int(descriptor),
        address=address,
        id=name,
        functions=tuple(functions.split()),
    )


def setting(text: str) -> Setting:
    """Read the value of a setting: a number, ``true``, ``false``, or a word."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def setting_text(value: Setting) -> str:
    """Write the value of a setting as people do: ``60`` for ``60.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
