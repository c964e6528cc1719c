"""The connections of a blocking client, for as many threads as use it.

Each call has connections of its own for as long as it lasts, so that no thread waits
for what another one does. They are used again by the next call, the last used first.
What is awaited after a call has returned, as the results of submitted jobs are, stays
on the connections it was sent on; one thread at a time reads these, and wakes the
others whose jobs are told of.

Nothing here holds a lock while anything is done, and each step leaves all in order: a
signal handler may raise at any of them, or use the client that it interrupts, and a
child that was forked in the middle of a call finds nothing locked. That is so because

- whose connections are is told by one thing, ``Connections.owners``, which is looked at
  and changed by single calls into C, and a call notes in its ``Lease`` what it is about
  to take before it does;
- the lists of idle connections are hints, to find them quickly: one may be missing
  there, or be there while it is used;
- to give back is done twice: each step may be made again, and only the second time if
  an exception came amid the first.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, TypeVar
from weakref import ref

from geartrain.client.bells import Bell
from geartrain.client.connections import Connections
from geartrain.client.link import Link
from geartrain.client.servers import ServerList
from geartrain.client.waiting import Waiter, is_done
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport import forks

__all__ = ["Lease", "Pool", "deadline_after"]

_Found = TypeVar("_Found")

# Seconds after which connections that were not needed are ended.
_IDLE: Final = 60.0


def deadline_after(timeout: float | None) -> float | None:
    """Return the end of some seconds on the monotonic clock; None is without."""
    return None if timeout is None else time.monotonic() + timeout


class Lease:
    """What a call has of the pool, or is about to have.

    Attributes:
        thread: the one that makes the call.
        connections: to be its, unless another call was quicker; None for none.
        bell: what it waits with for connections.
        idle: where they go when the call has given them back.
    """

    __slots__ = ("bell", "connections", "idle", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.connections: Connections | None = None
        self.bell: Bell | None = None
        self.idle: list[Connections] | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether the connections are this call's."""
        connections = self.connections
        return connections is not None and connections.owners.get(0) is self


class Pool:
    """Hands connections out to calls, and takes them back.

    Attributes:
        is_closed: it hands out nothing any more.
    """

    def __init__(
        self, servers: ServerList, patience: float, heartbeat: float, most: int
    ) -> None:
        """Connect to nothing yet; ``most`` calls may be made at a time."""
        self._servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self._most = most
        self.is_closed = False
        # All there are: those that nobody has any more drop out by themselves.
        self._all: dict[int, ref[Connections]] = {}
        self.in_child()
        forks.tell(self)

    def __del__(self) -> None:
        for connections in self._quiet + self._followed:
            connections.close()

    def in_child(self) -> None:
        """Begin anew: the connections, and those who use them, are the parent's."""
        # On the quiet ones nothing is awaited; on the others, what was submitted.
        self._quiet: list[Connections] = []
        self._followed: list[Connections] = []
        self._queue: deque[Bell] = deque()
        for connections in self._known():
            connections.leave()
        self._all.clear()

    def close(self) -> None:
        """End all connections, and have all who wait here raise ClientError."""
        self.is_closed = True
        for connections in {*self._known(), *self._quiet, *self._followed}:
            lease = Lease()
            if self._claim(lease, connections):
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
        work: Callable[[Connections], _Found],
        deadline: float | None,
        name: str,
        follows: bool = False,
    ) -> _Found:
        """Do what needs connections; raises what ``take`` raises."""
        # As ``_leased`` does, with two frames less for each call.
        lease = Lease()
        try:
            try:
                return work(self.take(lease, deadline, name, follows))
            finally:
                self.give(lease)
        finally:
            if lease.connections is not None or lease.bell is not None:
                self.give(lease)

    def take(
        self, lease: Lease, deadline: float | None, name: str, follows: bool = False
    ) -> Connections:
        """Return connections for a call, which gives its lease back when it is over.

        One that ``follows`` leaves something awaited on them.

        Raises:
            JobTimeoutError: too many calls are under way, and none ended in time.
            ClientError: the client is closed.
        """
        while not self.is_closed:
            found = self._popped(lease, self._followed if follows else self._quiet)
            if found is None:
                found = self._other(lease, follows)
            if found is not None:
                if self._queue:
                    self._pass_on()
                return found
            self._wait(lease, deadline, name)
        raise ClientError("the client is closed")

    def give(self, lease: Lease) -> None:
        """Take back what a call has, if anything; doing it again does nothing."""
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
            lease.idle = self._quiet if connections.is_quiet else self._followed
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

    def _leased(self, work: Callable[[Lease], _Found]) -> _Found:
        """Do something with a lease, and give that back."""
        lease = Lease()
        try:
            try:
                return work(lease)
            finally:
                self.give(lease)
        finally:
            # An exception from elsewhere may have come amid the first time.
            if lease.connections is not None or lease.bell is not None:
                self.give(lease)

    def _wake(self, connections: Connections) -> None:
        """Wake who waits for any connections, and all who wait for these."""
        self._pass_on()
        connections.ring()

    def _pass_on(self) -> None:
        """Wake the first who waits, if there are connections; it wakes the next."""
        if self._has_room():
            for bell in tuple(self._queue)[:1]:
                bell.ring()

    def _has_room(self) -> bool:
        known = self._known()
        return len(known) < self._most or any(not each.owners for each in known)

    def wait(
        self,
        waiter: Waiter,
        is_enough: Callable[[Waiter], bool],
        deadline: float | None,
    ) -> None:
        """Return once enough was told of a call that was sent by a call before.

        Raises:
            JobTimeoutError: time is up.
            ConnectError: it had to be sent again, and no job server can be reached.
        """
        while not is_enough(waiter):
            link: Link | None = waiter.link
            if link is None:
                self.use(
                    lambda home: _sent_again(home, waiter, is_enough, deadline),
                    deadline,
                    waiter.name,
                    True,
                )
                continue
            home = link.home
            if home.thread == threading.get_ident():
                # A signal handler has interrupted who uses them.
                home.bring(waiter, is_enough, deadline)
            elif not self._use_these(home, waiter, is_enough, deadline):
                self._listen(home, waiter, is_enough, deadline)

    def forget(self, waiters: Iterable[Waiter]) -> None:
        """Have nobody wait any more for calls that were sent by calls before."""
        homes: dict[Connections, None] = {}
        for waiter in waiters:
            link = waiter.link
            if link is not None and not is_done(waiter):
                link.home.unwanted.append(waiter)
                homes[link.home] = None
        for home in homes:
            self._settle(home)

    def _use_these(
        self,
        home: Connections,
        waiter: Waiter,
        is_enough: Callable[[Waiter], bool],
        deadline: float | None,
    ) -> bool:
        """Wait for a call on its connections; return False if another uses them."""

        def bring(lease: Lease) -> bool:
            if not self._claim(lease, home):
                return False
            home.bring(waiter, is_enough, deadline)
            return True

        return self._leased(bring)

    def _settle(self, home: Connections) -> None:
        """Have connections forget what is not wanted, unless another uses them."""
        self._leased(lambda lease: self._claim(lease, home))

    def _claim(self, lease: Lease, connections: Connections) -> bool:
        """Take certain connections if nobody uses them; tell whether that is so."""
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
        """Take the last of a list that nobody uses; return None if there is none."""
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

    def _listen(
        self,
        home: Connections,
        waiter: Waiter,
        is_enough: Callable[[Waiter], bool],
        deadline: float | None,
    ) -> None:
        """Let the thread that uses a call's connections wake this one."""
        bell = Bell()
        try:
            home.bells.append((waiter, bell))
            if self.is_closed:
                raise ClientError("the client is closed")
            if is_enough(waiter) or not home.thread or not home.has(waiter):
                return
            if not bell.wait(None if deadline is None else deadline - time.monotonic()):
                raise JobTimeoutError(f"{waiter.name}: no answer in time")
        finally:
            with suppress(ValueError):
                home.bells.remove((waiter, bell))

    def _other(self, lease: Lease, follows: bool) -> Connections | None:
        """Return the second best: those of the other kind, or new ones."""
        if follows:
            return self._popped(lease, self._quiet) or self._new(lease)
        return self._new(lease) or self._popped(lease, self._followed)

    def _new(self, lease: Lease) -> Connections | None:
        """Return new connections, unless there are too many."""
        known = self._known() if len(self._all) >= self._most else []
        if len(known) >= self._most:
            for each in known:
                if not each.owners and self._claim(lease, each):
                    return each
            # A signal handler or callback would wait for what it interrupts.
            if not any(each.thread == lease.thread for each in known):
                return None
        made = Connections(self._servers, self._patience, self._heartbeat)
        # Its owner first: others look for those without.
        lease.connections = made
        made.owners[0] = lease
        number, all_ = id(made), self._all
        all_[number] = ref(made, lambda _: all_.pop(number, None))
        return made

    def _known(self) -> list[Connections]:
        """Return all there are."""
        found = [reference() for reference in list(self._all.values())]
        return [each for each in found if each is not None]

    def _wait(self, lease: Lease, deadline: float | None, name: str) -> None:
        """Return once connections were given back, perhaps."""
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
        """Wait no more; the next one may have been meant to be woken by this one."""
        with suppress(ValueError):
            self._queue.remove(lease.bell)  # type: ignore[arg-type]
        self._pass_on()
        lease.bell = None

    def _end_idle(self, idle: list[Connections]) -> None:
        """End connections that have not been needed for a while."""
        long_ago = time.monotonic() - _IDLE
        for oldest in idle[:1]:
            if oldest.owners or oldest.heard >= long_ago or not oldest.is_quiet:
                continue
            lease = Lease()
            if self._claim(lease, oldest):
                oldest.close()
                self._all.pop(id(oldest), None)
                lease.connections = None
                # Whoever came meanwhile has found it taken, and waits.
                self._pass_on()


def _sent_again(
    home: Connections,
    waiter: Waiter,
    is_enough: Callable[[Waiter], bool],
    deadline: float | None,
) -> None:
    home.resend_all([waiter], deadline)
    home.bring(waiter, is_enough, deadline)
