"""The child's side of a supervised process: load the worker, run it, and end."""

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
from geartrain.supervisor.channel import Channel, Note
from geartrain.supervisor.command import do_nothing
from geartrain.supervisor.exiting import exit_status, kill_own_group, leave
from geartrain.supervisor.observer import ProcessObserver
from geartrain.supervisor.options import WorkerOptions
from geartrain.supervisor.recycling import Recycling
from geartrain.supervisor.runner import WorkerRunner
from geartrain.supervisor.scoreboard import Scoreboard
from geartrain.supervisor.targets import Runnable, Target
from geartrain.supervisor.tracing import trace
from geartrain.supervisor.watch import loaded_files
from geartrain.transport import forks
from geartrain.transport.connect import connectors
from geartrain.transport.tokens import token_of
from geartrain.worker.signals import hold, let_go

__all__ = ["ORPHAN_MARGIN", "reset_signals", "run_child"]

ORPHAN_MARGIN = 2.0
"""Seconds after the grace period at which a process without a parent is killed."""

_TICK = 1.0
# Exit status if the worker cannot be loaded. The parent has been told why by then.
_BROKEN_STATUS = 3
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Seconds for the parent to kill a process that it cannot reach any more.
_UNREACHABLE = 10.0
# Characters of a traceback that are sent: its end says what went wrong.
_MOST_TEXT = 65536
_log = logging.getLogger("geartrain.worker")


def run_child(
    target: Target, options: WorkerOptions, scoreboard: Scoreboard, channel: Channel
) -> NoReturn:
    """Load the worker, run it, and end this process, which was just forked."""
    status, parent = 1, os.getppid()
    child = os.getpid()
    try:
        _take_over(options)
        status = _Child(target, options, scoreboard, channel).run()
    except SystemExit as end:
        status = exit_status(end)
    except BaseException:
        is_robbed = os.getpid() == child and not channel.is_intact
        why = ": its code closed descriptors that it does not own" if is_robbed else ""
        _log.exception(
            "the worker of %s failed%s", target, why, extra={"action": "worker_failed"}
        )
    finally:
        channel.send("finished", status=status)
        # A process that a handler has forked may get here, too.
        leave(status, parent if os.getpid() == child else 0)


def _take_over(options: WorkerOptions) -> None:
    """Lead a process group, with default signals, and stdin closed."""
    os.setpgid(0, 0)
    reset_signals()
    # The parent reloads. This process may get the signal with its whole service.
    signal.signal(signal.SIGHUP, do_nothing)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    # The working directory may have been removed.
    with contextlib.suppress(OSError):
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
    if options.server:
        os.environ["GEARMAN_SERVERS"] = ",".join(options.server)
    if options.watch:
        # Bytecode is dated by the second: of two saves in one, the first would stay.
        sys.dont_write_bytecode = True


def reset_signals() -> None:
    """Restore the default action of every signal, after a fork.

    The commands of a worker would inherit which signals are ignored or blocked. Python
    itself ignores SIGPIPE and SIGXFSZ, which stays.
    """
    signal.set_wakeup_fd(-1)
    pythons = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}
    for number in signal.valid_signals() - pythons:
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


class _Child:
    """A worker, and a thread that receives notes from the parent."""

    def __init__(
        self,
        target: Target,
        options: WorkerOptions,
        scoreboard: Scoreboard,
        channel: Channel,
    ) -> None:
        self._target = target
        self._options = options
        self._scoreboard = scoreboard
        self._channel = channel
        self._pid = os.getpid()
        self._parent = os.getppid()
        self._recycling = Recycling(options.limits)
        self._ended = 0
        self._modules = 0
        self._leaving = False
        self._grace: float | None = None
        self._runner: WorkerRunner | None = None
        self._observer: ProcessObserver | None = None
        # A signal handler must not wait for a lock, and the main thread may be in a
        # long call. So the thread that receives notes does what a signal asks for.
        self._bell, self._rung = socket.socketpair()
        self._bell.setblocking(False)
        self._rung.setblocking(False)
        self._signal = ""

    def run(self) -> int:
        """Work until stopped; return the exit status."""
        forks.tell(self)
        hold(_HANDLED)
        threading.Thread(target=self._listen, daemon=True, name="supervisor").start()
        self._channel.send("loading")
        try:
            worker = self._target.load()
            self._configure(worker)
        except BaseException as error:
            self._leave_fork()
            files = loaded_files(error)
            self._channel.send("broken", text=_told(error), files=files)
            return _BROKEN_STATUS
        self._leave_fork()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._runner = running = WorkerRunner(worker)
        self._channel.send("loaded")
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
        if options.token is not None:
            worker.token = options.token
        if options.concurrency is not None:
            worker.concurrency = options.concurrency
        if options.prefetch is not None:
            worker.prefetch = options.prefetch
        if options.otel:
            trace(worker, str(self._target))
        if not worker.functions:
            raise WorkerError(
                f"{self._target} serves no function: register one, as by"
                " @worker.function('name')"
            )
        # What cannot be an address is told here, and not by each process in turn.
        connectors(worker.servers, worker.tls, worker.token)
        tls = getattr(worker, "tls", None)
        token = token_of(getattr(worker, "token", None))
        worker.observer = self._observer = ProcessObserver(
            self._scoreboard,
            self._channel,
            tls=None if tls is None else dataclasses.asdict(tls),
            token=None if token is None else token._asdict(),
            job_seconds=options.limits.job_seconds,
            after_job=self._after_job,
            leave=self._exit,
        )

    def in_child(self) -> None:
        """Do nothing in this process's name, in one that a handler has forked.

        There the default action replaces its signal handlers: ``multiprocessing``, for
        one, expects SIGTERM to end a process.
        """
        self._channel.abandon()
        self._bell.close()
        self._rung.close()
        if self._observer is not None:
            self._observer.forget()
        let_go(_HANDLED)
        for number in _HANDLED:
            if signal.getsignal(number) in {self._on_signal, do_nothing}:
                signal.signal(number, signal.SIG_DFL)

    def _leave_fork(self) -> None:
        """End a process that the import has forked, and that got here."""
        if os.getpid() != self._pid:
            leave(0)

    def _exit(self, end: SystemExit) -> NoReturn:
        """End because a handler has called ``sys.exit``."""
        status = exit_status(end)
        self._channel.send("finished", status=status)
        leave(status)

    def _after_job(self, ended: int) -> None:
        self._ended = ended
        self._recycle()

    def _recycle(self) -> None:
        """Stop if it is time for a fresh process."""
        if self._leaving or self._runner is None:
            return
        if not self._ended and not self._recycling.is_old:
            # A process that is too large from the start would be replaced for ever.
            return
        reason = self._recycling.reason(self._ended)
        if reason:
            self._leaving = True
            self._channel.send("leaving", reason=reason)
            self._runner.stop()

    def _stop(self, grace: float, *, signalled: bool = False) -> None:
        self._leaving = True
        self._grace = grace
        if self._runner is not None:
            self._runner.stop(grace, signalled=signalled)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Stop: systemd, for one, signals all processes of a service."""
        self._signal = signal.Signals(number).name
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def _listen(self) -> None:
        """Handle notes and signals, and check the limits every second."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._rung, select.POLLIN)
        while not self._channel.is_closed:
            ready = [number for number, _ in poll.poll(_TICK * 1000)]
            if self._channel.fileno() in ready or not self._channel.is_intact:
                for note in self._channel.receive():
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
        self._channel.send("leaving", reason=self._signal)
        self._stop(self._options.grace, signalled=True)

    def _outlive_parent(self) -> None:
        """Stop in order after the parent has gone, or else by force."""
        until = time.monotonic() + _UNREACHABLE
        while os.getppid() == self._parent:
            # Either the parent is just ending, or the worker's code has closed the
            # channel: then the parent kills this process, which cannot be trusted.
            if time.monotonic() > until:
                kill_own_group()
            time.sleep(0.05)
        if self._runner is None:
            kill_own_group()
        _log.error(
            "the supervisor is gone, stopping", extra={"action": "supervisor_gone"}
        )
        self._stop(self._options.grace)
        time.sleep(self._options.grace + ORPHAN_MARGIN)
        kill_own_group()

    def _tell_files(self) -> None:
        """Send the files to watch, if modules have been loaded since."""
        if self._options.watch and len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._channel.send("files", files=loaded_files())


def _told(error: BaseException) -> str:
    """Return an error as text; one that is not Geartrain's with its traceback."""
    if isinstance(error, GeartrainError):
        return str(error)[-_MOST_TEXT:]
    # The frames of the supervisor and of the import say nothing.
    while error.__traceback__ is not None and _is_ours(error.__traceback__.tb_frame):
        error.__traceback__ = error.__traceback__.tb_next
    return "".join(traceback.format_exception(error)).rstrip()[-_MOST_TEXT:]


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.startswith(("geartrain.supervisor.", "importlib"))
