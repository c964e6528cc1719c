"""One process of workers as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from geartrain.supervisor.channel import Channel, Note, channel_pair
from geartrain.supervisor.child import run_child
from geartrain.supervisor.exiting import flush_standard_files
from geartrain.supervisor.options import WorkerOptions
from geartrain.supervisor.scoreboard import JobAtHand, Scoreboard
from geartrain.supervisor.targets import Target
from geartrain.transport.tokens import Token

__all__ = ["HANDLED", "Closable", "HeldConnection", "Process"]


HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
"""The signals that the parent handles."""


class Closable(Protocol):
    """Something that the parent has open and a child must not have."""

    def close(self) -> None:
        """Close this process's copy of it."""


@dataclass(frozen=True, kw_only=True)
class HeldConnection:
    """A connection of a process to a job server.

    Attributes:
        server: the job server, as Admin takes it.
        tls: the attributes of the ``Tls`` it was made with; None for a plain one.
        token: the attributes of the ``Token`` that was shown; None for nothing.
        descriptor: the parent's duplicate of it; None if there was no room for one.
    """

    server: str
    tls: dict[str, Any] | None
    token: dict[str, str] | None
    descriptor: int | None

    def given_token(self) -> str | Path | None:
        """Return the token, or the path of its file, as a connection is given it."""
        if self.token is None:
            return None
        shown = Token(**self.token)
        return shown.text or Path(shown.file)


class Process:
    """A child process, from its fork to its end.

    Attributes:
        pid: its process number.
        target: what it runs.
        channel: the parent's end of the channel between the two.
        scoreboard: the jobs it runs; readable after its death.
        connections: its connections by the numbers it gave them.
        started: when it was forked, by the monotonic clock.
        is_loading: whether it has begun to load its worker.
        is_loaded: whether it has loaded its worker.
        has_connected: whether it has been connected to a job server.
        is_broken: whether it has told why it cannot load its worker.
        leaves: why it ends on purpose; empty if it should not end.
        exit_status: its status once its worker has stopped and it ends as any program
            does; None before.
        deadline: when to kill it if it has not ended; None for never.
        patience: seconds of loading after which a warning is logged.
        unreachable_since: since when its channel is closed while it lives, or None.
        violation: what its code did that it is killed for; empty for nothing.
        is_over: whether it was reaped.
        is_killed: whether the parent has killed it.
    """

    is_loading = False
    is_loaded = False
    has_connected = False
    is_broken = False
    is_over = False
    is_killed = False
    leaves = ""
    exit_status: int | None = None
    deadline: float | None = None
    patience = 10.0
    unreachable_since: float | None = None
    violation = ""

    def __init__(
        self, target: Target, options: WorkerOptions, others: Iterable[Closable]
    ) -> None:
        """Fork; the child closes ``others``.

        Raises:
            OSError: the system has no room for another process.
        """
        self.target = target
        self.scoreboard = Scoreboard()
        self.channel, there = channel_pair()
        self.connections: dict[int, HeldConnection] = {}
        self.started = time.monotonic()
        self._grace = options.grace
        # What is printed and still buffered must not be written by the child, too.
        flush_standard_files()
        # A signal to the child must not reach it while it still has the parent's
        # handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _be_child(self, there, options, others)
        except OSError:
            self.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            there.close()
        self.channel.set_blocking(False)
        # The child does this, too: it has to be done whichever of them runs first.
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)

    def receive(self) -> list[Note]:
        """Receive and apply all notes that have come; return them."""
        notes = []
        with contextlib.suppress(BlockingIOError):
            while not self.channel.is_closed:
                notes += self.channel.receive()
        for note in notes:
            self._apply(note)
        if self.channel.is_closed and self.unreachable_since is None:
            self.unreachable_since = time.monotonic()
        return notes

    def stop(self, grace: float, reason: str) -> None:
        """Tell it to finish its jobs, and to give back those not done in ``grace``."""
        self.leaves = self.leaves or reason
        if not self.is_loaded and not self.is_over:
            # It runs no job, and its import may never end.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        self.channel.send("stop", grace=grace)
        # A second more, in which it gives its jobs back by itself.
        self.deadline = time.monotonic() + grace + 1.0

    def is_unreachable(self, now: float, seconds: float) -> bool:
        """Return whether its channel has been closed for longer than that."""
        return (
            self.unreachable_since is not None
            and now > self.unreachable_since + seconds
        )

    def overdue_jobs(self, now: float) -> list[JobAtHand]:
        """Return the jobs that have run for longer than their limit."""
        found = [job for job in self.scoreboard.jobs() if job.is_overdue(now)]
        # The child may be writing just now: only a job seen twice is really there.
        return [job for job in found if job in self.scoreboard.jobs()]

    def kill(self) -> None:
        """Kill it, and all that it has started."""
        self.is_killed = True
        self._kill_group()

    def reap(self) -> int | None:
        """Return the status if it has ended, negative for a signal; else None.

        What it has started and left running is killed: nobody waits for it.
        """
        if hasattr(os, "waitid"):
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            if os.waitid(os.P_PID, self.pid, look) is None:
                return None
            # No other process can have its number until it is reaped.
            self._kill_group()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self.is_over = True
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Release all that was shared with it, its connections last of all."""
        self.channel.close()
        self.scoreboard.close()
        self.close_connections()

    def close_connections(self) -> None:
        """Close the duplicates, so that job servers see the process end."""
        for number in list(self.connections):
            self._disconnected(number)

    def _kill_group(self) -> None:
        # Right after the fork it may not have a process group of its own yet.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _apply(self, note: Note) -> None:
        if note.kind == "loading":
            self.is_loading = True
        elif note.kind == "loaded":
            self.is_loaded = True
        elif note.kind == "broken":
            self.is_broken = True
        elif note.kind == "finished":
            self._finished(note.values["status"])
        elif note.kind == "leaving":
            self.leaves = self.leaves or str(note.values["reason"])
        elif note.kind == "disconnected":
            self._disconnected(note.values["number"])
        elif note.kind == "connected":
            self.has_connected = True
            self.connections[note.values["number"]] = HeldConnection(
                server=note.values["server"],
                tls=note.values["tls"],
                token=note.values["token"],
                descriptor=note.descriptor,
            )

    def _finished(self, status: int) -> None:
        """Grant it the grace period for its exit hooks and threads."""
        self.exit_status = status
        if self.deadline is None:
            self.deadline = time.monotonic() + self._grace + 1.0

    def _disconnected(self, number: int) -> None:
        connection = self.connections.pop(number, None)
        if connection is not None and connection.descriptor is not None:
            os.close(connection.descriptor)


def _be_child(
    process: Process,
    channel: Channel,
    options: WorkerOptions,
    others: Iterable[Closable],
) -> NoReturn:
    """Continue as the child, and never return as a second parent."""
    try:
        process.channel.close()
        for other in others:
            other.close()
        run_child(process.target, options, process.scoreboard, channel)
    finally:
        os._exit(1)
