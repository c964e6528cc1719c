"""One process of workers as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from geartrain.supervisor.board import Board, JobAtHand
from geartrain.supervisor.child import run_child
from geartrain.supervisor.leaving import flush_standard_files
from geartrain.supervisor.notes import Note, Notes, notes_pair
from geartrain.supervisor.options import Options
from geartrain.supervisor.targets import Target

__all__ = ["HANDLED", "Closable", "Connection", "Process"]


HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
"""The signals that the parent handles."""


class Closable(Protocol):
    """Something that one process has open and another must not."""

    def close(self) -> None:
        """Close this process's own of it."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A connection of a process to a job server.

    Attributes:
        server: the job server, as Admin takes it.
        tls: what the process connected with, by the names of ``Tls``; None for plain.
        descriptor: the parent's own for it; None if it has no room for one.
    """

    server: str
    tls: dict[str, Any] | None
    descriptor: int | None


class Process:
    """A child, from its fork to its end.

    Attributes:
        pid: its number.
        target: what it runs.
        notes: where it tells what happens.
        board: its jobs at hand; stays readable when it is dead.
        connections: by the numbers it gave them.
        started: by the monotonic clock.
        is_loading: it has begun to make its worker.
        is_loaded: it has made its worker.
        is_up: and has been connected to a job server.
        is_broken: it has told why it cannot make its worker.
        leaves: why it ends on purpose; empty if it should go on.
        exit_status: how it ends, once its worker has stopped and it leaves as any
            program does; None before.
        deadline: when it is killed if it has not ended; None for never.
        patience: seconds of loading after which that is worth a word.
        cut_off: since when it cannot be reached though it lives; None if it can.
        misdeed: of its code, for which it is killed; empty for none.
        is_over: it was reaped.
        is_killed: by the parent, with what it had at hand.
    """

    is_loading = False
    is_loaded = False
    is_up = False
    is_broken = False
    is_over = False
    is_killed = False
    leaves = ""
    exit_status: int | None = None
    deadline: float | None = None
    patience = 10.0
    cut_off: float | None = None
    misdeed = ""

    def __init__(
        self, target: Target, options: Options, others: Iterable[Closable]
    ) -> None:
        """Fork; ``others`` are what the child must not keep open.

        Raises:
            OSError: the system has no room for another process.
        """
        self.target = target
        self.board = Board()
        self.notes, there = notes_pair()
        self.connections: dict[int, Connection] = {}
        self.started = time.monotonic()
        self._grace = options.grace
        # The child must not write again what is printed and not written yet.
        flush_standard_files()
        # A signal for the child must not reach it while it still handles them as the
        # parent does.
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
        self.notes.set_blocking(False)
        # The child does this too: whoever comes first.
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)

    def receive(self) -> list[Note]:
        """Take in all that the process has told; return it for whom it concerns."""
        notes = []
        with contextlib.suppress(BlockingIOError):
            while not self.notes.is_closed:
                notes += self.notes.receive()
        for note in notes:
            self._take(note)
        if self.notes.is_closed and self.cut_off is None:
            self.cut_off = time.monotonic()
        return notes

    def stop(self, grace: float, reason: str) -> None:
        """Have it finish its jobs, give back what runs longer than ``grace``."""
        self.leaves = self.leaves or reason
        if not self.is_loaded and not self.is_over:
            # It has nothing at hand, and may be in an import without end.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        self.notes.send("stop", grace=grace)
        # It gives its jobs back by itself, and gets a moment for that.
        self.deadline = time.monotonic() + grace + 1.0

    def overdue_jobs(self, now: float) -> list[JobAtHand]:
        """Return the jobs that have run for longer than they may."""
        found = [job for job in self.board.jobs() if job.is_overdue(now)]
        # One look may fall into the moment of writing: what counts is seen twice.
        return [job for job in found if job in self.board.jobs()]

    def kill(self) -> None:
        """End it at once, and all that it has started."""
        self.is_killed = True
        self._kill_group()

    def reap(self) -> int | None:
        """Return the status of an ended process, negative for a signal; else None.

        What it has started and left behind is killed: nobody waits for it.
        """
        if hasattr(os, "waitid"):
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            if os.waitid(os.P_PID, self.pid, look) is None:
                return None
            # While it is not reaped nobody else can have its number.
            self._kill_group()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self.is_over = True
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Let go of all that was shared with it, its connections last of all."""
        self.notes.close()
        self.board.close()
        self.close_connections()

    def close_connections(self) -> None:
        """Close the duplicates: the job server may see that the process has ended."""
        for number in list(self.connections):
            self._disconnected(number)

    def _kill_group(self) -> None:
        # Right after the fork it may not have a group of its own yet.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _take(self, note: Note) -> None:
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
            self.is_up = True
            self.connections[note.values["number"]] = Connection(
                server=note.values["server"],
                tls=note.values["tls"],
                descriptor=note.descriptor,
            )

    def _finished(self, status: int) -> None:
        """Grant it some time for hooks and threads of its own."""
        self.exit_status = status
        if self.deadline is None:
            self.deadline = time.monotonic() + self._grace + 1.0

    def _disconnected(self, number: int) -> None:
        connection = self.connections.pop(number, None)
        if connection is not None and connection.descriptor is not None:
            os.close(connection.descriptor)


def _be_child(
    process: Process, notes: Notes, options: Options, others: Iterable[Closable]
) -> NoReturn:
    """Go on as the child, never as a second parent."""
    try:
        process.notes.close()
        for other in others:
            other.close()
        run_child(process.target, options, process.board, notes)
    finally:
        os._exit(1)
