"""Rows of connections: workers and clients, and what each has done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

__all__ = ["JobAtWork", "ProcessRow", "WorkerRow", "connection_row", "process_row"]

# Values of a connection that are taken as they are, if they are there.
_TOLD: Final = (
    "running",
    "number",
    "kind",
    "tls",
    "since",
    "heard",
    "submitted",
    "succeeded",
    "failed",
    "lost",
    "abilities",
    "node",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAtWork:
    """A job that a worker runs.

    Attributes:
        handle: its handle.
        function: the name of its function.
        started: when the attempt began, in seconds since 1970.
    """

    handle: str
    function: str
    started: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A connection of a worker or client.

    What follows ``running`` is None, False or empty if the job server does not tell.

    Attributes:
        descriptor: the number of its socket in the job server.
        address: the address of the peer.
        id: the client id that the worker has set; ``-`` for none.
        functions: the functions it serves, the newest first; empty for a client.
        running: number of jobs it runs; None if the job server does not tell.
        number: its number among all connections since the server's start.
        kind: ``worker`` if it serves a function, ``client`` if it submitted a job,
            ``supervisor`` if it tells of worker processes, or ``other``.
        tls: it is encrypted.
        options: the options that it asked for by OPTION_REQ.
        since: when it connected, in seconds since 1970.
        heard: when something of it last arrived.
        submitted: number of jobs it submitted.
        succeeded: number of jobs it ran that succeeded.
        failed: number of its attempts that failed, by its own word.
        lost: number of its attempts that timed out, or went to others.
        jobs: the first ten of the jobs that it runs.
        abilities: number of functions it serves, of which ``functions`` may have fewer.
        node: the other job server that it is connected to; None for the one that was
            asked.
    """

    descriptor: int
    address: str
    id: str
    functions: tuple[str, ...]
    running: int | None = None
    number: int | None = None
    kind: str | None = None
    tls: bool = False
    options: tuple[str, ...] = ()
    since: float | None = None
    heard: float | None = None
    submitted: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    lost: int | None = None
    jobs: tuple[JobAtWork, ...] = ()
    abilities: int | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """A process of ``geartrain worker``, or the place for one.

    Attributes:
        host: the name of its machine.
        target: what it runs: a module, or a command.
        pid: its number in the system; None while there is none.
        state: ``starting``, ``working``, ``stopping``, or ``waiting`` where the next
            one is due later.
        since: when it was started, in seconds since 1970; None while there is none.
        memory: its resident bytes; None if they are not known.
        restarts: how often another has taken its place.
        running: number of jobs it runs.
        succeeded: number of its jobs that succeeded.
        failed: number of its jobs that failed.
        ended: how the last process in its place ended; None if none has.
        place: its place at its supervisor, from 0.
        supervisor: the number of its supervisor in the system.
        version: what that is, such as ``geartrain-0.1.0``.
        supervised_since: when that was started.
        connection: the number of its connection: see ``WorkerRow.number``.
        address: where that comes from.
        heard: when something of it last arrived.
        node: as in ``WorkerRow``.
    """

    host: str
    target: str
    pid: int | None
    state: str
    since: float | None
    memory: int | None
    restarts: int
    running: int
    succeeded: int
    failed: int
    ended: str | None
    place: int
    supervisor: int
    version: str | None
    supervised_since: float
    connection: int
    address: str
    heard: float
    node: str | None = None


def process_row(values: Mapping[str, Any]) -> ProcessRow:
    """Read a row of ``show processes``; raise KeyError if it is not one."""
    named = [each.name for each in fields(ProcessRow) if each.name != "node"]
    told = {name: values[name] for name in named}
    return ProcessRow(**told, node=values.get("node"))


def connection_row(values: Mapping[str, Any]) -> WorkerRow:
    """Read a row of ``show connections``.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    return WorkerRow(
        descriptor=int(values["descriptor"]),
        address=str(values["address"]),
        id=str(values["id"]),
        functions=tuple(map(str, values["functions"])),
        options=tuple(map(str, values.get("options", ()))),
        jobs=tuple(JobAtWork(**each) for each in values.get("jobs", ())),
        **{name: values[name] for name in _TOLD if name in values},
    )
