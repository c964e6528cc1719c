"""All connections of a blocking worker: wait for jobs, and keep them alive."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from geartrain.transport import forks
from geartrain.transport.locks import took
from geartrain.worker.connection import WorkerConnection

if TYPE_CHECKING:
    from geartrain.protocol.worker import WorkerProtocol
    from geartrain.transport.connect import Connector
    from geartrain.worker.observer import Observer
    from geartrain.worker.session import Session

__all__ = ["Pump"]

_NEVER: Final = float("inf")
_LONGEST: Final = 3600.0


class Pump:
    """Moves bytes between job servers and the session.

    Attributes:
        session: what the worker does. Its slots and protocols are only used under the
            lock.
        lock: is never held while sending or waiting.
        connections: one to each job server.
        heartbeat: seconds of silence after which a job server is probed.
        connect_timeout: maximum number of seconds to connect.
        clock: the clock by which connections are tended.
        is_shared: whether handlers run in other threads than the one that reads. They
            may close descriptors that are not theirs, so reading checks its own then;
            to check at each job would cost 1 % of it.
    """

    def __init__(
        self,
        session: Session,
        observer: Observer | None,
        timeouts: tuple[float, float],
    ) -> None:
        """``timeouts`` are the heartbeat, and that of connecting."""
        self.session = session
        self.lock = threading.Lock()
        self.connections: list[WorkerConnection] = []
        self.observer = observer
        self.is_shared = False
        self.heartbeat, self.connect_timeout = timeouts
        self.clock = time.monotonic
        self._turn = threading.Lock()
        self._stirred = False
        self._closed = False
        self._watched: dict[int, WorkerConnection] = {}
        self._due = 0.0
        self._poll = select.poll()
        # Sockets rather than a pipe: sending on a closed one does nothing.
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._poll.register(self._woken, select.POLLIN)
        forks.own(self._woken)
        forks.own(self._wake)

    def open(self, connector: Connector, protocol: WorkerProtocol) -> None:
        """Prepare a connection to a job server; ``attend`` makes it."""
        self.connections.append(WorkerConnection(self, connector, protocol))

    def wake(self) -> None:
        """Make ``attend`` return; also in signal handlers."""
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def watch(self, descriptor: int, connection: WorkerConnection) -> None:
        """Read a connection whenever this descriptor is readable."""
        self._watched[descriptor] = connection
        self._poll.register(descriptor, select.POLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Stop watching a descriptor."""
        if self._watched.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def attend(self, timeout: float) -> None:
        """Read what arrives within ``timeout`` seconds; tend the connections."""
        with self._turn:
            if self._stirred:
                # Another thread may have read what this one would wait for.
                self._stirred = False
                return
            self._attend(timeout)

    def attend_if_nobody_does(self) -> None:
        """Read what has arrived, unless another thread is attending."""
        is_shared = self.is_shared
        turn: list[bool] = []
        try:
            if took(self._turn, turn, wait=False):
                self.is_shared = self._stirred = True
                self._attend(0.0)
        finally:
            if turn:
                self.is_shared = is_shared
                self._turn.release()

    def _attend(self, timeout: float) -> None:
        if self._closed:
            return
        clock = self.clock
        now = clock()
        if now >= self._due:
            self._tend(now)
        wait = self._due - now
        # Once per job: min() and max() would cost more than the rest of this.
        if wait > timeout:  # noqa: PLR1730
            wait = timeout
        if wait > _LONGEST:  # noqa: PLR1730
            wait = _LONGEST
        for descriptor, _ in self._poll.poll(wait * 1000 if wait > 0 else 0):
            connection = self._watched.get(descriptor)
            if connection is not None:
                connection.read()
            elif descriptor == self._woken.fileno():
                self._due = 0.0
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
        if len(self.connections) > 1:
            self.flush()

    def _tend(self, now: float) -> None:
        for each in self.connections:
            if now >= each.alive.due:
                each.tend(now)
        self._due = min((each.alive.due for each in self.connections), default=_NEVER)

    def expect(self, due: float) -> None:
        """Tend the connections at ``due`` at the latest."""
        self._due = min(self._due, due)

    def flush(self) -> None:
        """Send the output of all connections."""
        for each in self.connections:
            if each.protocol.has_output:
                each.flush()

    def tell(self, change: Callable[[], None]) -> None:
        """Change the session under the lock, and send what it wrote."""
        with self.lock:
            change()
        self.flush()

    def close(self) -> None:
        """Leave all job servers, and make ``attend`` return."""
        self._closed = True
        self.wake()
        with self._turn:
            for each in self.connections:
                each.close()
            self._wake.close()
            self._woken.close()

    def abandon(self) -> None:
        """Leave all job servers, after an interruption at any step."""
        self._closed = True
        self.wake()
        for each in self.connections:
            each.abandon()
        self._wake.close()
        self._woken.close()
