"""Rows of connections: workers and clients, and what each has done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["JobAtWork", "WorkerRow", "connection_row"]

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
