"""What a job server tells of itself: its process, and how much it has to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["OptionRow", "ServerRow", "option_row", "server_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """A job server, as it tells of itself.

    Jobs and workers are None of an earlier version that does not count them.

    Attributes:
        version: the version of gearmand that it stands for, then its own.
        node: its name; None of an earlier version that was asked itself.
        identity: what tells its process apart; None of an earlier version.
        build: ``compiled`` or ``pure``.
        pid: its process.
        state: ``running`` or ``stopping``.
        started: since when it is up, in seconds since 1970; None if it is not known.
        time: the time by its clock.
        functions: how many functions it knows.
        waiting: how many jobs wait, of functions that who asks may see. A job that was
            given to another job server counts where it was submitted.
        running: how many of them run; likewise.
        workers: how many connections serve a function, other job servers not counted.
        connections: how many there are, ``client`` and ``worker``, ``plain`` and by
            ``tls``.
        memory: ``used`` and its ``limit``, in bytes, and whether it ``is_full``.
        resident: the memory of its process, in bytes.
        cpu: how many seconds its process has used a processor.
        descriptors: how many file descriptors it has.
        most_descriptors: how many it may have.
        lag: by how many seconds its event loop was late, at most, in the last minute.
    """

    version: str
    node: str | None = None
    identity: str | None = None
    build: str = ""
    pid: int = 0
    state: str = ""
    started: float | None = None
    time: float | None = None
    functions: int = 0
    waiting: int | None = None
    running: int | None = None
    workers: int | None = None
    connections: Mapping[str, Mapping[str, int]]
    memory: Mapping[str, Any]
    resident: int | None = None
    cpu: float | None = None
    descriptors: int | None = None
    most_descriptors: int | None = None
    lag: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """An option of the job server.

    Attributes:
        option: its name, as in the file.
        value: its value as text; a secret is masked.
        source: the flag, variable or line of the file that gave it; ``default``, or
            ``program`` for a default of ``gearmand``.
        node: the name of the job server, if that is another than the one asked.
    """

    option: str
    value: str
    source: str
    node: str | None = None


def server_row(values: Mapping[str, Any]) -> ServerRow:
    """Read a row of ``server``; raise KeyError or TypeError if it is not one."""
    names = [each.name for each in fields(ServerRow)]
    return ServerRow(**{name: values[name] for name in names if name in values})


def option_row(values: Mapping[str, Any]) -> OptionRow:
    """Read a row of ``server options``; raise TypeError if it is not one."""
    names = [each.name for each in fields(OptionRow)]
    return OptionRow(**{name: values[name] for name in names if name in values})
