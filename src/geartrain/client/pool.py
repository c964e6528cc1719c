"""The blocking connections of a client, and waiting on them."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable, Sequence

from geartrain.client.link import Link
from geartrain.client.servers import Backoff, ServerList
from geartrain.client.waiting import Waiter
from geartrain.errors import ClientError, JobTimeoutError

__all__ = ["Pool", "deadline_after"]


def deadline_after(timeout: float | None) -> float | None:
    """Return the end of some seconds on the monotonic clock; None is without."""
    return None if timeout is None else time.monotonic() + timeout


class Pool:
    """One connection to each job server that has been needed."""

    def __init__(self, servers: ServerList, patience: float, heartbeat: float) -> None:
        """Connect to nothing yet; the rest is as ``Client`` takes it."""
        self._servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self._links: dict[int, Link] = {}
        self._process = os.getpid()
        self.is_closed = False

    def close(self) -> None:
        """End all connections; closing twice does nothing."""
        self.is_closed = True
        self._drop("the client was closed")

    def send(self, waiter: Waiter, deadline: float | None) -> None:
        """Send a call to the job server that it is for.

        Raises:
            ConnectError: none can be reached.
        """
        self.link(waiter.route, deadline).call(waiter)

    def send_all(self, waiters: Sequence[Waiter]) -> None:
        """Send many calls, those for one job server at once; raises like ``send``."""
        if len(self._servers.connectors) == 1:
            self.link(b"", None).call_all(waiters)
            return
        parts: dict[Link, list[Waiter]] = {}
        for waiter in waiters:
            link = self.link(waiter.route, None)
            parts.setdefault(link, []).append(waiter)
        for link, part in parts.items():
            link.call_all(part)

    def answer(self, waiter: Waiter, deadline: float | None) -> None:
        """Return once a call is answered, or nothing more will be told of it."""
        call = waiter.call
        while not call.is_answered and waiter.error is None:
            self._go_on(waiter, deadline)

    def finish(self, waiter: Waiter, deadline: float | None) -> None:
        """Return once nothing more will be told of a call."""
        call = waiter.call
        while not call.is_done and waiter.error is None:
            self._go_on(waiter, deadline)

    def update(self, waiter: Waiter, deadline: float | None) -> None:
        """Return once a call is done, or an update is there to be taken."""
        call = waiter.call
        while not call.is_done and waiter.error is None and not waiter.updates:
            self._go_on(waiter, deadline)

    def forget(self, waiter: Waiter) -> None:
        """Have nobody wait for a call any more.

        A connection on which nothing else is awaited is ended, so that the job server
        need not run a job for nobody.
        """
        link: Link | None = waiter.link
        if link is None or waiter.call.is_done:
            return
        link.protocol.forget(waiter.call)
        if not link.protocol.is_waiting:
            link.lose("it is not needed any more")

    def pump(self, waiters: Iterable[Waiter], deadline: float | None) -> None:
        """Wait until something is told of any of several calls; resend the lost.

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
                    self._resend(waiter, deadline)
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
            raise ClientError("the client is closed")
        if self._process != os.getpid():
            self._leave()
        backoff: Backoff | None = None
        while True:
            for place in self._servers.order(unique):
                link = self._links.get(place)
                if link is not None and link.is_sound():
                    return link
                backoff = backoff or Backoff(self._patience, deadline)
                link = self._connected(place, backoff.left)
                if link is not None:
                    return link
            assert backoff is not None
            pause = backoff.next()
            if not pause:
                raise self._servers.error()
            time.sleep(pause)

    def places(self, deadline: float | None) -> list[int]:
        """Return the places of all job servers that can be reached.

        Raises:
            ConnectError: there is none.
        """
        self.link(b"", deadline)
        return [
            place
            for place in self._servers.order(b"")
            if self._is_at(place) or self._connected(place, self._patience)
        ]

    def send_to(self, place: int, waiter: Waiter) -> None:
        """Send a call to one of the job servers that ``places`` named."""
        self._links[place].call(waiter)

    def _is_at(self, place: int) -> bool:
        link = self._links.get(place)
        return link is not None and link.is_sound()

    def _connected(self, place: int, left: float) -> Link | None:
        """Connect to one job server, if it answers."""
        has_other = any(not link.is_lost for link in self._links.values())
        connector = self._servers.connectors[place]
        try:
            connection = connector.connect(self._servers.attempt(left, has_other))
        except OSError as error:
            self._servers.failed(place, error)
            return None
        link = Link(connection, str(connector), self._heartbeat)
        if link.is_lost:
            return None
        self._servers.reached(place)
        self._links[place] = link
        return link

    def _go_on(self, waiter: Waiter, deadline: float | None) -> None:
        """Do what brings a call further: send it if it is not sent, or read."""
        link: Link | None = waiter.link
        if link is None:
            self._resend(waiter, deadline)
            return
        if deadline is not None and time.monotonic() >= deadline:
            # What has arrived is taken even if time is up.
            link.pump(deadline)
            if waiter.link is link and not waiter.call.is_done and not waiter.updates:
                raise JobTimeoutError(f"{waiter.name}: no answer in time{_job(waiter)}")
            return
        link.pump(deadline)

    def _resend(self, waiter: Waiter, deadline: float | None) -> None:
        pause = waiter.pause
        if pause:
            time.sleep(pause)
        self.send(waiter, deadline)

    def _drop(self, why: str) -> None:
        for link in self._links.values():
            link.lose(why)
        self._links.clear()

    def _leave(self) -> None:
        """Leave the connections to the process that this one was forked from."""
        self._process = os.getpid()
        self._drop("the process was forked")


def _job(waiter: Waiter) -> str:
    return f" (job {waiter.handle})" if waiter.call.handle else ""
