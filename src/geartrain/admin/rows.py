"""Rows: what text commands return of functions, workers, policies and the like."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

__all__ = [
    "ActionRow",
    "CounterRow",
    "FunctionRow",
    "PolicyRow",
    "ProblemRow",
    "Setting",
    "StoreRow",
    "WorkerRow",
    "action_row",
    "connection_row",
    "counter_row",
    "function_row",
    "function_rows",
    "policy_row",
    "problem_row",
    "setting",
    "setting_text",
    "store_row",
    "worker_rows",
]

Setting = bool | int | float | str

_Row = TypeVar("_Row")

# Maximum number of lines that are tried as one row: each costs a try of all before it.
_MOST_BREAKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """What an operator did.

    Attributes:
        number: its place in the log, from 1.
        time: when, in seconds since 1970.
        address: where the operator's connection came from.
        client: the client id that it had set; ``-`` for none.
        command: the command, such as ``pause`` or ``dead retry``.
        arguments: the words that followed, as they were sent, cut at 1,024 bytes.
        function: the function, or the glob, that it was about; empty for none.
        handle: the job that it was about; empty for none, or many.
        count: how many jobs, functions or settings it changed.
    """

    number: int
    time: float
    address: str
    client: str
    command: str
    arguments: str
    function: str
    handle: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """The settings of the functions that a pattern matches.

    Attributes:
        pattern: a function's name, or a glob.
        source: ``file`` for settings that the job server was started with, ``runtime``
            for those that were changed since, in this life or an earlier one.
        settings: values by the names of the settings that were changed.
    """

    pattern: str
    source: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRow:
    """The counters of a function's jobs since the job server started.

    Attributes:
        function: the function's name; empty in the row of forgotten functions.
        counts: numbers by what they count, such as ``submitted`` and ``dead``.
        forgotten: in the last row, the number of unused functions that the job server
            has forgotten and that this row is the total of; 0 in every other row.
    """

    function: str
    counts: Mapping[str, int]
    forgotten: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """The state of a job server's store.

    Attributes:
        store: its name, ``memory:`` or ``sqlite:///path``.
        state: ``ok``; ``refusing`` if new background jobs are refused; ``failing`` if
            the ends of jobs cannot be saved either.
        reason: why the state is not ``ok``; None if it is.
        since: when it began, in seconds since 1970; None for the server's start.
        unsaved: number of jobs with an end or a failure that is not saved yet.
        unkept: number of jobs that were acknowledged and are not saved yet; always 0
            unless the server runs with ``--durability memory``.
        size: bytes of its file and its log; None if it has none.
        free: bytes that these may still grow by; None if unknown.
        backup: the file of the last backup since the start; None if there was none.
        backup_state: ``running``, ``done`` or ``failed``; None without a backup.
        backup_reason: why it failed; None if it did not.
    """

    store: str
    state: str
    reason: str | None
    since: float | None
    unsaved: int
    size: int | None
    free: int | None
    unkept: int = 0
    backup: str | None = None
    backup_state: str | None = None
    backup_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """One thing that is wrong with a job server now.

    Attributes:
        problem: which, as one word, such as ``no_worker``.
        function: the function it is about; None for the whole job server.
        text: what is wrong, in a sentence.
        value: the number it is about: of jobs, seconds or bytes.
        since: when it began, in seconds since 1970.
        remedy: what mends it.
    """

    problem: str
    function: str | None
    text: str
    value: float
    since: float
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """A function with its jobs and workers.

    Attributes:
        function: the function's name.
        high: number of waiting jobs of high priority, delayed ones included.
        normal: the same of normal priority.
        low: the same of low priority.
        running: number of running jobs.
        workers: number of workers that serve it.
        paused: no job of it is given to a worker.
        draining: it takes no new jobs.
    """

    function: str
    high: int
    normal: int
    low: int
    running: int
    workers: int
    paused: bool = False
    draining: bool = False

    @property
    def waiting(self) -> int:
        """Return the number of waiting jobs of all priorities."""
        return self.high + self.normal + self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A connection of a worker or client.

    Attributes:
        descriptor: the number of its socket in the job server.
        address: the address of the peer.
        id: the client id that the worker has set; ``-`` for none.
        functions: the functions it serves, the newest first; empty for a client.
    """

    descriptor: int
    address: str
    id: str
    functions: tuple[str, ...]


def action_row(values: Mapping[str, Any]) -> ActionRow:
    """Read a job server's row of its log of operators; raise KeyError if it is none."""
    return ActionRow(**{each.name: values[each.name] for each in fields(ActionRow)})


def policy_row(values: Mapping[str, Any]) -> PolicyRow:
    """Read a job server's row of a policy; raise KeyError if it is not one."""
    others = ("pattern", "source")
    return PolicyRow(
        pattern=values["pattern"],
        source=values["source"],
        settings={name: values[name] for name in values if name not in others},
    )


def counter_row(values: Mapping[str, Any]) -> CounterRow:
    """Read a job server's row of counters; raise KeyError if it is not one."""
    others = ("function", "forgotten")
    return CounterRow(
        function=values["function"],
        counts={name: values[name] for name in values if name not in others},
        forgotten=values.get("forgotten", 0),
    )


def store_row(values: Mapping[str, Any]) -> StoreRow:
    """Read a job server's row of its store; raise KeyError if it is not one."""
    return StoreRow(**{each.name: values[each.name] for each in fields(StoreRow)})


def problem_row(values: Mapping[str, Any]) -> ProblemRow:
    """Read a row of ``problems``; raise KeyError if it is not one."""
    return ProblemRow(**{each.name: values[each.name] for each in fields(ProblemRow)})


def function_row(values: Mapping[str, Any]) -> FunctionRow:
    """Read a row of ``show functions``.

    Raises:
        KeyError, ValueError: it is not one.
    """
    names = ("high", "normal", "low", "running", "workers")
    counts = {name: int(values[name]) for name in names}
    return FunctionRow(
        function=str(values["function"]),
        paused=bool(values.get("paused")),
        draining=bool(values.get("draining")),
        **counts,
    )


def connection_row(values: Mapping[str, Any]) -> WorkerRow:
    """Read a row of ``show connections``.

    Raises:
        KeyError, ValueError: it is not one.
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

    Return rows, and the lines that are part of no row. A function that only the first
    list has was created between the two.
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
    """Split lines into a name and ``count`` numbers, from the right."""

    def read(line: str) -> tuple[str, list[int]]:
        name, *numbers = line.rsplit("\t", count)
        if len(numbers) != count:
            raise ValueError(line)
        return name, list(map(int, numbers))

    return _read_lines(lines, read, ends_tell=True)


def worker_rows(lines: list[str]) -> tuple[list[WorkerRow], list[str]]:
    """Read the lines of ``workers``; return rows, and lines that are part of none."""
    return _read_lines(lines, _worker_row, ends_tell=False)


def _read_lines(
    lines: list[str], read: Callable[[str], _Row], *, ends_tell: bool
) -> tuple[list[_Row], list[str]]:
    """Read rows; return them, and the lines that belong to no row.

    gearmand does not escape names: if one has line breaks, several lines are one row.
    With ``ends_tell`` a row is recognised by its end; without, by its beginning, so
    that a line that can be a row by itself is one.
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
    """Read a row of ``workers``; raise ValueError if it is not one.

    Names are separated by spaces: one that has a space looks like two.
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
    """Return the value of a setting as people write it: ``60`` for ``60.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
