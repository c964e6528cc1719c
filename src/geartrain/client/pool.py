"""The connections of a blocking client, for as many threads as use it.

Each call has connections of its own for as long as it lasts, so that no thread waits
for what another one does. They are used again by the next call, the last used first.
What is awaited after a call has returned, as the results of submitted jobs are, stays
on the connections it was sent on; one thread at a time reads these, and wakes the
others whose jobs are told of.

Nothing here holds a lock while anything is done: lists are popped from and appended
to, which is one step. So a signal handler may use the client that it interrupts, and a
child that was forked in the middle of a call finds nothing locked.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from weakref import ref

from geartrain.client.bells import Bell
from geartrain.client.connections import Connections
from geartrain.client.link import Link
from geartrain.client.servers import ServerList
from geartrain.client.waiting import Waiter, is_done
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport import forks

__all__ = ["Pool", "deadline_after"]

# Seconds after which connections that were not needed are ended.
_IDLE: Final = 60.0


def deadline_after(timeout: float | None) -> float | None:
    """Return the end of some seconds on the monotonic clock; None is without."""
    return None if timeout is None else time.monotonic() + timeout


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
        for idle in (self._quiet, self._followed):
            while (connections := _popped(idle)) is not None:
                connections.close()
        for connections in self._known():
            connections.interrupt()
            connections.ring()
        for bell in tuple(self._queue):
            bell.ring()

    def take(
        self, deadline: float | None, name: str, follows: bool = False
    ) -> Connections:
        """Return connections for a call; give them back when it is over.

        One that ``follows`` leaves something awaited on them.

        Raises:
            JobTimeoutError: too many calls are under way, and none ended in time.
            ClientError: the client is closed.
        """
        me = threading.get_ident()
        while not self.is_closed:
            found = _popped(self._followed if follows else self._quiet)
            if found is None:
                found = self._other(follows, me)
            if found is not None:
                found.thread = me
                return found
            self._wait(deadline, name)
        raise ClientError("the client is closed")

    @contextmanager
    def taken(
        self, deadline: float | None, name: str, follows: bool = False
    ) -> Iterator[Connections]:
        """Give connections for the length of a block, as ``take`` does."""
        connections = self.take(deadline, name, follows)
        try:
            yield connections
        finally:
            self.give(connections)

    def give(self, connections: Connections) -> None:
        """Take connections back from the call that had them."""
        connections.thread = 0
        if self.is_closed:
            connections.close()
        elif connections.unwanted:
            connections.settle()
        idle = self._quiet if connections.is_quiet else self._followed
        idle.append(connections)
        if self._queue or connections.bells:
            self._wake(connections)
        if len(idle) > 1:
            self._end_idle(idle)
        if self.is_closed:
            self.close()

    def _wake(self, connections: Connections) -> None:
        """Wake who waits for any connections, and all who wait for these."""
        with suppress(IndexError):
            self._queue.popleft().ring()
        connections.ring()

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
                with self.taken(deadline, waiter.name, True) as home:
                    home.resend_all([waiter], deadline)
                    home.bring(waiter, is_enough, deadline)
            elif link.home.thread == threading.get_ident():
                # A signal handler has interrupted who uses them.
                link.home.bring(waiter, is_enough, deadline)
            elif self.claim(link.home):
                try:
                    link.home.bring(waiter, is_enough, deadline)
                finally:
                    self.give(link.home)
            else:
                self._listen(link.home, waiter, is_enough, deadline)

    def forget(self, waiters: Iterable[Waiter]) -> None:
        """Have nobody wait any more for calls that were sent by calls before."""
        homes: dict[Connections, None] = {}
        for waiter in waiters:
            link = waiter.link
            if link is not None and not is_done(waiter):
                link.home.unwanted.append(waiter)
                homes[link.home] = None
        for home in homes:
            if self.claim(home):
                self.give(home)

    def claim(self, connections: Connections) -> bool:
        """Take certain connections if nobody uses them; tell whether that is so."""
        for idle in (self._followed, self._quiet):
            try:
                idle.remove(connections)
            except ValueError:
                continue
            connections.thread = threading.get_ident()
            return True
        return False

    def _listen(
        self,
        home: Connections,
        waiter: Waiter,
        is_enough: Callable[[Waiter], bool],
        deadline: float | None,
    ) -> None:
        """Let the thread that uses a call's connections wake this one."""
        bell = Bell()
        home.bells.append((waiter, bell))
        try:
            if self.is_closed:
                raise ClientError("the client is closed")
            if is_enough(waiter) or not home.thread or not home.has(waiter):
                return
            if not bell.wait(None if deadline is None else deadline - time.monotonic()):
                raise JobTimeoutError(f"{waiter.name}: no answer in time")
        finally:
            home.bells.remove((waiter, bell))

    def _other(self, follows: bool, me: int) -> Connections | None:
        """Return the second best: those of the other kind, or new ones."""
        if follows:
            return _popped(self._quiet) or self._new(me)
        return self._new(me) or _popped(self._followed)

    def _new(self, me: int) -> Connections | None:
        """Return new connections, unless there are too many."""
        is_full = len(self._all) >= self._most
        # A signal handler or callback would wait for what it interrupts.
        if is_full and not any(each.thread == me for each in self._known()):
            return None
        made = Connections(self._servers, self._patience, self._heartbeat)
        number, known = id(made), self._all
        known[number] = ref(made, lambda _: known.pop(number, None))
        return made

    def _known(self) -> list[Connections]:
        """Return all there are."""
        found = [reference() for reference in list(self._all.values())]
        return [each for each in found if each is not None]

    def _wait(self, deadline: float | None, name: str) -> None:
        """Return once connections were given back, perhaps."""
        bell = Bell()
        self._queue.append(bell)
        if self._quiet or self._followed:
            bell.ring()
        left = None if deadline is None else deadline - time.monotonic()
        rang = bell.wait(left)
        try:
            self._queue.remove(bell)
        except ValueError:
            if not rang:
                # It was rung too late for this thread: the next one may go on.
                for other in tuple(self._queue)[:1]:
                    other.ring()
        if not rang:
            raise JobTimeoutError(
                f"{name}: {self._most} calls are under way, and none has ended in time"
            )

    def _end_idle(self, idle: list[Connections]) -> None:
        """End connections that have not been needed for a while."""
        long_ago = time.monotonic() - _IDLE
        for oldest in idle[:1]:
            is_old = oldest.heard < long_ago and oldest.is_quiet
            if is_old and self.claim(oldest):
                oldest.close()


def _popped(idle: list[Connections]) -> Connections | None:
    """Return the last of a list; None if it is empty."""
    try:
        return idle.pop()
    except IndexError:
        return None
