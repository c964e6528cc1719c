"""All connections of a blocking worker: wait for what comes, and keep them alive."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from geartrain.protocol.worker import Assignment, Slots, WorkerProtocol
from geartrain.transport import forks
from geartrain.transport.connect import Connector
from geartrain.transport.locks import took
from geartrain.worker.links import Link

if TYPE_CHECKING:
    from geartrain.worker.observer import Observer

__all__ = ["Pump"]

_NEVER: Final = float("inf")
_LONGEST: Final = 3600.0


class Pump:
    """Moves bytes between job servers and protocols.

    Attributes:
        lock: what all protocols and the slots are touched under; never held while
            anything is sent or waited for.
        ready: jobs that have come and that nobody has begun.
        slots: how many jobs there may be at once.
        links: the connections.
        heartbeat: seconds of silence after which a job server is probed.
        connect_timeout: the most seconds that connecting may take.
        clock: the seconds that ``due`` times count.
        is_shared: handlers run in other threads than the one that reads. Some close
            descriptors that are not theirs; a look at each job would cost 1 % of it.
    """

    def __init__(
        self, slots: Slots, observer: Observer | None, timeouts: tuple[float, float]
    ) -> None:
        self.lock = threading.Lock()
        self.ready: deque[tuple[Link, Assignment]] = deque()
        self.slots = slots
        self.links: list[Link] = []
        self.observer = observer
        self.is_shared = False
        self.heartbeat, self.connect_timeout = timeouts
        self.clock = time.monotonic
        self._turn = threading.Lock()
        self._stirred = False
        self._closed = False
        self._watched: dict[int, Link] = {}
        self._due = 0.0
        self._poll = select.poll()
        # Sockets: what is sent after they were closed goes nowhere.
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._poll.register(self._woken, select.POLLIN)
        forks.own(self._woken)
        forks.own(self._wake)

    def open(self, connectors: Sequence[Connector], client_id: bytes) -> None:
        """Prepare a connection to each job server."""
        for connector in connectors:
            protocol = WorkerProtocol(self.slots, client_id, wants_handles=True)
            self.links.append(Link(self, connector, protocol))

    def wake(self) -> None:
        """Have whoever waits in ``attend`` look round; for signal handlers, too."""
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def watch(self, descriptor: int, link: Link) -> None:
        """Read a link when something has come on this descriptor."""
        self._watched[descriptor] = link
        self._poll.register(descriptor, select.POLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Look at a descriptor no longer."""
        if self._watched.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def attend(self, timeout: float) -> None:
        """Wait at most so many seconds for something to come, and see to it."""
        with self._turn:
            if self._stirred:
                # Another thread has taken what might have ended this one's wait.
                self._stirred = False
                return
            self._attend(timeout)

    def attend_if_nobody_does(self) -> None:
        """See to what has come, unless another thread does so now."""
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
        # Once a job: min() and max() would cost more than all else here.
        if wait > timeout:  # noqa: PLR1730
            wait = timeout
        if wait > _LONGEST:  # noqa: PLR1730
            wait = _LONGEST
        for descriptor, _ in self._poll.poll(wait * 1000 if wait > 0 else 0):
            link = self._watched.get(descriptor)
            if link is not None:
                link.read()
            elif descriptor == self._woken.fileno():
                self._due = 0.0
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
        if len(self.links) > 1:
            self.flush()

    def _tend(self, now: float) -> None:
        for link in self.links:
            if now >= link.due:
                link.tend(now)
        self._due = min((link.due for link in self.links), default=_NEVER)

    def expect(self, due: float) -> None:
        """Tend the links at this time at the latest."""
        self._due = min(self._due, due)

    def flush(self) -> None:
        """Send what is to be sent on any connection."""
        for link in self.links:
            if link.protocol.has_output:
                link.flush()

    def pass_on(self) -> None:
        """Send what other connections have to say since one has freed a slot."""
        if len(self.links) > 1:
            self.flush()

    def resume(self) -> None:
        """Take jobs again."""
        with self.lock:
            self.slots.resting = False
            for link in self.links:
                link.protocol.seek()
        self.flush()

    def close(self) -> None:
        """Leave all job servers; one who waits in ``attend`` is woken."""
        self._closed = True
        self.wake()
        with self._turn:
            for link in self.links:
                link.close()
            for link, assignment in self.ready:
                link.protocol.drop(assignment)
            self.ready.clear()
            self._wake.close()
            self._woken.close()

    def abandon(self) -> None:
        """Leave all job servers, whatever an exception has interrupted."""
        self._closed = True
        self.wake()
        for link in self.links:
            link.abandon()
        self._wake.close()
        self._woken.close()
