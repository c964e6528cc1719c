"""A job server on a thread of a test's process."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from geartrain.errors import JobTimeoutError, OptionError, StartError
from geartrain.testing.base import BaseServer
from geartrain.testing.clock import MovableClock, MovedClock
from geartrain.testing.driver import TappedDriver
from geartrain.testing.options import Policies, local_options
from geartrain.testing.recorder import Recorder
from geartrain.testing.records import SubmittedRecord, encoded
from geartrain.testing.thread import ServerThread
from geartrain.testing.work import describe, known_state

if TYPE_CHECKING:
    from geartrain.worker import Worker

__all__ = ["LocalServer"]

_NOT_RUNNING: Final = "this job server does not run: use it in a with block, or start()"


class LocalServer(BaseServer):
    """The real job server on a thread of this process, for tests.

    It is a context manager, and a connector: give it to ``Client``, ``AsyncClient``,
    ``Worker``, ``AsyncWorker`` and ``Admin`` where they take the name of a job server.
    No port is needed.

    Attributes:
        clock: its clock.
    """

    def __init__(
        self,
        *,
        store: str | os.PathLike[str] | None = None,
        port: int | None = None,
        policies: Policies | None = None,
    ) -> None:
        """Prepare a job server; ``start`` it, or use it in a ``with`` block.

        Args:
            store: the SQLite file for background jobs; None keeps them in memory.
            port: a TCP port of 127.0.0.1 to listen on, for other processes; 0 takes a
                free one, None listens on none.
            policies: settings by function or pattern, such as
                ``{"mail": {"max_attempts": 3, "backoff_delay": 5}}``.
        """
        clock = MovedClock()
        super().__init__(Recorder(clock))
        self.clock = MovableClock(clock, self._move)
        self._moved = clock
        self._options = local_options(store, port, policies)
        self._thread: ServerThread | None = None
        self._lives = 0

    def __str__(self) -> str:
        return "the in-process job server"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The ``host:port`` it listens on.

        Raises:
            OptionError: it was made without a port.
            StartError: it is not running.
        """
        addresses = self.running().addresses
        if not addresses:
            raise OptionError("this job server has no port: make it with port=0")
        return addresses[0]

    def start(self) -> None:
        """Start, or start again after ``stop``; do nothing while it runs.

        Raises:
            ListenError: the port is taken, or not allowed.
            OptionError: a policy is not valid.
            StoreError: the store cannot be opened.
        """
        if self._thread is None:
            self._lives += 1
            # Handles must not repeat: records of earlier runs are kept.
            options = replace(self._options, handle_prefix=f"H:test{self._lives}")
            thread = ServerThread(options, self._moved, self._recorder)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """Stop as a job server that is shut down; do nothing if it is not running.

        Its peers lose their connections. Jobs in memory are lost, those in a store are
        kept. What was submitted stays known.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def running(self) -> ServerThread:
        """Return its thread; raise StartError if it is not running."""
        if self._thread is None:
            raise StartError(_NOT_RUNNING)
        return self._thread

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection to it, whose reads give up after ``timeout``.

        Raises:
            ConnectionRefusedError: it is not running.
        """
        if self._thread is None:
            raise ConnectionRefusedError(_NOT_RUNNING)
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout)
        self._thread.adopt(theirs)
        return ours

    def worker(self, **options: Any) -> Worker:
        """Return a ``Worker`` of this job server, with its other options."""
        from geartrain.worker import Worker

        return Worker(self, **options)

    def wait_idle(self, timeout: float = 10.0) -> None:
        """Return once no job is ready or running; delayed jobs may wait.

        This blocks. In an event loop, ``await asyncio.to_thread(server.wait_idle)``.

        Raises:
            JobTimeoutError: that takes longer than ``timeout`` seconds; the text says
                which jobs are left.
            StartError: the job server is not running.
        """
        left = self.running().call(lambda driver: _left(driver, timeout))
        if left:
            raise JobTimeoutError(f"not idle after {timeout:g} seconds: {left}")

    def _move(self, seconds: float) -> None:
        self.running().call(lambda driver: driver.move(seconds))

    def _look(self) -> tuple[list[SubmittedRecord], dict[str, str]]:
        if self._thread is None:
            records = [*self._recorder.records]
            return records, {each.handle: "unknown" for each in records}
        return self._thread.call(self._known)

    async def _known(
        self, driver: TappedDriver
    ) -> tuple[list[SubmittedRecord], dict[str, str]]:
        records = [*self._recorder.records]
        states = {}
        for record in records:
            state = known_state(driver.engine.state, encoded(record.handle))
            if state:
                states[record.handle] = state
        return records, states


async def _left(driver: TappedDriver, timeout: float) -> str:
    """Wait until a job server is idle; return what is left after ``timeout``."""
    try:
        await asyncio.wait_for(driver.wait_idle(), timeout)
    except TimeoutError:
        return describe(driver.engine.state) or "the store is at work"
    return ""
