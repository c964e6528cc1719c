"""The connections of an asyncio client on one event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from geartrain.client.aio_link import AsyncLink
from geartrain.client.servers import Patience, ServerList
from geartrain.errors import ClientError
from geartrain.transport.aio import open_connection

__all__ = ["AsyncConnections"]

_Found = TypeVar("_Found")


class AsyncConnections:
    """One connection to each job server that has been needed, on one event loop.

    Attributes:
        loop: the event loop.
        process: the process that connected.
        links: the connections, by the job server's place in the list.
        closed: done when the client is closed.
    """

    def __init__(self, servers: ServerList, patience: float, heartbeat: float) -> None:
        """Connect to nothing yet; the rest is as ``AsyncClient`` takes it."""
        self._servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self.loop = asyncio.get_running_loop()
        self.process = os.getpid()
        self.links: dict[int, AsyncLink] = {}
        self._lock = asyncio.Lock()
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self._sentry: AsyncIterator[None] | None = None

    async def settle(self) -> None:
        """Arrange that the connections end with the event loop.

        ``asyncio.run`` closes asynchronous generators before it closes the loop, so a
        generator that has begun is told in time.
        """
        self._sentry = self._guarded()
        await anext(self._sentry)

    async def _guarded(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            links = self.end("its event loop has ended")
            for link in links:
                await link.closed()

    def end(self, why: str) -> list[AsyncLink]:
        """End the connections; return them."""
        links = list(self.links.values())
        self.links.clear()
        for link in links:
            link.lose(why)
        return links

    def close(self) -> list[AsyncLink]:
        """End the connections and wake whoever waits for one; return them."""
        if not self.closed.done():
            self.closed.set_result(None)
        return self.end("the client was closed")

    async def unless_closed(self, work: Coroutine[Any, Any, _Found]) -> _Found:
        """Return the result of some work; raise ClientError if it is closed before."""
        task = asyncio.ensure_future(work)
        both: set[asyncio.Future[Any]] = {task, self.closed}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
        if not task.done():
            raise ClientError("the client is closed")
        return task.result()

    async def reached(self, unique: bytes, deadline: float | None) -> AsyncLink:
        """Connect to one of the job servers, trying for as long as the client may.

        Raises:
            ConnectError: none can be reached.
        """
        patience = Patience(self._patience, deadline)
        async with self._lock:
            while True:
                places = self._servers.order(unique)
                for tried, place in enumerate(places):
                    link = self.links.get(place)
                    if link is not None and link.is_sound():
                        return link
                    share = patience.left / (len(places) - tried)
                    link = await self._connected(place, share)
                    if link is not None:
                        return link
                pause = patience.next_pause()
                if not pause:
                    raise self._servers.error()
                await asyncio.sleep(pause)

    async def all_reached(self) -> list[int]:
        """Return the places of all job servers that can be reached now."""
        found = []
        async with self._lock:
            for place in self._servers.order(b""):
                link = self.links.get(place)
                if link is None or not link.is_sound():
                    link = await self._connected(place, self._patience)
                if link is not None:
                    found.append(place)
        return found

    async def _connected(self, place: int, left: float) -> AsyncLink | None:
        """Connect to one job server, if it answers."""
        has_other = any(not link.is_lost for link in self.links.values())
        connector = self._servers.connectors[place]
        name = str(connector)
        try:
            _, link = await open_connection(
                connector,
                lambda: AsyncLink(name, self._heartbeat, self._servers, place),
                self._servers.attempt(left, has_other),
            )
        except OSError as error:
            self._servers.failed(place, error)
            return None
        if self.closed.done():
            link.lose("the client was closed")
            raise ClientError("the client is closed")
        self._servers.reached(place)
        self.links[place] = link
        return link
