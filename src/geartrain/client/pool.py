"""The connections of a blocking client, shared by any number of threads.

Each call leases connections of its own for as long as it lasts, so no thread waits for
what another one does. The next call uses them again, the last used first. What is still
awaited when a call returns, such as the results of submitted jobs, stays on the
connections it was sent on: one thread at a time reads these, and wakes the others when
something arrives for them.

No lock is held while anything is done, and every step leaves all in order. So a signal
handler may raise between any two bytecodes, or use the client that it interrupts, and a
child forked in the middle of a call finds nothing locked. Three rules make that true:

- Who owns connections is recorded in one place, ``Connections.owners``, which is read
  and changed by single calls into C. A call notes in its ``Lease`` what it is about to
  take before it takes it.
- The lists of idle connections are only hints to find some quickly: connections may be
  missing there, or be there while they are used.
- Giving back is done twice. Each step of it may be repeated, and the second time does
  something only if an exception came in the middle of the first.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar
from weakref import ref

from geartrain.client.bells import Bell
from geartrain.client.connections import Connections
from geartrain.client.servers import ServerList
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport import forks

__all__ = ["Lease", "Pool", "deadline_after"]

_Found = TypeVar("_Found")
_What = TypeVar("_What")

# Seconds after which connections that were not needed are ended.
_IDLE: Final = 60.0


def deadline_after(timeout: float | None) -> float | None:
    """Return the end of some seconds on the monotonic clock; None is without."""
    return None if timeout is None else time.monotonic() + timeout


class Lease:
    """What a call has taken from the pool, or is about to take.

    Attributes:
        thread: the one that makes the call.
        connections: the ones it has, or tries to take; None if it has none.
        bell: what it waits with for connections to be given back.
        idle: the list that the connections go to once they are nobody's.
    """

    # Not set by __init__(): Python takes 1,000 instructions to call that.
    thread = 0
    connections: Connections | None = None
    bell: Bell | None = None
    idle: list[Connections] | None = None

    @property
    def is_held(self) -> bool:
        """Return whether the call owns its connections."""
        connections = self.connections
        return connections is not None and connections.owners.get(0) is self


class Pool:
    """Hands connections out to calls, and takes them back.

    Attributes:
        is_closed: the client was closed: no more connections are leased.
    """

    def __init__(
        self, servers: ServerList, patience: float, heartbeat: float, most: int
    ) -> None:
        """Connect to nothing yet; at most ``most`` calls are under way at a time."""
        self._servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self._most = most
        self.is_closed = False
        # All connections, by id; those that nothing refers to drop out by themselves.
        self._all: dict[int, ref[Connections]] = {}
        self.in_child()
        forks.tell(self)

    def __del__(self) -> None:
        for connections in self._quiet + self._followed:
            connections.close()

    def in_child(self) -> None:
        """Start again without connections: they and their users are the parent's."""
        # Idle ones: on the quiet nothing is awaited; on the others, submitted jobs.
        self._quiet: list[Connections] = []
        self._followed: list[Connections] = []
        self._queue: deque[Bell] = deque()
        for connections in self._known():
            connections.leave()
        self._all.clear()

    def close(self) -> None:
        """End all connections; whoever waits here gets a ClientError."""
        self.is_closed = True
        for connections in {*self._known(), *self._quiet, *self._followed}:
            lease = Lease()
            if self.claim(lease, connections):
                connections.close()
                lease.connections = None
            else:
                connections.interrupt()
            connections.ring()
        self._quiet.clear()
        self._followed.clear()
        for bell in tuple(self._queue):
            bell.ring()

    def use(
        self,
        work: Callable[[Connections, _What, float | None], _Found],
        what: _What,
        deadline: float | None,
        name: str,
        follows: bool = False,
    ) -> _Found:
        """Call ``work`` with connections, ``what`` and the deadline."""
        # What ``leased`` does, with two fewer Python calls.
        lease = Lease()
        try:
            try:
                return work(self.take(lease, deadline, name, follows), what, deadline)
            finally:
                self.give(lease)
        finally:
            if lease.connections is not None or lease.bell is not None:
                self.give(lease)

    def take(
        self, lease: Lease, deadline: float | None, name: str, follows: bool = False
    ) -> Connections:
        """Return connections for a call, which must give its lease back at the end.

        A call that ``follows`` leaves results awaited on them.

        Raises:
            JobTimeoutError: too many calls are under way, and none ended in time.
            ClientError: the client is closed.
        """
        lease.thread = threading.get_ident()
        while not self.is_closed:
            idle = self._followed if follows else self._quiet
            found = self._popped(lease, idle) or self._other(lease, follows)
            if found is not None:
                if self._queue:
                    self._pass_on()
                return found
            self._wait(lease, deadline, name)
        raise ClientError("the client is closed")

    def give(self, lease: Lease) -> None:
        """Take back what a call has; doing it again does nothing."""
        if lease.bell is not None:
            self._leave_queue(lease)
        connections = lease.connections
        if connections is None:
            return
        if connections.owners.get(0) is lease:
            if self.is_closed:
                connections.close()
            elif connections.unwanted:
                connections.settle()
            lease.idle = self._quiet if connections.is_quiet() else self._followed
            connections.owners.pop(0, None)
        idle = lease.idle
        if idle is not None:
            idle.append(connections)
            if self._queue or connections.bells:
                self._wake(connections)
            if len(idle) > 1:
                self._end_idle(idle)
            if self.is_closed:
                self.close()
            lease.idle = None
        lease.connections = None

    def leased(self, work: Callable[[Lease], _Found]) -> _Found:
        """Call ``work`` with a lease, and give that back."""
        lease = Lease()
        try:
            try:
                return work(lease)
            finally:
                self.give(lease)
        finally:
            # An exception may have come in the middle of the first time.
            if lease.connections is not None or lease.bell is not None:
                self.give(lease)

    def _wake(self, connections: Connections) -> None:
        """Wake the first who waits for any connections, and all who wait for these."""
        self._pass_on()
        connections.ring()

    def _pass_on(self) -> None:
        """Wake the first who waits, if it can be served; it wakes the next."""
        if self._has_room():
            for bell in tuple(self._queue)[:1]:
                bell.ring()

    def _has_room(self) -> bool:
        known = self._known()
        return len(known) < self._most or any(not each.owners for each in known)

    def claim(self, lease: Lease, connections: Connections) -> bool:
        """Take these connections if nobody owns them; return whether it did."""
        lease.thread = threading.get_ident()
        # Noted first: an exception may come after any step.
        lease.connections = connections
        if connections.owners.setdefault(0, lease) is lease:
            for idle in (self._followed, self._quiet):
                with suppress(ValueError):
                    idle.remove(connections)
            return True
        lease.connections = None
        return False

    def _popped(self, lease: Lease, idle: list[Connections]) -> Connections | None:
        """Take the last idle connections of a list; return None if there are none."""
        while idle:
            try:
                last = idle.pop()
            except IndexError:
                break
            lease.connections = last
            if last.owners.setdefault(0, lease) is lease:
                return last
        lease.connections = None
        return None

    def _other(self, lease: Lease, follows: bool) -> Connections | None:
        """Take the second best: idle connections of the other kind, or new ones."""
        if follows:
            return self._popped(lease, self._quiet) or self._new(lease)
        return self._new(lease) or self._popped(lease, self._followed)

    def _new(self, lease: Lease) -> Connections | None:
        """Take new connections, unless there are too many already."""
        known = self._known() if len(self._all) >= self._most else []
        if len(known) >= self._most:
            for each in known:
                if not each.owners and self.claim(lease, each):
                    return each
            # A signal handler or callback would wait for what it interrupts.
            if not any(each.thread == lease.thread for each in known):
                return None
        made = Connections(self._servers, self._patience, self._heartbeat)
        # Its owner first: other calls look for connections without one.
        lease.connections = made
        made.owners[0] = lease
        number, all_ = id(made), self._all
        all_[number] = ref(made, lambda _: all_.pop(number, None))
        return made

    def _known(self) -> list[Connections]:
        """Return all connections there are."""
        found = [reference() for reference in list(self._all.values())]
        return [each for each in found if each is not None]

    def _wait(self, lease: Lease, deadline: float | None, name: str) -> None:
        """Wait until connections may have been given back."""
        bell = lease.bell = Bell()
        self._queue.append(bell)
        if self.is_closed or self._has_room():
            bell.ring()
        left = None if deadline is None else deadline - time.monotonic()
        rang = bell.wait(left)
        self._leave_queue(lease)
        if not rang:
            raise JobTimeoutError(
                f"{name}: {self._most} calls are under way, and none has ended in time"
            )

    def _leave_queue(self, lease: Lease) -> None:
        """Leave the queue; wake the next, in whose place this may have been woken."""
        with suppress(ValueError):
            self._queue.remove(lease.bell)  # type: ignore[arg-type]
        self._pass_on()
        lease.bell = None

    def _end_idle(self, idle: list[Connections]) -> None:
        """End connections that have been idle for a minute."""
        long_ago = time.monotonic() - _IDLE
        for oldest in idle[:1]:
            if oldest.owners or oldest.heard >= long_ago or not oldest.is_quiet():
                continue
            lease = Lease()
            if self.claim(lease, oldest):
                oldest.close()
                self._all.pop(id(oldest), None)
                lease.connections = None
                # Whoever came meanwhile has found it taken, and waits.
                self._pass_on()
