"""A job server that runs jobs at once, in the thread that submits them."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from geartrain.errors import WorkerError
from geartrain.testing.bench import Bench
from geartrain.testing.clock import MovedClock
from geartrain.testing.direct import DirectEngine
from geartrain.testing.options import Policies, local_options
from geartrain.testing.recorder import Recorder, Tap
from geartrain.testing.records import SubmittedRecord, encoded
from geartrain.testing.socket import InlineSocket
from geartrain.testing.submissions import Submissions
from geartrain.testing.work import known_state
from geartrain.transport.connect import Connector

if TYPE_CHECKING:
    from geartrain.client import Client
    from geartrain.worker.base import BaseWorker

__all__ = ["InlineClock", "InlineServer"]

# Jobs that submit jobs that submit jobs: nobody means more than so many.
_DEEPEST: Final = 50


class InlineClock:
    """The clock of an ``InlineServer``: it runs, and can be moved ahead."""

    def __init__(self, server: InlineServer, clock: MovedClock) -> None:
        self._server = server
        self._clock = clock

    def time(self) -> float:
        """Return the job server's time, in seconds since 1970."""
        return self._clock.time()

    def move(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, and run all jobs that become due.

        Raises:
            OptionError: ``seconds`` is no number from 0 on.
        """
        self._server._move(seconds)


class InlineServer(Submissions):
    """The real job server without a thread: who submits a job runs it.

    It is a connector: give it to ``Client``. When a call that submits a job returns,
    the job has been run by the worker's function, in the same thread, unless it is
    delayed. A function may submit jobs itself. Functions that are coroutines have an
    event loop for each job, so they cannot be run for an ``AsyncClient``; others can,
    on asyncio's own event loop (uvloop goes past the socket that makes it work).

    Attributes:
        clock: its clock.
    """

    def __init__(
        self,
        worker: BaseWorker,
        *,
        policies: Policies | None = None,
    ) -> None:
        """Run ``worker``'s functions, which need not be connected to anything.

        ``policies`` are settings by function or pattern, as for ``LocalServer``.

        Raises:
            OptionError: a policy means nothing.
        """
        clock = MovedClock()
        super().__init__(Recorder(clock))
        self.clock = InlineClock(self, clock)
        self._worker = worker
        self._direct = DirectEngine(local_options(policies=policies), clock)
        self._benches: list[Bench] = []
        self._lock = threading.RLock()

    def __str__(self) -> str:
        return "the inline job server"

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection to it."""
        connection = InlineSocket()
        connection.settimeout(timeout)
        tap = Tap(self._recorder)

        def write(pieces: list[bytes]) -> None:
            tap.outgoing(pieces)
            connection.deliver(pieces)

        # Not under the lock: a function's event loop connects in another thread.
        peer = self._direct.connect(connection.fileno(), write)

        def receive(data: bytes) -> None:
            with self._lock:
                known = tap.incoming(data)
                if known:
                    self._direct.receive(peer, known)
                    self._work(is_text=not known.startswith(b"\0"))
                if peer.is_closing:
                    connection.end()

        def leave() -> None:
            with self._lock:
                self._direct.disconnect(peer)

        connection.on_data = receive
        connection.on_close = leave
        return connection

    def client(self, **options: Any) -> Client:
        """Return a ``Client`` of this job server, with its other options."""
        from geartrain.client import Client

        return Client(self, **options)

    def _work(self, is_text: bool = False) -> None:
        """Run all jobs there are; those of a job that runs, unless it only asks."""
        busy = [bench for bench in self._benches if bench.is_busy]
        if busy and is_text:
            return
        if len(busy) == len(self._benches):
            if len(busy) >= _DEEPEST:
                raise WorkerError(f"jobs submit jobs {_DEEPEST} deep")
            self._benches.append(
                Bench(self._direct, self._worker, self, Tap(self._recorder))
            )
        for bench in self._benches:
            bench.announce()
        while (found := self._next()) is not None:
            found.run()

    def _next(self) -> Bench | None:
        """Return a bench that has a job to run."""
        spoke = True
        while spoke:
            spoke = False
            for bench in self._benches:
                spoke = bench.speak() or spoke
        for bench in self._benches:
            if bench.is_wanted and not bench.is_busy:
                return bench
        return None

    def _move(self, seconds: float) -> None:
        with self._lock:
            self._direct.move(seconds, self._work)

    def _connector(self) -> Connector:
        return self

    def _look(self) -> tuple[list[SubmittedRecord], dict[str, str]]:
        with self._lock:
            state = self._direct.engine.state
            records = [*self._recorder.records]
            found = {
                each.handle: known_state(state, encoded(each.handle))
                for each in records
            }
            return records, {name: each for name, each in found.items() if each}
