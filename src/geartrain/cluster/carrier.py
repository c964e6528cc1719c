"""A carrier: the two connections of a line, to its peer and to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from geartrain.cluster.groups import Group
from geartrain.cluster.line import PeerLine
from geartrain.errors import ConnectError, ProtocolError
from geartrain.server.insiders import call_off, connect_link
from geartrain.transport.progress import WriteProgress

if TYPE_CHECKING:
    from geartrain.engine.model.peers import Peer
    from geartrain.server.driver import Driver

__all__ = ["Carrier"]


class Carrier(asyncio.Protocol):
    """Carries what a line is told and says; itself the peer's end.

    Where the one side reads slowly, nothing more is read from the other.

    Attributes:
        line: the line.
        heard: when something last arrived from the peer.
        is_lost: both connections have ended.
    """

    def __init__(
        self,
        line: PeerLine,
        driver: Driver,
        serve: Callable[[Group], None],
        when_lost: Callable[[Carrier, Exception | None], None],
    ) -> None:
        """Carry for a line.

        Args:
            line: the line.
            driver: the engine's.
            serve: called when other lines may take jobs for the same workers.
            when_lost: called when a connection is lost.
        """
        self.line = line
        self.heard = driver.monotonic()
        self.is_lost = False
        self._driver = driver
        self._serve = serve
        self._when_lost = when_lost
        self._transport: asyncio.Transport | None = None
        self._progress: WriteProgress | None = None
        self._is_paused = False
        self._engine = _EngineEnd(self)
        self._us: Peer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the engine as well, and begin."""
        self._transport = cast("asyncio.Transport", transport)
        if self.is_lost:
            self._transport.abort()
            return
        self._progress = WriteProgress(self._transport)
        try:
            self._us = connect_link(self._driver, self._engine, self.line.record)
        except ConnectError as error:
            self.lose(error)
            return
        self.line.begin()
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sends."""
        self.heard = self._driver.monotonic()
        try:
            self.line.hear_peer(data, self.heard)
        except ProtocolError as error:
            self.lose(error)
            return
        self.flush()

    def tick(self, now: float) -> None:
        """Do what is due: to be called a few times a second, at rest once.

        A peer that is not read from, or takes a large result, need not say anything.
        """
        is_taking = self._progress is not None and self._progress.has_gone_on()
        if self._is_paused or is_taking:
            self.heard = now
        self.line.tick(now)
        self.flush()

    def hear_engine(self, data: bytes) -> None:
        """Take what the engine sends."""
        try:
            self.line.hear_engine(data, self._driver.monotonic())
        except ProtocolError as error:
            self.lose(error)
            return
        self.flush()

    def flush(self) -> None:
        """Send what the line says, to both sides; end both when it is done."""
        if self.is_lost or self._transport is None:
            return
        pieces = self.line.take_for_peer()
        if pieces:
            self._transport.writelines(pieces)
        for_engine = self.line.take_for_engine()
        if for_engine:
            self._engine.send(for_engine)
        if self.line.group.has_room:
            self._serve(self.line.group)
        self._call_off()
        if self.line.is_done:
            self.lose(None)

    def _call_off(self) -> None:
        for handle in self.line.take_called_off():
            if self._us is not None:
                call_off(self._driver, self._us, handle)

    def pause_writing(self) -> None:
        """Have the engine produce no more: the peer reads slowly."""
        self._engine.pause_reading()

    def resume_writing(self) -> None:
        """Let the engine go on."""
        self._engine.resume_reading()

    def pause_reading(self) -> None:
        """Take no more from the peer: the engine is busy."""
        self._is_paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on from the peer."""
        self._is_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """End the line: the peer is gone."""
        self.lose(error)

    def lose(self, error: Exception | None) -> None:
        """End both connections, and tell so."""
        if not self.is_lost:
            self.close()
            self._when_lost(self, error)

    def close(self) -> None:
        """End both connections: what the peer gave goes back to it.

        What runs here is ended, too, as others will do it.
        """
        if self.is_lost:
            return
        self.is_lost = True
        self.line.end()
        self._call_off()
        if self._transport is not None:
            self._transport.close()
        self._engine.close()


class _EngineEnd(asyncio.Protocol):
    """The line's end of its connection to the engine."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._carrier.hear_engine(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._carrier.lose(error)

    def pause_writing(self) -> None:
        self._carrier.pause_reading()

    def resume_writing(self) -> None:
        self._carrier.resume_reading()

    def send(self, pieces: list[bytes]) -> None:
        if self._transport is not None:
            self._transport.writelines(pieces)

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
