"""The job server's driver, which records submissions and has a movable clock."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any, cast

from geartrain.engine.engine import Engine
from geartrain.server.connection import Connection
from geartrain.server.driver import Driver
from geartrain.server.options import Options
from geartrain.testing.clock import MovedClock, advance
from geartrain.testing.recorder import Recorder, Tap
from geartrain.testing.work import is_idle

__all__ = ["TappedConnection", "TappedDriver"]


class _TappedTransport:
    """A transport whose tap sees what is written."""

    def __init__(self, transport: asyncio.Transport, tap: Tap) -> None:
        self._transport = transport
        self._tap = tap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def writelines(self, pieces: Iterable[bytes]) -> None:
        pieces = list(pieces)
        self._tap.outgoing(pieces)
        self._transport.writelines(pieces)


class TappedConnection(Connection):
    """The connection of a peer, with a tap on it."""

    def __init__(self, driver: Driver, is_trusted: bool, recorder: Recorder) -> None:
        super().__init__(driver, is_trusted)
        self._tap = Tap(recorder)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the peer to the engine."""
        tapped = _TappedTransport(cast("asyncio.Transport", transport), self._tap)
        super().connection_made(cast("asyncio.Transport", tapped))

    def data_received(self, data: bytes) -> None:
        """Let the engine react once a packet or line has arrived whole."""
        data = self._tap.incoming(data)
        if data:
            super().data_received(data)


class TappedDriver(Driver):
    """The driver of a job server for tests."""

    def __init__(
        self, engine: Engine, options: Options, clock: MovedClock, recorder: Recorder
    ) -> None:
        super().__init__(engine, options, clock)
        self._clock = clock
        self._recorder = recorder
        self._idle = asyncio.Event()
        self._idle.set()
        self._settling = asyncio.Lock()

    def accept(self, is_trusted: bool) -> Callable[[], Connection]:
        """Return the protocol factory of a listener."""
        return lambda: TappedConnection(self, is_trusted, self._recorder)

    async def adopt(self, connection: socket.socket) -> None:
        """Serve a connected socket as a peer on this machine."""
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(self.accept(True), connection)

    def turn(self) -> None:
        """Carry out what the engine said."""
        super().turn()
        if is_idle(self.engine.state):
            self._idle.set()
        else:
            self._idle.clear()

    async def wait_idle(self) -> None:
        """Return once no job is ready or running, and the store has everything."""
        while True:
            await self._idle.wait()
            await self.settle()
            if is_idle(self.engine.state):
                return
            self._idle.clear()

    async def settle(self) -> None:
        """Return once the store has committed everything, and answered all queries."""
        async with self._settling:
            await asyncio.sleep(0)
            if self.persistence is not None:
                settled = asyncio.Event()
                self.persistence.finish(settled.set)
                await settled.wait()

    async def move(self, seconds: float) -> None:
        """Move the clock ahead; what becomes due happens at its own time."""
        for _ in advance(self._clock, seconds, self.engine.deadline):
            self.tick()
            await self.settle()
