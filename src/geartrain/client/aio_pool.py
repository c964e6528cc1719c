"""The connections of a client on an event loop, and waiting on them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from geartrain.client.aio_link import AsyncLink
from geartrain.client.servers import Backoff, ServerList
from geartrain.client.waiting import Waiter
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport.aio import open_connection

__all__ = ["AsyncPool", "time_limit"]


@asynccontextmanager
async def time_limit(timeout: float | None, name: str) -> AsyncIterator[None]:
    """Raise JobTimeoutError when the block takes longer than some seconds."""
    try:
        async with asyncio.timeout(timeout) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise JobTimeoutError(f"{name}: no answer within {timeout:g} seconds") from None


class AsyncPool:
    """One connection to each job server that has been needed."""

    def __init__(self, servers: ServerList, patience: float, heartbeat: float) -> None:
        """Connect to nothing yet; the rest is as ``AsyncClient`` takes it."""
        self._servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self._links: dict[int, AsyncLink] = {}
        self._lock = asyncio.Lock()
        self._process = os.getpid()
        self.is_closed = False

    async def close(self) -> None:
        """End all connections; closing twice does nothing."""
        self.is_closed = True
        links = list(self._links.values())
        self._links.clear()
        for link in links:
            link.lose("the client was closed")
            await link.closed()

    async def send(self, waiter: Waiter) -> None:
        """Send a call to the job server that it is for.

        Raises:
            ConnectError: none can be reached.
        """
        link = await self.link(waiter.route)
        await link.call_all([waiter])

    async def send_all(self, waiters: Sequence[Waiter]) -> None:
        """Send many calls, those for one job server at once; raises like ``send``."""
        parts: dict[AsyncLink, list[Waiter]] = {}
        for waiter in waiters:
            link = await self.link(waiter.route)
            parts.setdefault(link, []).append(waiter)
        for link, part in parts.items():
            if link.is_lost:
                await self.send_all(part)
            else:
                await link.call_all(part)

    async def answer(self, waiter: Waiter) -> None:
        """Return once a call is answered, or nothing more will be told of it."""
        call = waiter.call
        while not call.is_answered and waiter.error is None:
            await self._go_on(waiter)

    async def finish(self, waiter: Waiter) -> None:
        """Return once nothing more will be told of a call."""
        call = waiter.call
        while not call.is_done and waiter.error is None:
            await self._go_on(waiter)

    async def update(self, waiter: Waiter) -> None:
        """Return once a call is done, or an update is there to be taken."""
        call = waiter.call
        while not call.is_done and waiter.error is None and not waiter.updates:
            await self._go_on(waiter)

    def forget(self, waiter: Waiter) -> None:
        """Have nobody wait for a call any more.

        A connection on which nothing else is awaited is ended, so that the job server
        need not run a job for nobody.
        """
        link: AsyncLink | None = waiter.link
        if link is None or waiter.call.is_done:
            return
        link.protocol.forget(waiter.call)
        if not link.protocol.is_waiting:
            link.lose("it is not needed any more")

    async def link(self, unique: bytes) -> AsyncLink:
        """Return a sound connection to the job server a job is for.

        Raises:
            ConnectError: none can be reached.
        """
        if self.is_closed:
            raise ClientError("the client is closed")
        link = self._links.get(self._servers.order(unique)[0])
        if link is not None and link.is_sound() and self._process == os.getpid():
            if link.protocol.is_idle:
                await link.look()
            if not link.is_lost:
                return link
        backoff = Backoff(self._patience, None)
        async with self._lock:
            self._leave_others()
            while True:
                for place in self._servers.order(unique):
                    link = self._links.get(place)
                    if link is not None and link.is_sound():
                        return link
                    link = await self._connected(place, backoff.left)
                    if link is not None:
                        return link
                pause = backoff.next()
                if not pause:
                    raise self._servers.error()
                await asyncio.sleep(pause)

    async def places(self) -> list[int]:
        """Return the places of all job servers that can be reached.

        Raises:
            ConnectError: there is none.
        """
        await self.link(b"")
        found = []
        for place in self._servers.order(b""):
            link = self._links.get(place)
            if link is None or not link.is_sound():
                async with self._lock:
                    link = await self._connected(place, self._patience)
            if link is not None:
                found.append(place)
        return found

    async def send_to(self, place: int, waiter: Waiter) -> None:
        """Send a call to one of the job servers that ``places`` named."""
        await self._links[place].call_all([waiter])

    async def resend(self, waiter: Waiter) -> None:
        """Send a call again that lost its connection; raises like ``send``."""
        pause = waiter.pause
        if pause:
            await asyncio.sleep(pause)
        if waiter.link is None:
            await self.send(waiter)

    async def _connected(self, place: int, left: float) -> AsyncLink | None:
        """Connect to one job server, if it answers."""
        has_other = any(not link.is_lost for link in self._links.values())
        connector = self._servers.connectors[place]
        name = str(connector)
        try:
            _, link = await open_connection(
                connector,
                lambda: AsyncLink(name, self._heartbeat),
                self._servers.attempt(left, has_other),
            )
        except OSError as error:
            self._servers.failed(place, error)
            return None
        if self.is_closed:
            link.lose("the client was closed")
            raise ClientError("the client is closed")
        self._servers.reached(place)
        self._links[place] = link
        return link

    async def _go_on(self, waiter: Waiter) -> None:
        """Do what brings a call further: send it if it is not sent, or wait."""
        if waiter.link is None:
            await self.resend(waiter)
            return
        future = asyncio.get_running_loop().create_future()
        waiter.futures.append(future)
        await future

    def _leave_others(self) -> None:
        """Leave what belongs to another process, or to an event loop that is over."""
        loop = asyncio.get_running_loop()
        is_child = self._process != os.getpid()
        self._process = os.getpid()
        for place, link in list(self._links.items()):
            if is_child or link.loop is not loop or link.is_lost:
                del self._links[place]
