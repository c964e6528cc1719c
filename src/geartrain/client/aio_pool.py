"""The connections of an asyncio client on all its event loops, and waiting on them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from geartrain.client.aio_connections import AsyncConnections
from geartrain.client.aio_link import AsyncLink
from geartrain.client.servers import ServerList
from geartrain.client.waiting import Waiter, is_answered, is_done
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport import forks

__all__ = ["AsyncPool", "time_limit"]

_Found = TypeVar("_Found")
_What = TypeVar("_What")


# When the current call of a task has to be over, on the monotonic clock.
_deadline: ContextVar[float | None] = ContextVar("geartrain_deadline", default=None)


@asynccontextmanager
async def time_limit(timeout: float | None, name: str) -> AsyncIterator[None]:
    """Raise JobTimeoutError when the block takes longer than some seconds."""
    before = _deadline.get()
    _deadline.set(None if timeout is None else time.monotonic() + timeout)
    try:
        async with asyncio.timeout(timeout) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise JobTimeoutError(f"{name}: no answer within {timeout:g} seconds") from None
    finally:
        _deadline.set(before)


class AsyncPool:
    """One connection to each job server that has been needed, on each event loop."""

    def __init__(self, servers: ServerList, patience: float, heartbeat: float) -> None:
        """Connect to nothing yet; the rest is as ``AsyncClient`` takes it."""
        self._servers = servers
        self._patience = patience
        self._heartbeat = heartbeat
        self._homes: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncConnections] = (
            WeakKeyDictionary()
        )
        # The one that was used last.
        self._recent: AsyncConnections | None = None
        self.is_closed = False
        forks.tell(self)

    def in_child(self) -> None:
        """Leave the connections, and whoever waits for them, to the parent."""
        homes = list(self._homes.values())
        self._homes.clear()
        self._recent = None
        for home in homes:
            for link in home.links.values():
                link.leave()

    async def close(self) -> None:
        """End all connections; closing twice does nothing."""
        self.is_closed = True
        here = asyncio.get_running_loop()
        for loop, home in list(self._homes.items()):
            if loop is here:
                for link in home.close():
                    await link.closed()
            elif loop.is_closed():
                home.end("its event loop has ended")
            else:
                loop.call_soon_threadsafe(home.close)
        self._homes.clear()
        self._recent = None

    def check(self) -> None:
        """Raise ClientError if the client was closed."""
        if self.is_closed:
            raise ClientError("the client is closed")

    async def use(
        self,
        work: Callable[[AsyncPool, _What], Coroutine[Any, Any, _Found]],
        what: _What,
        limit: float | None,
        name: str,
    ) -> _Found:
        """Await ``work`` with this pool and ``what``, for ``limit`` seconds at most.

        Raises:
            JobTimeoutError: it takes longer.
        """
        # A limit, even of None, takes a quarter of a short call.
        if limit is None:
            return await work(self, what)
        async with time_limit(limit, name):
            return await work(self, what)

    async def answer(self, waiter: Waiter) -> None:
        """Send a call, its chunks before it; return once it is answered.

        Raises:
            ClientError: what was answered instead, or has become of it.
        """
        try:
            for chunk in waiter.before or ():
                await self.answer(chunk)
            await self.wait(waiter, is_answered)
        except BaseException:
            self.forget(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error

    async def finish(self, waiter: Waiter) -> None:
        """Send a call, its chunks before it; return once nothing more will be told."""
        try:
            for chunk in waiter.before or ():
                await self.answer(chunk)
            await self.wait(waiter, is_done)
        except BaseException:
            self.forget(waiter)
            raise

    async def send(self, waiter: Waiter) -> None:
        """Send a call to its job server.

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

    async def wait(self, waiter: Waiter, is_enough: Callable[[Waiter], bool]) -> None:
        """Return once enough was told of a call; send it if it is not sent."""
        while not is_enough(waiter):
            link: AsyncLink | None = waiter.link
            if link is None and not waiter.losses:
                await self.send(waiter)
            elif link is None:
                await self.resend_all([waiter])
            elif link.loop is not asyncio.get_running_loop():
                link.desert()
            else:
                await link.wait_for(waiter, is_enough)

    async def wait_for_any(self, news: asyncio.Future[None]) -> None:
        """Read all connections until a future is done that arriving packets set."""
        home = await self._home()
        links = list(home.links.values())
        for link in links:
            link.begin_waiting()
        try:
            await news
        finally:
            for link in links:
                link.end_waiting()

    def forget(self, waiter: Waiter) -> None:
        """Stop waiting for a call.

        A connection on which nothing else is awaited is ended, so that the job server
        need not run a job for nobody.
        """
        link: AsyncLink | None = waiter.link
        if link is None or waiter.call.is_done or link.is_foreign:
            return
        link.protocol.forget(waiter.call)
        if not link.protocol.is_waiting:
            link.lose("it is not needed any more")

    def forget_all(self, waiters: Iterable[Waiter]) -> None:
        """Stop waiting for calls; background jobs on their way still arrive."""
        for waiter in waiters:
            if is_done(waiter):
                continue
            link: AsyncLink | None = waiter.link
            if waiter.call.is_foreground:
                self.forget(waiter)
            elif link is not None and not link.is_foreign:
                link.protocol.forget(waiter.call)

    async def link(self, unique: bytes) -> AsyncLink:
        """Return a sound connection to the job server a job is for.

        Raises:
            ConnectError: none can be reached.
        """
        home = await self._home()
        link = home.links.get(
            0 if self._servers.is_one else self._servers.order(unique)[0]
        )
        # What is at home here is of this event loop and process.
        if link is not None and not link.is_lost:
            if link.has_unread():
                await link.look()
            if not link.is_lost:
                return link
        return await home.unless_closed(home.reached(unique, _deadline.get()))

    async def places(self) -> list[int]:
        """Return the places of all job servers that can be reached.

        Raises:
            ConnectError: there is none.
        """
        await self.link(b"")
        home = await self._home()
        return await home.unless_closed(home.all_reached())

    async def send_to(self, place: int, waiter: Waiter) -> None:
        """Send a call to one of the job servers that ``places`` named."""
        home = await self._home()
        link = home.links.get(place)
        if link is None or not link.is_sound():
            await self.send(waiter)
        else:
            await link.call_all([waiter])

    async def resend_all(self, waiters: Sequence[Waiter]) -> None:
        """Send calls again that lost their connection; raises like ``send``."""
        pause = waiters[0].pause
        if pause:
            home = await self._home()
            await home.unless_closed(asyncio.sleep(pause))
        losers = [waiter for waiter in waiters if waiter.link is None]
        if losers:
            await self.send_all(losers)

    async def _home(self) -> AsyncConnections:
        """Return the connections on the running event loop."""
        self.check()
        loop = asyncio.get_running_loop()
        # The dictionary's look-up is written in Python: 1,500 instructions.
        home = self._recent
        if home is None or home.loop is not loop:
            home = self._homes.get(loop)
        if home is not None and home.process == os.getpid():
            self._recent = home
            return home
        self._leave_others()
        home = AsyncConnections(self._servers, self._patience, self._heartbeat)
        self._homes[loop] = home
        await home.settle()
        if self.is_closed:
            # By another thread, which may not have seen these connections.
            home.close()
        self.check()
        return home

    def _leave_others(self) -> None:
        """Drop what belongs to another process, or to an event loop that has ended."""
        self._recent = None
        for loop, home in list(self._homes.items()):
            if home.process != os.getpid():
                del self._homes[loop]
                for link in home.links.values():
                    link.leave()
            elif loop.is_closed():
                del self._homes[loop]
                home.end("its event loop has ended")
