"""What a process of workers writes down and tells while it works."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from geartrain.supervisor.board import Board
from geartrain.supervisor.notes import Notes

__all__ = ["Observer"]

_MARGIN = 1.0
_DONE = "complete"
_FAILED = frozenset({"fail", "exception", "retry"})


class _Descriptor(Protocol):
    def fileno(self) -> int:
        """Return the descriptor."""


class _Job(Protocol):
    handle: str
    connector: Any
    outcome: Any
    started: float
    timeout: float | None


class Observer:
    """Keeps the board, and hands every connection's descriptor to the parent.

    A worker calls it from any thread. The parent holds a duplicate of each
    connection: if this process dies, it can tell the job server why before the job
    server sees the connection end.
    """

    def __init__(
        self,
        board: Board,
        notes: Notes,
        *,
        tls: dict[str, Any] | None,
        job_seconds: float | None,
        after_job: Callable[[int], None],
        leave: Callable[[SystemExit], NoReturn],
    ) -> None:
        """Write to ``board`` and ``notes``.

        ``after_job`` is told how many jobs have ended, ``leave`` ends the process
        when a handler wants that.
        """
        self._board = board
        self._notes = notes
        self._tls = tls
        self._limit = math.inf if job_seconds is None else job_seconds
        self._after_job = after_job
        self._leave = leave
        self._is_forgotten = False
        self._lock = threading.Lock()
        self._entries: dict[int, int | None] = {}
        self._numbers: dict[object, int] = {}
        self._last = 0
        self._ended = 0

    def forget(self) -> None:
        """Write and tell nothing more: this process is a copy of the one it was for.

        A handler has forked it; the jobs and connections are the other's.
        """
        self._is_forgotten = True

    def on_connect(self, connection: _Descriptor, connector: object) -> None:
        """Hand the connection's descriptor to the parent."""
        if self._is_forgotten:
            return
        with self._lock:
            self._last += 1
            number = self._last
            old = self._numbers.get(connector)
            self._numbers[connector] = number
        if old is not None:
            self._notes.send("disconnected", number=old)
        self._notes.send(
            "connected",
            connection.fileno(),
            number=number,
            server=str(connector),
            tls=self._tls,
        )

    def on_disconnect(self, connection: _Descriptor, connector: object) -> None:
        """Have the parent let the connection go."""
        if self._is_forgotten:
            return
        with self._lock:
            number = self._numbers.pop(connector, None)
        if number is not None:
            self._notes.send("disconnected", number=number)

    def on_begin(self, job: _Job) -> None:
        """Write the job down before its handler runs."""
        if self._is_forgotten:
            return
        handle = job.handle.encode("utf-8", "surrogateescape")
        limit = self._limit_of(job)
        with self._lock:
            number = self._numbers.get(job.connector, 0)
            entry = self._board.begin(handle, number, job.started, limit)
            self._entries[id(job)] = entry

    def on_end(self, job: _Job, outcome: str) -> None:
        """Strike the job out once the job server has been told."""
        if self._is_forgotten:
            return
        if job.outcome is None and isinstance(error := sys.exc_info()[1], SystemExit):
            # Unwound any further the worker would hang up: the job server would see
            # the connection end before it is told why.
            self._leave(error)
        done, failed = outcome == _DONE, outcome in _FAILED
        with self._lock:
            entry = self._entries.pop(id(job), None)
            self._board.end(entry, done=done, failed=failed)
            self._ended += 1
            ended = self._ended
        self._after_job(ended)

    def _limit_of(self, job: _Job) -> float:
        """Return how long a job may run before its process is killed."""
        if job.timeout is None:
            return self._limit
        # The job server ends it at its function's timeout, and an AsyncWorker its
        # handler; what still runs then can only be killed.
        return min(self._limit, job.timeout + _MARGIN)
