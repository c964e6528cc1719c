"""The worker's observer in a supervised process: it informs the parent."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from geartrain.supervisor.channel import Channel
from geartrain.supervisor.scoreboard import Scoreboard

__all__ = ["ProcessObserver"]

# Seconds after a function's timeout in which its handler may end by itself.
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


class ProcessObserver:
    """Keeps the scoreboard, and sends each connection's descriptor to the parent.

    A worker calls it from any thread. The parent holds a duplicate of each connection:
    if this process dies, the job server can be told why before it sees the connection
    end.
    """

    def __init__(
        self,
        scoreboard: Scoreboard,
        channel: Channel,
        *,
        tls: dict[str, Any] | None,
        token: dict[str, str] | None,
        job_seconds: float | None,
        after_job: Callable[[int], None],
        leave: Callable[[SystemExit], NoReturn],
    ) -> None:
        """Write to ``scoreboard`` and ``channel``.

        ``after_job`` is called with the number of jobs that have ended, ``leave`` when
        a handler ends the process.
        """
        self._scoreboard = scoreboard
        self._channel = channel
        self._tls = tls
        self._token = token
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
        """Do nothing from now on, in a process that a handler has forked.

        The jobs and connections are those of the process that it is a copy of.
        """
        self._is_forgotten = True

    def on_connect(self, connection: _Descriptor, connector: object) -> None:
        """Send the connection's descriptor to the parent."""
        if self._is_forgotten:
            return
        with self._lock:
            self._last += 1
            number = self._last
            old = self._numbers.get(connector)
            self._numbers[connector] = number
        if old is not None:
            self._channel.send("disconnected", number=old)
        self._channel.send(
            "connected",
            connection.fileno(),
            number=number,
            server=str(connector),
            tls=self._tls,
            token=self._token,
        )

    def on_disconnect(self, connection: _Descriptor, connector: object) -> None:
        """Tell the parent to close its duplicate."""
        if self._is_forgotten:
            return
        with self._lock:
            number = self._numbers.pop(connector, None)
        if number is not None:
            self._channel.send("disconnected", number=number)

    def on_begin(self, job: _Job) -> None:
        """Put the job on the scoreboard before its handler runs."""
        if self._is_forgotten:
            return
        handle = job.handle.encode("utf-8", "surrogateescape")
        limit = self._limit_of(job)
        with self._lock:
            number = self._numbers.get(job.connector, 0)
            entry = self._scoreboard.begin(handle, number, job.started, limit)
            self._entries[id(job)] = entry

    def on_end(self, job: _Job, outcome: str) -> None:
        """Remove the job from the scoreboard once the job server has its outcome."""
        if self._is_forgotten:
            return
        if job.outcome is None and isinstance(error := sys.exc_info()[1], SystemExit):
            # If the stack unwound further, the worker would close its connections,
            # and the job server would see that before it is told why.
            self._leave(error)
        done, failed = outcome == _DONE, outcome in _FAILED
        with self._lock:
            entry = self._entries.pop(id(job), None)
            self._scoreboard.end(entry, done=done, failed=failed)
            self._ended += 1
            ended = self._ended
        self._after_job(ended)

    def _limit_of(self, job: _Job) -> float:
        """Return how many seconds a job may run before its process is killed."""
        if job.timeout is None:
            return self._limit
        # At the function's timeout the job server ends the attempt, and an AsyncWorker
        # cancels the handler. What still runs after that can only be killed.
        return min(self._limit, job.timeout + _MARGIN)
