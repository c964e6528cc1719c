"""The life of one process of workers."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from types import FrameType
from typing import NoReturn

from geartrain.errors import GeartrainError, WorkerError
from geartrain.supervisor.board import Board
from geartrain.supervisor.command import do_nothing
from geartrain.supervisor.forks import watch_forks
from geartrain.supervisor.leaving import exit_status, kill_own_group, leave
from geartrain.supervisor.notes import Note, Notes
from geartrain.supervisor.observer import Observer
from geartrain.supervisor.options import Options
from geartrain.supervisor.recycling import Recycling
from geartrain.supervisor.running import Running
from geartrain.supervisor.targets import Runnable, Target
from geartrain.supervisor.watch import loaded_files
from geartrain.transport.connect import connectors

__all__ = ["ORPHAN_MARGIN", "reset_signals", "run_child"]

ORPHAN_MARGIN = 2.0
"""So long after the grace a process without a parent ends come what may."""

_TICK = 1.0
# How a process ends whose worker cannot be made; the parent knows why by then.
_BROKEN_STATUS = 3
# Seconds within which the parent kills a process that it cannot reach any more.
_CUT_OFF = 10.0
# The end of a traceback says what went wrong.
_MOST_TEXT = 65536
_log = logging.getLogger("geartrain.worker")


def run_child(target: Target, options: Options, board: Board, notes: Notes) -> NoReturn:
    """Make the worker, run it, and end this process, which was just forked."""
    status, parent = 1, os.getppid()
    child = os.getpid()
    try:
        _take_over(options)
        status = _Child(target, options, board, notes).run()
    except SystemExit as end:
        status = exit_status(end)
    except BaseException:
        is_robbed = os.getpid() == child and not notes.is_intact
        why = ": its code closed descriptors that it does not own" if is_robbed else ""
        _log.exception("the worker of %s failed%s", target, why)
    finally:
        notes.send("finished", status=status)
        # A handler may have forked, and its child come here.
        leave(status, parent if os.getpid() == child else 0)


def _take_over(options: Options) -> None:
    """Become the head of a process group, with none of the parent's habits."""
    os.setpgid(0, 0)
    reset_signals()
    # It is the parent's to reload.
    signal.signal(signal.SIGHUP, do_nothing)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    # A folder that was removed is no reason not to work.
    with contextlib.suppress(OSError):
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
    if options.server:
        os.environ["GEARMAN_SERVERS"] = ",".join(options.server)
    if options.watch:
        # Two changes within a second would leave the first one's bytecode in force.
        sys.dont_write_bytecode = True


def reset_signals() -> None:
    """Have signals do what they do by default, after a fork.

    What this process starts inherits which signals are ignored and blocked, whoever
    wanted them so. Python's own ways with SIGPIPE and SIGXFSZ stay.
    """
    signal.set_wakeup_fd(-1)
    pythons = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}
    for number in signal.valid_signals() - pythons:
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


class _Child:
    """One worker, and a thread that listens to the parent."""

    def __init__(
        self, target: Target, options: Options, board: Board, notes: Notes
    ) -> None:
        self._target = target
        self._options = options
        self._board = board
        self._notes = notes
        self._pid = os.getpid()
        self._parent = os.getppid()
        self._recycling = Recycling(options.limits)
        self._ended = 0
        self._modules = 0
        self._leaving = False
        self._grace: float | None = None
        self._running: Running | None = None
        self._observer: Observer | None = None
        # A signal handler must not wait for a lock, and the main thread may be in a
        # long call: the thread that listens does what a signal asks for.
        self._bell, self._rung = socket.socketpair()
        self._bell.setblocking(False)
        self._rung.setblocking(False)
        self._signal = ""

    def run(self) -> int:
        """Work until stopped; return the exit status."""
        watch_forks((self._on_signal, do_nothing), self._be_forked)
        threading.Thread(target=self._listen, daemon=True, name="supervisor").start()
        self._notes.send("loading")
        try:
            worker = self._target.load()
            self._configure(worker)
        except BaseException as error:
            self._leave_fork()
            files = loaded_files(error)
            self._notes.send("broken", text=_told(error), files=files)
            return _BROKEN_STATUS
        self._leave_fork()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._running = running = Running(worker)
        self._notes.send("loaded")
        self._tell_files()
        if self._grace is not None:
            running.stop(self._grace)
        running.run()
        return 0

    def _configure(self, worker: Runnable) -> None:
        options = self._options
        if options.server:
            worker.servers = list(options.server)
        if options.tls_files is not None:
            worker.tls = options.tls_files
        if options.concurrency is not None:
            worker.concurrency = options.concurrency
        if options.prefetch is not None:
            worker.prefetch = options.prefetch
        if not worker.functions:
            raise WorkerError(
                f"{self._target} serves no function: register one, as by"
                " @worker.function('name')"
            )
        # What cannot be an address is told here, and not by each process in turn.
        connectors(worker.servers, worker.tls)
        tls = getattr(worker, "tls", None)
        worker.observer = self._observer = Observer(
            self._board,
            self._notes,
            tls=None if tls is None else dataclasses.asdict(tls),
            job_seconds=options.limits.job_seconds,
            after_job=self._after_job,
            leave=self._exit,
        )

    def _be_forked(self) -> None:
        """Have a process that a handler forks do nothing in this one's name."""
        self._notes.abandon()
        self._bell.close()
        self._rung.close()
        if self._observer is not None:
            self._observer.forget()

    def _leave_fork(self) -> None:
        """End a process that was forked in the import, and went on from there."""
        if os.getpid() != self._pid:
            leave(0)

    def _exit(self, end: SystemExit) -> NoReturn:
        """End because a handler wants it."""
        status = exit_status(end)
        self._notes.send("finished", status=status)
        leave(status)

    def _after_job(self, ended: int) -> None:
        self._ended = ended
        self._recycle()

    def _recycle(self) -> None:
        """Make way for a fresh process if it is time."""
        if self._leaving or self._running is None:
            return
        if not self._ended and not self._recycling.is_old:
            # One that is too large from the start would be replaced for ever.
            return
        reason = self._recycling.reason(self._ended)
        if reason:
            self._leaving = True
            self._notes.send("leaving", reason=reason)
            self._running.stop()

    def _stop(self, grace: float, *, signalled: bool = False) -> None:
        self._leaving = True
        self._grace = grace
        if self._running is not None:
            self._running.stop(grace, signalled=signalled)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Stop: somebody signals all processes of the service, as systemd may."""
        self._signal = signal.Signals(number).name
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def _listen(self) -> None:
        """Do what the parent says; look at the limits meanwhile."""
        poll = select.poll()
        poll.register(self._notes, select.POLLIN)
        poll.register(self._rung, select.POLLIN)
        while not self._notes.is_closed:
            ready = [number for number, _ in poll.poll(_TICK * 1000)]
            if self._notes.fileno() in ready or not self._notes.is_intact:
                for note in self._notes.receive():
                    self._obey(note)
            elif ready:
                self._heed_signal()
            else:
                self._tell_files()
                self._recycle()
        self._outlive_parent()

    def _obey(self, note: Note) -> None:
        if note.kind == "stop":
            self._stop(float(note.values["grace"]))

    def _heed_signal(self) -> None:
        self._rung.recv(4096)
        self._notes.send("leaving", reason=self._signal)
        self._stop(self._options.grace, signalled=True)

    def _outlive_parent(self) -> None:
        """Stop in order without a parent, or else by force."""
        until = time.monotonic() + _CUT_OFF
        while os.getppid() == self._parent:
            # Either it is just ending, or the code here has closed what connects the
            # two: then it kills this process, in which nothing can be relied on.
            if time.monotonic() > until:
                kill_own_group()
            time.sleep(0.05)
        if self._running is None:
            kill_own_group()
        _log.error("the supervisor is gone, stopping")
        self._stop(self._options.grace)
        time.sleep(self._options.grace + ORPHAN_MARGIN)
        kill_own_group()

    def _tell_files(self) -> None:
        """Tell what to watch when modules were loaded."""
        if self._options.watch and len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._notes.send("files", files=loaded_files())


def _told(error: BaseException) -> str:
    """Return what went wrong: our own errors say it all, others need a traceback."""
    if isinstance(error, GeartrainError):
        return str(error)[-_MOST_TEXT:]
    # The frames of the supervisor and of the import are no help.
    while error.__traceback__ is not None and _is_ours(error.__traceback__.tb_frame):
        error.__traceback__ = error.__traceback__.tb_next
    return "".join(traceback.format_exception(error)).rstrip()[-_MOST_TEXT:]


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.startswith(("geartrain.supervisor.", "importlib"))
