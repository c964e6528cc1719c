"""Rows: what text commands return of functions, policies and the like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = [
    "ActionRow",
    "CounterRow",
    "FailureRow",
    "FunctionRow",
    "PolicyRow",
    "ProblemRow",
    "Setting",
    "StoreRow",
    "UpcomingRow",
    "action_row",
    "counter_row",
    "failure_row",
    "function_row",
    "policy_row",
    "problem_row",
    "setting",
    "setting_text",
    "store_row",
    "upcoming_row",
]

Setting = bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """What an operator did.

    Attributes:
        number: its place in the log, from 1.
        time: when, in seconds since 1970.
        address: where the operator's connection came from.
        client: the client id that it had set; ``-`` for none.
        principal: who that was, by rules of access or a login; None if nobody knows.
        command: the command, such as ``pause`` or ``dead retry``.
        arguments: the words that followed, as they were sent, cut at 1,024 bytes.
        function: the function, or the glob, that it was about; empty for none.
        handle: the job that it was about; empty for none, or many.
        count: how many jobs, functions or settings it changed.
        node: the name of the job server, if that is another than the one asked.
    """

    number: int
    time: float
    address: str
    client: str
    principal: str | None
    command: str
    arguments: str
    function: str
    handle: str
    count: int
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow:
    """A moment that explains a chart.

    Attributes:
        number: its place among all marks, from 1.
        time: when, in seconds since 1970.
        mark: of the job server ``started``, ``stopped``, or ``crashed`` for an end
            without a stop, at the last time that it saved; of a function ``no_worker``
            when its last worker left, and ``worker`` when one came back.
        function: the function; None for the job server.
        seconds: for how long the server had been away, or the function had no worker;
            None for what ends nothing.
        version: of a start, the job server's version; else None.
        node: which job server it is about, where several share a store.
    """

    number: int
    time: float
    mark: str
    function: str | None
    seconds: float | None
    version: str | None
    node: str | None = None


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
        store: its name, such as ``memory:`` or ``sqlite:///path``.
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
        durability: what commits survive by the settings of the store's server, such as
            ``synchronous_commit=on``; None for a store without a server.
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
    durability: str | None = None


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
        functions: how many functions have this problem; None for the whole job server.
        node: the name of the job server, if that is another than the one asked.
    """

    problem: str
    function: str | None
    text: str
    value: float
    since: float
    remedy: str
    functions: int | None = None
    node: str | None = None

    @property
    def told(self) -> str:
        """What is wrong, and at which other job server."""
        return self.text if self.node is None else f"{self.text}, at {self.node}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """Jobs that failed for good lately, in the same way.

    Attributes:
        function: the name of their function.
        state: what became of them: ``dead`` or ``failed``.
        kind: the line of their errors that says what went wrong, with ``#`` for numbers
            and addresses and ``'…'`` for names in quotes; None if nothing was said.
        error: the line of the latest, as it is.
        reason: ``fail``, ``exception``, ``timeout`` or ``crash``, of the latest.
        count: how many there are among the latest 20,000 jobs that ended.
        first: when the first of them ended, in seconds since 1970.
        last: when the latest did.
        handle: the handle of the latest.
        worker: the client id and address of its worker; None if none is known.
    """

    function: str
    state: str
    kind: str | None
    error: str | None
    reason: str | None
    count: int
    first: float
    last: float
    handle: str
    worker: str | None


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
        oldest: for how many seconds the first ready job has waited; None if there is
            none, or the job server does not tell.
        held: how many of the waiting jobs wait for a rate or a place.
        next: when the function's rate lets the next one start, in seconds since 1970;
            None if that is not what they wait for.
        flow_keys: how many flow keys it has.
        paused: no job of it is given to a worker.
        draining: it takes no new jobs.
    """

    function: str
    high: int
    normal: int
    low: int
    running: int
    workers: int
    oldest: float | None = None
    held: int = 0
    next: float | None = None
    flow_keys: int = 0
    paused: bool = False
    draining: bool = False

    @property
    def waiting(self) -> int:
        """Return the number of waiting jobs of all priorities."""
        return self.high + self.normal + self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class UpcomingRow:
    """Something that comes.

    Attributes:
        kind: ``job`` for a delayed one in memory, ``schedule`` for the next time of a
            recurring job, ``stored`` for delayed jobs that the store alone has.
        when: when it comes, or the first of them, in seconds since 1970.
        function: the name of its function.
        handle: the handle of the job, or of the recurring one; None for ``stored``.
        fields: of a recurring job: minute, hour, day of the month, month, day of the
            week.
        last: when a recurring job was submitted last, since the job server's start.
        attempts: of a job, how many attempts have failed, or lost their worker.
        count: of ``stored``, how many there are.
        node: the name of the job server, if that is another than the one asked; of a
            schedule that several have, the one that submits its jobs.
    """

    kind: str
    when: float
    function: str
    handle: str | None
    fields: str | None
    last: float | None
    attempts: int
    count: int
    node: str | None = None


def action_row(values: Mapping[str, Any]) -> ActionRow:
    """Read a job server's row of its log of operators; raise KeyError if it is none."""
    values = {"node": None, **values}
    return ActionRow(**{each.name: values[each.name] for each in fields(ActionRow)})


def mark_row(values: Mapping[str, Any]) -> MarkRow:
    """Read a job server's row of a moment; raise KeyError if it is none."""
    values = {"node": None, **values}
    return MarkRow(**{each.name: values[each.name] for each in fields(MarkRow)})


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


def failure_row(values: Mapping[str, Any]) -> FailureRow:
    """Read a row of ``failures``; raise KeyError if it is not one."""
    return FailureRow(**{each.name: values[each.name] for each in fields(FailureRow)})


def problem_row(values: Mapping[str, Any]) -> ProblemRow:
    """Read a row of ``problems``; raise TypeError if it is not one."""
    names = [each.name for each in fields(ProblemRow)]
    return ProblemRow(**{name: values[name] for name in names if name in values})


def function_row(values: Mapping[str, Any]) -> FunctionRow:
    """Read a row of ``show functions``.

    Raises:
        KeyError, ValueError: it is not one.
    """
    names = ("high", "normal", "low", "running", "workers")
    counts = {name: int(values[name]) for name in names}
    oldest = values.get("oldest")
    return FunctionRow(
        function=str(values["function"]),
        oldest=None if oldest is None else float(oldest),
        held=int(values.get("held", 0)),
        next=None if values.get("next") is None else float(values["next"]),
        flow_keys=int(values.get("flow_keys", 0)),
        paused=bool(values.get("paused")),
        draining=bool(values.get("draining")),
        **counts,
    )


def upcoming_row(values: Mapping[str, Any]) -> UpcomingRow:
    """Read a job server's row of what comes; raise KeyError if it is none."""
    return UpcomingRow(
        kind=values["kind"],
        when=values["when"],
        function=values["function"],
        handle=values.get("handle"),
        fields=values.get("fields"),
        last=values.get("last"),
        attempts=values.get("attempts", 0) + values.get("crashes", 0),
        count=values.get("count", 1),
        node=values.get("node"),
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
