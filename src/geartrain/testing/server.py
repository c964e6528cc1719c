"""A job server inside the process of a test."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from geartrain.errors import JobTimeoutError, OptionError, StartError
from geartrain.testing.clock import MovedClock
from geartrain.testing.driver import TappedDriver
from geartrain.testing.options import Policies, local_options
from geartrain.testing.recorder import Recorder
from geartrain.testing.records import SubmittedRecord, encoded
from geartrain.testing.submissions import Submissions
from geartrain.testing.thread import ServerThread
from geartrain.testing.work import describe, known_state
from geartrain.transport.connect import Connector

if TYPE_CHECKING:
    from geartrain.client import Client
    from geartrain.worker import Worker

__all__ = ["LocalServer", "ServerClock"]

_NOT_RUNNING: Final = "this job server does not run: use it in a with block, or start()"


class ServerClock:
    """The clock of a ``LocalServer``: it runs, and can be moved ahead."""

    def __init__(self, server: LocalServer, clock: MovedClock) -> None:
        self._server = server
        self._clock = clock

    def time(self) -> float:
        """Return the job server's time, in seconds since 1970."""
        return self._clock.time()

    def move(self, seconds: float) -> None:
        """Let ``seconds`` pass at once.

        Delayed jobs become ready, running ones time out, waiting ones outlive their
        time to live, recurring ones are submitted, each at its own time. What workers
        do then takes as long as it takes: see ``LocalServer.wait_idle``.

        Raises:
            OptionError: ``seconds`` is no number from 0 on.
            StartError: the job server does not run.
        """
        self._server.running().call(lambda driver: driver.move(seconds))


class LocalServer(Submissions):
    """The real job server on a thread of this process, for tests.

    It is a context manager, and a connector: give it to ``Client``, ``AsyncClient``,
    ``Worker``, ``AsyncWorker`` and ``Admin`` where they take the name of a job server.
    They need no port.

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
            store: a SQLite file that keeps background jobs; None is memory.
            port: a TCP port of 127.0.0.1 to listen on, too, for programs in other
                processes and languages; 0 takes a free one, None listens on none.
            policies: settings by function or pattern, such as
                ``{"mail": {"max_attempts": 3, "backoff_delay": 5}}``.
        """
        clock = MovedClock()
        super().__init__(Recorder(clock))
        self.clock = ServerClock(self, clock)
        self._moved = clock
        self._options = local_options(store, port, policies)
        self._thread: ServerThread | None = None
        self._lives = 0

    def __str__(self) -> str:
        return "the in-process job server"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The ``host:port`` it listens on.

        Raises:
            OptionError: it was made without a port.
            StartError: it does not run.
        """
        addresses = self.running().addresses
        if not addresses:
            raise OptionError("this job server has no port: make it with port=0")
        return addresses[0]

    def start(self) -> None:
        """Start, or start again after ``stop``; does nothing while it runs.

        Raises:
            ListenError: the port cannot be had.
            OptionError: a policy means nothing.
            StoreError: the store cannot be opened.
        """
        if self._thread is None:
            self._lives += 1
            # No handle is given twice: what was submitted stays known.
            options = replace(self._options, handle_prefix=f"H:test{self._lives}")
            thread = ServerThread(options, self._moved, self._recorder)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """Stop, as a job server that is shut down; does nothing if it does not run.

        Its peers lose their connections. Jobs in memory are lost, those in a store are
        kept. What was submitted stays known.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def running(self) -> ServerThread:
        """Return its thread; raises StartError if it does not run."""
        if self._thread is None:
            raise StartError(_NOT_RUNNING)
        return self._thread

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection to it, whose reads give up after ``timeout``.

        Raises:
            ConnectionRefusedError: it does not run.
        """
        if self._thread is None:
            raise ConnectionRefusedError(_NOT_RUNNING)
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout)
        self._thread.adopt(theirs)
        return ours

    def client(self, **options: Any) -> Client:
        """Return a ``Client`` of this job server, with its other options."""
        from geartrain.client import Client

        return Client(self, **options)

    def worker(self, **options: Any) -> Worker:
        """Return a ``Worker`` of this job server, with its other options."""
        from geartrain.worker import Worker

        return Worker(self, **options)

    def wait_idle(self, timeout: float = 10.0) -> None:
        """Return once no job is ready or running; delayed ones may wait.

        It blocks: on an event loop ``await asyncio.to_thread(server.wait_idle)``.

        Raises:
            JobTimeoutError: that takes longer than ``timeout`` seconds; the text says
                what is left to do.
            StartError: the job server does not run.
        """
        left = self.running().call(lambda driver: _left(driver, timeout))
        if left:
            raise JobTimeoutError(f"not idle after {timeout:g} seconds: {left}")

    def _connector(self) -> Connector:
        return self

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
