"""Rows of jobs, dead letters, and jobs that have ended, with their attempts."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = [
    "AttemptRow",
    "DeadGroupRow",
    "JobRow",
    "data_of",
    "dead_group_row",
    "job_row",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt of a job.

    Attributes:
        worker: client id and address of the worker; None if unknown.
        started: when it began, in seconds since 1970; None if unknown.
        ended: when it ended; None if it is running.
        outcome: ``fail``, ``exception``, ``retry``, ``timeout`` or ``crash`` if it
            failed; ``release`` if the worker handed the job back; ``running``; else
            what became of the job with it, such as ``succeeded``.
        error: the beginning of the error that the worker gave; None for none.
    """

    worker: str | None
    started: float | None
    ended: float | None
    outcome: str
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job, a dead letter, or a job that has ended.

    Times are seconds since 1970. Bytes of names that are not UTF-8 are lone
    surrogates, as ``os.fsdecode`` makes them.

    Attributes:
        handle: its handle.
        function: the name of its function.
        unique: its unique; empty for none.
        priority: ``high``, ``normal`` or ``low``.
        state: ``scheduled``, ``ready``, ``running`` or ``dead``; of a job that has
            ended, its status.
        status: ``waiting``, ``delayed``, ``retrying`` (waiting for another attempt),
            ``running``, ``dead``, ``succeeded``, ``failed``, ``expired``, ``cancelled``
            ``abandoned`` (nobody waited for it any more) or ``dropped`` (newer ones
            took its place, or it was a dead letter).
        background: whether it is a background job.
        submitted: when it was submitted; None if unknown.
        due: when it becomes ready; None if it is not scheduled.
        started: when the current or last attempt began; None if there was none.
        died: when it became a dead letter; None if it is not one.
        worker: client id and address of the current or last worker; None for none.
        attempts: number of attempts that ended by a failure, an exception or a timeout.
        crashes: number of attempts that ended because the worker was lost.
        reason: how the last ended: ``fail``, ``exception``, ``timeout``, ``crash``.
        error: the error that the worker gave for that; None for none.
        size: bytes of its workload.
        workload: its workload; None in lists, which give only the size, and of a job
            that has ended.
        ended: when it ended; None if it has not.
        result_size: bytes of the result that ended it; None if it has not ended.
        owner: the principal, or the address, whose limits count it; None for none.
        key: its flow key; None for none, and of a job that has ended.
        headers: its headers; empty in lists of jobs, and of a job that has ended.
        options: what its submission asked for otherwise than the policy, as texts by
            name; empty in lists of jobs, and of a job that has ended.
        story: its attempts, the first and the last dozen; empty in lists of jobs.
        numerator, denominator: how far it is, as its worker last reported; None if it
            does not run, or its worker has not said.
        data: the last of the data that it streams, from when they were first asked
            for; None where they were not.
        data_size: bytes of all that it streamed from then on.
        schedule: the name of the schedule that submitted it, if one has; None in lists
            of jobs.
        node: the other job server that has it; None for the one that was asked.
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
    status: str = ""
    ended: float | None = None
    result_size: int | None = None
    owner: str | None = None
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    story: tuple[AttemptRow, ...] = ()
    numerator: float | None = None
    denominator: float | None = None
    data: bytes | None = None
    data_size: int = 0
    schedule: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadGroupRow:
    """Dead letters of a function that died of errors of one kind.

    Attributes:
        function: the name of the function.
        reason: how their last attempts ended, as in ``JobRow``; None if unknown.
        kind: the line of their errors that says what went wrong, with ``#`` for numbers
            and addresses and ``'…'`` for names in quotes; None if nothing was said.
        error: the line of the latest, as it is.
        count: how many there are, among the latest.
        first: when the first of them died, in seconds since 1970.
        last: when the last of them died.
        handle: the handle of that.
        worker: client id and address of its worker; None if unknown.
    """

    function: str
    reason: str | None
    kind: str | None
    error: str | None
    count: int
    first: float
    last: float
    handle: str
    worker: str | None


# What lists or job servers of an earlier version leave out.
_OPTIONAL = (
    *("status", "ended", "result_size", "owner", "headers", "options", "numerator"),
    *("denominator", "schedule", "key", "node"),
)
_READ = (*_OPTIONAL, "workload", "story", "data", "data_size")
_JOB_FIELDS = tuple(name.name for name in fields(JobRow) if name.name not in _READ)
_ATTEMPT_FIELDS = tuple(name.name for name in fields(AttemptRow))


def job_row(values: Mapping[str, Any]) -> JobRow:
    """Read a job server's row of a job.

    Raises:
        KeyError, ValueError: it is not one.
    """
    workload = None
    if "workload" in values:
        workload = data_of(values["workload"], values["encoding"])
    known = {name: values[name] for name in _JOB_FIELDS}
    known.update({name: values[name] for name in _OPTIONAL if name in values})
    data = values.get("data")
    return JobRow(
        **known,
        workload=workload,
        story=tuple(map(_attempt, values.get("story", ()))),
        data=None if data is None else data_of(data, values["data_encoding"]),
        data_size=values.get("data_size", 0),
    )


def dead_group_row(values: Mapping[str, Any]) -> DeadGroupRow:
    """Read a row of ``dead groups``; raise KeyError if it is not one."""
    names = (each.name for each in fields(DeadGroupRow))
    return DeadGroupRow(**{name: values[name] for name in names})


def _attempt(values: Mapping[str, Any]) -> AttemptRow:
    return AttemptRow(**{name: values[name] for name in _ATTEMPT_FIELDS})


def data_of(text: str, encoding: str) -> bytes:
    """Return the bytes that a row has as text or as base64."""
    if encoding == "base64":
        return base64.b64decode(text, validate=True)
    return text.encode()
