"""The parent of all processes of workers: its loop, and what signals do to it."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Iterator
from typing import Protocol

from geartrain.errors import StartError
from geartrain.supervisor.counts import Counts
from geartrain.supervisor.crew import Crew
from geartrain.supervisor.liveness import LivenessFile, LivenessPort
from geartrain.supervisor.options import Options
from geartrain.supervisor.process import HANDLED, Closable, Process
from geartrain.supervisor.reload import Reload

__all__ = ["Status", "Supervisor"]

_TICK = 0.1
_SECOND = 1.0
_log = logging.getLogger("geartrain.supervisor")


class Status(Protocol):
    """Somewhere to show how things are.

    Attributes:
        interval: seconds between two looks.
    """

    interval: float

    def show(self, counts: Counts) -> None:
        """Show it."""

    def erase(self) -> None:
        """Take back what should not stay."""


class Supervisor:
    """Keeps processes of workers until it is told to stop.

    TERM and INT stop it: jobs at hand are finished within the grace. A second one
    ends all at once; either way the jobs that are not finished go back to their
    queues. HUP replaces the processes one after another.
    """

    def __init__(self, options: Options, status: Status) -> None:
        """Open what tells of its liveness.

        Raises:
            StartError: this system has no fork, or the liveness file cannot be made.
            ListenError: the liveness port cannot be listened on.
        """
        if not hasattr(os, "fork"):
            raise StartError(
                "this system has no fork: run one process a worker, by Worker.run()"
            )
        self._options = options
        self._status = status
        self._selector = selectors.PollSelector()
        self._own: list[Closable] = []
        self._crew = Crew(options, self._selector, self._own)
        self._reload: Reload | None = None
        self._reload_again = False
        self._is_told = False
        self._next_second = 0.0
        self._next_status = 0.0
        self._file = self._port = None
        if options.liveness_file:
            self._file = LivenessFile(options.liveness_file)
        if options.liveness_port is not None:
            address = options.liveness_port
            self._port = LivenessPort(address.port, address.host)
            self._port.register(self._selector)
            self._own.append(self._port)
            _log.info("liveness is told on port %d", self._port.port)

    def run(self) -> None:
        """Return once all processes have ended after a stop.

        Raises:
            StartError: not one target can be loaded.
        """
        try:
            with self._signals():
                self._fill_and_loop()
        finally:
            self._end()

    def _fill_and_loop(self) -> None:
        while not self._crew.is_over:
            now = time.monotonic()
            self._crew.fill(now)
            self._wait()
            now = time.monotonic()
            self._crew.enforce(now)
            self._crew.bury(now)
            self._go_on_reloading(now)
            if not self._is_told:
                self._tell_ready()
            if now >= self._next_second:
                self._next_second = now + _SECOND
                self._each_second()
            if now >= self._next_status:
                self._next_status = now + self._status.interval
                self._status.show(self._crew.counts())

    def _wait(self) -> None:
        """Wait for something to happen, not for long; take it in."""
        for key, _ in self._selector.select(_TICK):
            if isinstance(key.data, Process):
                self._crew.hear(key.data)
            elif self._port is not None and key.data is self._port:
                self._port.ready(key.fileobj, self._selector)
            else:
                self._read_signals(key.data)

    def _tell_ready(self) -> None:
        if self._crew.is_ready:
            self._is_told = True
            self._next_second = 0.0
            _log.info("ready: %d processes", len(self._crew.slots))

    def _each_second(self) -> None:
        healthy, ready = self._crew.is_healthy, self._crew.is_ready
        if self._file is not None:
            self._file.tell(healthy)
        if self._port is not None:
            self._port.tell(healthy, self._selector, ready=ready)
        if self._options.watch:
            self._look_at_files()

    def _look_at_files(self) -> None:
        changed = self._crew.files.changed()
        if changed:
            _log.info("%s changed, reloading", ", ".join(changed))
            self._begin_reload()

    def _begin_reload(self) -> None:
        """Reload, or once more if a reload is under way."""
        if self._crew.is_stopping:
            return
        self._reload_again = self._reload is not None
        if self._reload is None:
            self._reload = Reload(self._crew, self._options.grace)
        else:
            self._reload.start_over()

    def _go_on_reloading(self, now: float) -> None:
        if self._reload is None or self._crew.is_stopping:
            return
        self._reload.step(now)
        if self._reload.is_over:
            self._reload = None
            if self._reload_again:
                self._begin_reload()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Have signals arrive as bytes on a socket, for the length of the block."""
        ours, theirs = socket.socketpair()
        self._own += [ours, theirs]
        for end in (ours, theirs):
            end.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, ours)
        old = {number: signal.signal(number, _ignore) for number in HANDLED}
        old_descriptor = signal.set_wakeup_fd(
            theirs.fileno(), warn_on_full_buffer=False
        )
        try:
            yield
        finally:
            signal.set_wakeup_fd(old_descriptor)
            for number, handler in old.items():
                signal.signal(number, handler)

    def _read_signals(self, ours: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in ours.recv(4096):
                self._handle(signal.Signals(number))

    def _handle(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            _log.info("SIGHUP, reloading")
            self._begin_reload()
        elif number in (signal.SIGTERM, signal.SIGINT):
            self._stop(number.name)

    def _stop(self, name: str) -> None:
        """Stop in order; at once when asked a second time."""
        if self._crew.is_stopping:
            _log.warning("%s again, stopping at once", name)
            self._crew.kill()
        else:
            _log.info("%s, stopping", name)
            self._crew.stop(name)

    def _end(self) -> None:
        """Leave nothing behind."""
        self._crew.kill()
        while not self._crew.is_over:
            self._crew.bury(time.monotonic())
            time.sleep(0.01)
        self._status.erase()
        if self._file is not None:
            self._file.close()
        for mine in self._own:
            mine.close()
        self._selector.close()


def _ignore(number: int, frame: object) -> None:
    """Take a signal: that it came is read from a socket."""
