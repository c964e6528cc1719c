"""A job server that runs each job at once, in the thread that submits it."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Final

from geartrain.errors import WorkerError
from geartrain.testing.base import BaseServer
from geartrain.testing.bench import Bench
from geartrain.testing.clock import MovableClock, MovedClock
from geartrain.testing.direct import DirectEngine
from geartrain.testing.options import Policies, local_options
from geartrain.testing.recorder import Recorder, Tap
from geartrain.testing.records import SubmittedRecord, encoded
from geartrain.testing.socket import InlineSocket
from geartrain.testing.work import known_state

if TYPE_CHECKING:
    from geartrain.worker.base import BaseWorker

__all__ = ["InlineServer"]

# Maximum depth of jobs that submit jobs, and wait. More is taken for an endless
# recursion. Each level takes about twenty frames, of the thousand that Python allows.
_MAX_DEPTH: Final = 30


class InlineServer(BaseServer):
    """The real job server without a thread: the caller that submits a job runs it.

    It is a connector: give it to ``Client``. When a call that submits a job returns,
    the worker's function has run it in the same thread, unless it is delayed. A
    function may submit jobs itself. Coroutine functions get an event loop for each
    job, so an ``AsyncClient`` cannot have them run; it can have others, on asyncio's
    event loop (uvloop bypasses the socket object that makes this work).

    Attributes:
        clock: its clock.
    """

    def __init__(
        self,
        worker: BaseWorker,
        *,
        policies: Policies | None = None,
    ) -> None:
        """Run the functions of ``worker``, which stays unconnected.

        ``policies`` are settings by function or pattern, as for ``LocalServer``.

        Raises:
            OptionError: a policy is not valid.
        """
        clock = MovedClock()
        super().__init__(Recorder(clock))
        self.clock = MovableClock(clock, self._move)
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

        # Without the lock, because a function's event loop connects in another thread.
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

    def _work(self, is_text: bool = False) -> None:
        """Run all ready jobs, unless a running job has only asked something."""
        busy = [bench for bench in self._benches if bench.is_busy]
        if busy and is_text:
            return
        if len(busy) == len(self._benches):
            if len(busy) >= _MAX_DEPTH:
                raise WorkerError(f"jobs submit jobs {_MAX_DEPTH} deep")
            self._benches.append(
                Bench(self._direct, self._worker, self, Tap(self._recorder))
            )
        for bench in self._benches:
            bench.announce()
        while (found := self._next()) is not None:
            found.run()

    def _next(self) -> Bench | None:
        """Return a bench with a job to run."""
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

    def _look(self) -> tuple[list[SubmittedRecord], dict[str, str]]:
        with self._lock:
            state = self._direct.engine.state
            records = [*self._recorder.records]
            found = {
                each.handle: known_state(state, encoded(each.handle))
                for each in records
            }
            return records, {name: each for name, each in found.items() if each}
