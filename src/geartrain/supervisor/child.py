"""The life of one process of workers."""

from __future__ import annotations

import atexit
import dataclasses
import logging
import os
import select
import signal
import sys
import threading
import time
import traceback
from types import FrameType
from typing import NoReturn

from geartrain.errors import GeartrainError
from geartrain.supervisor.board import Board
from geartrain.supervisor.notes import Note, Notes
from geartrain.supervisor.observer import Observer
from geartrain.supervisor.options import Options
from geartrain.supervisor.recycling import Recycling
from geartrain.supervisor.running import Running
from geartrain.supervisor.targets import Runnable, Target
from geartrain.supervisor.watch import loaded_files

__all__ = ["BROKEN_STATUS", "ORPHAN_MARGIN", "reset_signals", "run_child"]

BROKEN_STATUS = 3
"""How a process ends whose worker cannot be made; the parent knows why by then."""

ORPHAN_MARGIN = 2.0
"""So long after the grace a process without a parent ends come what may."""

_TICK = 1.0
_log = logging.getLogger("geartrain.worker")


def run_child(target: Target, options: Options, board: Board, notes: Notes) -> NoReturn:
    """Make the worker, run it, and end this process, which was just forked."""
    status = 1
    try:
        _take_over(options)
        status = _Child(target, options, board, notes).run()
    except SystemExit as end:
        status = _status(end)
    except BaseException:
        _log.exception("the worker of %s failed", target)
    finally:
        _leave(status)


def _take_over(options: Options) -> None:
    """Become the head of a process group, with none of the parent's habits."""
    os.setpgid(0, 0)
    reset_signals()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    if options.servers:
        os.environ["GEARMAN_SERVERS"] = ",".join(options.servers)
    if options.watch:
        # Two changes within a second would leave the first one's bytecode in force.
        sys.dont_write_bytecode = True


def reset_signals() -> None:
    """Undo what the parent does with signals, after a fork."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # A terminal's Ctrl-C is for the parent, who tells its children what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _leave(status: int) -> NoReturn:
    """End without unwinding what was the parent's stack."""
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


class _Child:
    """One worker, and a thread that listens to the parent."""

    def __init__(
        self, target: Target, options: Options, board: Board, notes: Notes
    ) -> None:
        self._target = target
        self._options = options
        self._board = board
        self._notes = notes
        self._recycling = Recycling(options.limits)
        self._ended = 0
        self._modules = 0
        self._leaving = False
        self._running: Running

    def run(self) -> int:
        """Work until stopped; return the exit status."""
        try:
            worker = self._target.load()
        except Exception as error:
            self._notes.send("broken", text=_told(error), files=loaded_files(error))
            return BROKEN_STATUS
        self._configure(worker)
        self._running = Running(worker)
        self._notes.send("loaded")
        self._tell_files()
        signal.signal(signal.SIGTERM, self._on_term)
        threading.Thread(target=self._listen, daemon=True, name="supervisor").start()
        self._running.run()
        return 0

    def _configure(self, worker: Runnable) -> None:
        options = self._options
        if options.servers:
            worker.servers = list(options.servers)
        if options.tls is not None:
            worker.tls = options.tls
        if options.concurrency is not None:
            worker.concurrency = options.concurrency
        if options.prefetch is not None:
            worker.prefetch = options.prefetch
        tls = getattr(worker, "tls", None)
        worker.observer = Observer(
            self._board,
            self._notes,
            tls=None if tls is None else dataclasses.asdict(tls),
            job_seconds=options.limits.job_seconds,
            after_job=self._after_job,
            leave=_exit,
        )

    def _after_job(self, ended: int) -> None:
        self._ended = ended
        self._recycle()

    def _recycle(self) -> None:
        """Make way for a fresh process if it is time."""
        if self._leaving:
            return
        reason = self._recycling.reason(self._ended)
        if reason:
            self._leaving = True
            self._notes.send("leaving", reason=reason)
            self._running.stop()

    def _stop(self, grace: float) -> None:
        self._leaving = True
        self._running.stop(grace)

    def _on_term(self, number: int, frame: FrameType | None) -> None:
        """Somebody sends SIGTERM to all processes of the service, as systemd may."""
        self._stop(self._options.grace)

    def _listen(self) -> None:
        """Do what the parent says; look at the limits meanwhile."""
        poll = select.poll()
        poll.register(self._notes, select.POLLIN)
        while not self._notes.is_closed:
            if not poll.poll(_TICK * 1000):
                self._tell_files()
                self._recycle()
                continue
            for note in self._notes.receive():
                self._obey(note)
        self._outlive_parent()

    def _obey(self, note: Note) -> None:
        if note.kind == "stop":
            self._stop(float(note.values["grace"]))

    def _outlive_parent(self) -> None:
        """Stop in order without a parent, or else by force."""
        _log.error("the supervisor is gone, stopping")
        self._stop(self._options.grace)
        time.sleep(self._options.grace + ORPHAN_MARGIN)
        os._exit(1)

    def _tell_files(self) -> None:
        """Tell what to watch when modules were loaded."""
        if self._options.watch and len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._notes.send("files", files=loaded_files())


def _exit(end: SystemExit) -> NoReturn:
    """End because a handler wants it."""
    _leave(_status(end))


def _status(end: SystemExit) -> int:
    """Return the exit status, as the interpreter does it."""
    if isinstance(end.code, int):
        return end.code & 0xFF
    return int(end.code is not None)


def _told(error: Exception) -> str:
    """Return what went wrong: our own errors say it all, others need a traceback."""
    if isinstance(error, GeartrainError):
        return str(error)
    # The frames of the supervisor and of the import are no help.
    while error.__traceback__ is not None and _is_ours(error.__traceback__.tb_frame):
        error.__traceback__ = error.__traceback__.tb_next
    return "".join(traceback.format_exception(error)).rstrip()


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.startswith(("geartrain.supervisor.", "importlib"))
