"""All connections of an asyncio worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from geartrain.worker.aio_connection import AsyncWorkerConnection

if TYPE_CHECKING:
    from geartrain.protocol.worker import Assignment, WorkerProtocol
    from geartrain.transport.connect import Connector
    from geartrain.worker.observer import Observer
    from geartrain.worker.session import Session

__all__ = ["AsyncPump"]

# Seconds to send what is unsent before leaving a job server.
_LAST_WORDS: Final = 5.0
# Seconds: event loops take no infinite ones.
_LONGEST: Final = 3600.0


class AsyncPump:
    """Moves bytes between job servers and the session, on one event loop.

    Attributes:
        session: what the worker does. Only its ``stop`` is called outside the event
            loop.
        loop: the event loop.
        thread: the thread it runs in.
        connections: one to each job server.
        take: is called with each job that arrives.
        observer: is told of connections.
        heartbeat: seconds of silence after which a job server is probed.
        connect_timeout: maximum number of seconds to connect.
        changed: set when a job has ended or a connection changed, for ``wait``.
    """

    def __init__(
        self,
        session: Session,
        take: Callable[[AsyncWorkerConnection, Assignment], None],
        observer: Observer | None,
        timeouts: tuple[float, float],
    ) -> None:
        """``timeouts`` are the heartbeat, and that of connecting."""
        self.session = session
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.connections: list[AsyncWorkerConnection] = []
        self.take = take
        self.observer = observer
        self.heartbeat, self.connect_timeout = timeouts
        self.changed = asyncio.Event()
        self._rung = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []
        self._is_due = False
        # An observer is told of the end of a job after it was sent. With one job at a
        # time, there is nothing to gather either.
        self._is_hasty = observer is not None or session.slots.total == 1

    def open(self, connector: Connector, protocol: WorkerProtocol) -> None:
        """Begin to connect to a job server."""
        connection = AsyncWorkerConnection(self, connector, protocol)
        self.connections.append(connection)
        self._keepers.append(self.loop.create_task(connection.keep()))

    async def wait(self, seconds: float = _LONGEST) -> None:
        """Wait until something has changed, ``seconds`` at most."""
        self.changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, _LONGEST)):
                await self.changed.wait()

    async def pause(self, seconds: float) -> None:
        """Return after ``seconds``, or when ``wake`` is called."""
        self._rung.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()

    def wake(self) -> None:
        """End ``wait`` and ``pause``; for any thread."""
        # The event loop may have ended.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self.changed.set()
        self._rung.set()

    def tell(self, change: Callable[[], None]) -> None:
        """Change the session, and send what it wrote."""
        change()
        self.flush()

    def flush_soon(self) -> None:
        """Send the output of all jobs of this turn of the loop at once."""
        if self._is_hasty:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send the output of all connections."""
        self._is_due = False
        for each in self.connections:
            each.flush()

    async def stop_connecting(self) -> None:
        """Stop connecting and probing."""
        self.changed.set()
        keepers, self._keepers = self._keepers, []
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    def abandon(self) -> None:
        """Leave all job servers at once, and connect to none any more."""
        self.changed.set()
        for keeper in self._keepers:
            keeper.cancel()
        for each in self.connections:
            each.hang_up(OSError("the worker was cancelled"))

    async def close(self) -> None:
        """Send what is unsent, for 5 seconds at most, and leave all job servers."""
        self.flush()
        for each in self.connections:
            each.close()
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._parted()
        except TimeoutError:
            for each in self.connections:
                each.hang_up(TimeoutError("it takes no more"))
            await self._parted()

    def in_child(self, is_at_work: bool) -> None:
        """Let go of the parent's connections after a fork.

        The event loop is a copy of the parent's and shares its descriptors. A process
        that a handler has forked would do the parent's other jobs in it, so it exits.
        """
        for each in self.connections:
            each.in_child()
        if is_at_work:
            with contextlib.suppress(Exception):
                self.loop.call_soon(os._exit, 1)

    def leave_loop(self) -> None:
        """Part from an event loop that has ended."""
        for each in self.connections:
            each.leave_loop()

    async def _parted(self) -> None:
        while any(each.is_connected for each in self.connections):
            self.changed.clear()
            await self.changed.wait()
