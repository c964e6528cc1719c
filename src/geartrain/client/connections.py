"""The blocking connections that one call at a time uses, and waiting on them."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from geartrain.client.bells import Bell
from geartrain.client.link import Link
from geartrain.client.servers import Patience, ServerList
from geartrain.client.waiting import Waiter
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport.connect import SocketConnector

if TYPE_CHECKING:
    from geartrain.client.pool import Lease

__all__ = ["Connections"]


class Connections:
    """One connection to each job server that has been needed.

    Only the thread that leased them from the ``Pool`` may use them; any thread may call
    ``interrupt``.

    Attributes:
        owners: the lease of the call that has them, under the key 0; empty if none has.
        bells: of the threads that wait for something to arrive for their job here, or
            for these connections to be given back.
        is_closed: the client was closed.
        servers: the job servers of the client.
        unwanted: calls to forget when the connections are given back.
    """

    def __init__(self, servers: ServerList, patience: float, heartbeat: float) -> None:
        """Connect to nothing yet; the rest is as ``Client`` takes it."""
        self.owners: dict[int, Lease] = {}
        self.bells: list[tuple[Waiter, Bell]] = []
        self.unwanted: deque[Waiter] = deque()
        self.servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self._links: dict[int, Link] = {}
        self._process = os.getpid()
        self._alarm = Bell()
        self.is_closed = False

    @property
    def thread(self) -> int:
        """Return the thread that has them; 0 if none has."""
        owner = self.owners.get(0)
        return 0 if owner is None else owner.thread

    def is_quiet(self) -> bool:
        """Return whether nothing is awaited on any of them."""
        for link in self._links.values():  # noqa: SIM110 - all() takes twice as long
            if link.protocol.is_waiting:
                return False
        return True

    @property
    def heard(self) -> float:
        """Return when something arrived last, or was asked, on the monotonic clock."""
        return max((link.heard for link in self._links.values()), default=0.0)

    def check(self) -> None:
        """Raise ClientError if the client was closed."""
        if self.is_closed:
            raise ClientError("the client is closed")

    def settle(self) -> None:
        """Forget the calls that nobody wants any more."""
        while self.unwanted:
            # Removed last: an interruption leaves it to be forgotten later.
            self.forget(self.unwanted[0])
            self.unwanted.popleft()

    def close(self) -> None:
        """End them for good."""
        self.is_closed = True
        for link in self._links.values():
            link.lose("the client was closed")
        self._links.clear()

    def ring(self, waiter: Waiter | None = None) -> None:
        """Wake the threads that wait for a job; None wakes all."""
        for wanted, bell in tuple(self.bells):
            if waiter is None or wanted is waiter:
                bell.ring()

    def interrupt(self) -> None:
        """Make the call that uses them notice that the client was closed."""
        self.is_closed = True
        self._alarm.ring()
        for link in list(self._links.values()):
            link.interrupt()

    def leave(self) -> None:
        """Leave the connections to the process that this one was forked from."""
        self._process = os.getpid()
        self._alarm = Bell()
        for link in self._links.values():
            link.lose("the process was forked: the connection is the parent's")
        self._links.clear()

    def send_all(self, waiters: Sequence[Waiter], deadline: float | None) -> None:
        """Send many calls, those for one job server at once.

        Raises:
            ConnectError: none can be reached.
        """
        if self.servers.is_one:
            self.link(b"", deadline).call_all(waiters, deadline)
            return
        parts: dict[Link, list[Waiter]] = {}
        for waiter in waiters:
            link = self.link(waiter.route, deadline)
            parts.setdefault(link, []).append(waiter)
        for link, part in parts.items():
            link.call_all(part, deadline)

    def resend_all(self, waiters: Sequence[Waiter], deadline: float | None) -> None:
        """Send calls that lost their connection, after a pause if often."""
        pause = waiters[0].pause
        if pause:
            self._pause(_left(deadline, pause))
        self.send_all(waiters, deadline)

    def answer(self, waiter: Waiter, deadline: float | None) -> None:
        """Send a call, its chunks before it; return once it is answered.

        Raises:
            ClientError: what was answered instead, or has become of it.
        """
        call = waiter.call
        try:
            if waiter.before is not None:
                self._send_chunks(waiter.before, deadline)
            while not call.is_answered and waiter.error is None:
                self._go_on(waiter, deadline)
        except BaseException:
            self.forget(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error

    def finish(self, waiter: Waiter, deadline: float | None) -> None:
        """Send a call, its chunks before it; return once nothing more will be told."""
        call = waiter.call
        try:
            if waiter.before is not None:
                self._send_chunks(waiter.before, deadline)
            while not call.is_done and waiter.error is None:
                self._go_on(waiter, deadline)
        except BaseException:
            self.forget(waiter)
            raise

    def _send_chunks(self, chunks: Iterable[Waiter], deadline: float | None) -> None:
        """Return once all chunks of a workload are queued."""
        for chunk in chunks:
            self.answer(chunk, deadline)

    def bring(
        self,
        waiter: Waiter,
        is_enough: Callable[[Waiter], bool],
        deadline: float | None,
    ) -> None:
        """Return once enough was told of a job that is here, or it is here no more."""
        while not is_enough(waiter) and self.has(waiter):
            self._go_on(waiter, deadline)

    def has(self, waiter: Waiter) -> bool:
        """Return whether a call was sent on one of these connections."""
        link: Link | None = waiter.link
        return link is not None and link.home is self

    def forget(self, waiter: Waiter) -> None:
        """Stop waiting for a call.

        A connection on which nothing else is awaited is ended, so that the job server
        need not run a job for nobody.
        """
        link: Link | None = waiter.link
        if link is None or waiter.call.is_done:
            return
        if self._process != os.getpid():
            return
        link.protocol.forget(waiter.call)
        if not link.protocol.is_waiting:
            link.lose("it is not needed any more")

    def pump(self, waiters: Iterable[Waiter], deadline: float | None) -> None:
        """Wait until something arrives for any of several calls; resend lost ones.

        Raises:
            JobTimeoutError: time is up.
            ConnectError: no job server can be reached.
        """
        if deadline is not None and time.monotonic() >= deadline:
            raise JobTimeoutError("not all tasks are done in time")
        links = [link for link in self._links.values() if not link.is_lost]
        if not links or len(links) < len(self._links):
            self._links = {p: k for p, k in self._links.items() if not k.is_lost}
            for waiter in waiters:
                if waiter.link is None and waiter.error is None:
                    self.resend_all([waiter], deadline)
        elif len(links) == 1:
            links[0].pump(deadline)
        else:
            self._pump_some(links, deadline)

    def _pump_some(self, links: list[Link], deadline: float | None) -> None:
        """Wait until something arrives on one of several connections."""
        poll = select.poll()
        found = {link.socket.fileno(): link for link in links}
        for descriptor in found:
            poll.register(descriptor, select.POLLIN)
        wait = self._heartbeat / 2
        if deadline is not None:
            wait = min(wait, max(0.0, deadline - time.monotonic()))
        if any(link.has_pending for link in links):
            wait = 0.0
        poll.poll(wait * 1000)
        for link in links:
            link.pump(0.0)

    def link(self, unique: bytes, deadline: float | None) -> Link:
        """Return a sound connection to the job server a job is for.

        Raises:
            ConnectError: none can be reached.
        """
        if self.is_closed:
            self.check()
        if self._process != os.getpid():
            self.leave()
        link = self._links.get(
            0 if self.servers.is_one else self.servers.order(unique)[0]
        )
        if link is not None and link.is_sound():
            return link
        return self._reached(unique, deadline)

    def _reached(self, unique: bytes, deadline: float | None) -> Link:
        """Connect to one of the job servers, for as long as it takes."""
        patience = Patience(self._patience, deadline)
        while True:
            places = self.servers.order(unique)
            for tried, place in enumerate(places):
                link = self._links.get(place)
                if link is not None and link.is_sound():
                    return link
                share = patience.left / (len(places) - tried)
                link = self._connected(place, share)
                if link is not None:
                    return link
            pause = patience.next_pause()
            if not pause:
                raise self.servers.error()
            self._pause(pause)

    def places(self, deadline: float | None) -> list[int]:
        """Return the places of all job servers that can be reached.

        Raises:
            ConnectError: there is none.
        """
        self.link(b"", deadline)
        patience = self._patience
        return [
            place
            for place in self.servers.order(b"")
            if self._is_at(place) or self._connected(place, _left(deadline, patience))
        ]

    def send_to(self, place: int, waiter: Waiter, deadline: float | None) -> None:
        """Send a call to one of the job servers that ``places`` named."""
        self._links[place].call(waiter, deadline)

    def _is_at(self, place: int) -> bool:
        link = self._links.get(place)
        return link is not None and link.is_sound()

    def _connected(self, place: int, left: float) -> Link | None:
        """Connect to one job server, if it answers."""
        has_other = any(not link.is_lost for link in self._links.values())
        connector = self.servers.connectors[place]
        timeout = self.servers.attempt(left, has_other)
        try:
            if isinstance(connector, SocketConnector):
                connection = connector.connect(timeout, self._is_wanted)
            else:
                connection = connector.connect(timeout)
        except OSError as error:
            self.servers.failed(place, error)
            return None
        link = Link(connection, str(connector), self._heartbeat, self, place)
        if link.is_lost:
            return None
        self.servers.reached(place)
        self._links[place] = link
        if self.is_closed:
            link.lose("the client was closed")
            raise ClientError("the client is closed")
        return link

    def _go_on(self, waiter: Waiter, deadline: float | None) -> None:
        """Take the next step of a call: send it if it is not sent, or read."""
        link: Link | None = waiter.link
        if link is None:
            if waiter.losses:
                self.resend_all([waiter], deadline)
            else:
                self.link(waiter.route, deadline).call(waiter, deadline)
            return
        if deadline is not None and time.monotonic() >= deadline:
            # What has already arrived counts even if time is up.
            link.pump(deadline)
            if waiter.link is link and not waiter.call.is_done and not waiter.updates:
                link.doubt()
                raise JobTimeoutError(f"{waiter.name}: no answer in time{_job(waiter)}")
            return
        link.pump(deadline)

    def _pause(self, seconds: float) -> None:
        """Wait for some seconds, or until the client is closed."""
        self._alarm.wait(seconds)
        self.check()

    def _is_wanted(self) -> bool:
        return not self.is_closed


def _left(deadline: float | None, most: float) -> float:
    """Return the seconds until the deadline, at most ``most``."""
    if deadline is None:
        return most
    return max(0.0, min(most, deadline - time.monotonic()))


def _job(waiter: Waiter) -> str:
    return f" (job {waiter.handle})" if waiter.call.handle else ""
