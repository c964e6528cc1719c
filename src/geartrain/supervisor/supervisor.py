"""The supervisor: the parent of all processes of workers, and its event loop.

The event loop only waits: for the notes of processes, signals, and requests on the
liveness port. Every process is forked from it, so nothing of it may be used in a child,
where its epoll set is still the parent's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time

from geartrain.errors import StartError
from geartrain.supervisor.announcer import Announcer
from geartrain.supervisor.liveness import LivenessFile, LivenessPort
from geartrain.supervisor.options import WorkerOptions
from geartrain.supervisor.pool import ProcessPool
from geartrain.supervisor.process import HANDLED, Closable
from geartrain.supervisor.reload import Reload
from geartrain.supervisor.status import Status
from geartrain.transport.service_manager import ServiceManager

__all__ = ["Supervisor"]

_TICK = 0.1
_SECOND = 1.0
# Seconds that a stop may take beside what jobs may.
_END = 15.0
_log = logging.getLogger("geartrain.supervisor")


class Supervisor:
    """Runs processes of workers until it is told to stop.

    SIGTERM and SIGINT stop it: running jobs may finish within the grace period. A
    second one kills all processes. Jobs that are not finished go back to their queues.
    SIGHUP replaces the processes one after another.
    """

    def __init__(self, options: WorkerOptions, status: Status) -> None:
        """Open the liveness file and port.

        Raises:
            StartError: this system has no fork, watchfiles is not installed, or the
                liveness file cannot be made.
            ListenError: the liveness port is taken, or not allowed.
        """
        if not hasattr(os, "fork"):
            raise StartError(
                "this system has no fork: run one process a worker, by Worker.run()"
            )
        self._options = options
        self._status = status
        self._manager = ServiceManager.take()
        self._own: list[Closable] = []
        self._pool = ProcessPool(options, self._own)
        self._announcer = Announcer(self._pool)
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
            self._own.append(self._port)
            _log.info(
                "liveness and readiness are answered on port %d",
                self._port.port,
                extra={"action": "probes"},
            )

    def run(self) -> None:
        """Return once all processes have ended after a stop.

        Raises:
            StartError: no target can be loaded.
        """
        # With a factory, so that the loop does not become this thread's: it would still
        # be that in the processes that are forked, for code that asks for one.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in HANDLED:
            loop.add_signal_handler(number, self._handle, number)
        try:
            if self._port is not None:
                await self._port.start()
            await self._fill_and_wait()
        finally:
            self._announcer.stop()
            self._end()

    async def _fill_and_wait(self) -> None:
        while not self._pool.is_over:
            self._pool.fill(time.monotonic())
            await self._wait()
            now = time.monotonic()
            self._pool.enforce(now)
            self._pool.reap(now)
            self._go_on_reloading(now)
            if not self._is_told:
                self._tell_ready()
            if now >= self._next_second:
                self._next_second = now + _SECOND
                self._each_second()
            if now >= self._next_status:
                self._next_status = now + self._status.interval
                self._status.show(self._pool.counts())

    async def _wait(self) -> None:
        """Wait until something happens, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TICK):
                await self._pool.news.wait()
        self._pool.news.clear()

    def _tell_ready(self) -> None:
        if self._pool.is_ready:
            self._is_told = True
            self._next_second = 0.0
            self._manager.ready(self._summary())
            count = len(self._pool.slots)
            _log.info(
                "ready: %d process%s",
                count,
                "" if count == 1 else "es",
                extra={"action": "ready"},
            )

    def _each_second(self) -> None:
        self._announcer.look()
        self._manager.alive(self._summary())
        healthy, ready = self._pool.is_healthy, self._pool.is_ready
        if self._file is not None:
            self._file.tell(healthy)
        if self._port is not None:
            self._port.is_healthy, self._port.is_ready = healthy, ready
        files = self._pool.files
        changed = [] if files is None else files.changed()
        if changed:
            _log.info(
                "%s changed, reloading", ", ".join(changed), extra={"action": "reload"}
            )
            self._begin_reload()

    def _summary(self) -> str:
        """Say in a line how it is."""
        counts = self._pool.counts()
        return f"{counts.up}/{counts.wanted} processes, {counts.busy:,} jobs running"

    def _begin_reload(self) -> None:
        """Reload; once more after a reload that has begun."""
        if self._pool.is_stopping:
            return
        self._manager.reloading()
        self._reload_again = self._reload is not None
        if self._reload is None:
            self._reload = Reload(self._pool, self._options.grace)
        else:
            self._reload.start_over()

    def _go_on_reloading(self, now: float) -> None:
        if self._reload is None or self._pool.is_stopping:
            return
        self._reload.step(now)
        if self._reload.is_over:
            self._reload = None
            if self._reload_again:
                self._begin_reload()
            else:
                self._manager.ready(self._summary())

    def _handle(self, number: signal.Signals) -> None:
        self._pool.news.set()
        if number is signal.SIGHUP:
            _log.info("SIGHUP, reloading", extra={"action": "reload"})
            self._begin_reload()
        elif number in (signal.SIGTERM, signal.SIGINT):
            self._stop(number.name)

    def _stop(self, name: str) -> None:
        """Stop in order, or at once when told a second time."""
        if self._pool.is_stopping:
            _log.warning(
                "%s again, stopping at once", name, extra={"action": "stop_hurried"}
            )
            self._pool.kill()
        else:
            _log.info("%s, stopping", name, extra={"action": "stop"})
            self._manager.stopping(self._summary(), self._options.grace + _END)
            self._pool.stop(name)

    def _end(self) -> None:
        """Leave nothing behind."""
        self._pool.kill()
        while not self._pool.is_over:
            self._pool.reap(time.monotonic())
            time.sleep(0.01)
        self._status.erase()
        self._manager.close()
        if self._file is not None:
            self._file.close()
        if self._port is not None:
            self._port.stop()
