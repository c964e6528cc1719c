"""Connections on the port of gearmand's HTTP protocol."""

from __future__ import annotations

import asyncio

from geartrain.protocol.web import WebJob
from geartrain.server.connection import Connection
from geartrain.server.driver import Driver

__all__ = ["WebConnection"]

# Seconds for a request to come: who says nothing must not hold a connection for ever.
_PATIENCE = 60.0
# Seconds for the answer to a client that has ended its side of the connection.
_LAST_ANSWER = 10.0
# Bytes that may follow a request and are not read; a client may end it with a blank
# line, or send the next one at once.
_MOST_IGNORED = 64 * 1024


class WebConnection(Connection):
    """A client of the engine that speaks HTTP: one job, one answer."""

    def __init__(self, driver: Driver, says_version: bool) -> None:
        """Answer HTTP/1.1 in kind if ``says_version``, as gearmand 2.0 does."""
        super().__init__(driver, is_trusted=False)
        server = driver.engine.state.options.version
        self._job = WebJob(server, says_version)
        self._ignored = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the peer to the engine; its answers are translated."""
        super().connection_made(transport)
        self._driver.writers[self.peer] = self._answer
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_PATIENCE, self._give_up)

    def _give_up(self) -> None:
        if not self._job.is_read():
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Submit the job that the request is about."""
        if self._job.is_read():
            self._ignored += len(data)
            if self._ignored > _MOST_IGNORED:
                self.discard()
            return
        pieces = self._job.receive(data)
        if pieces:
            super().data_received(b"".join(pieces))
        elif self._job.is_over:
            self._end(self._job.reply)

    def _answer(self, pieces: list[bytes]) -> None:
        reply = self._job.answer(b"".join(pieces))
        if self._job.is_over:
            self._end(reply)

    def _end(self, reply: bytes) -> None:
        """Say something, and close the connection once it is said."""
        self.discard_answers()
        if reply:
            self.transport.write(reply)
        self.transport.close()

    def eof_received(self) -> bool:
        """Answer a client that sends nothing more, if that does not take long.

        One that has left looks the same, and nobody should work for that.
        """
        if self._job.is_over or not self._job.is_read():
            return False
        loop = asyncio.get_running_loop()
        self._timer.cancel()
        self._timer = loop.call_later(_LAST_ANSWER, self.transport.abort)
        return True

    def pause_writing(self) -> None:
        """Go on: the answer was one write."""

    def resume_writing(self) -> None:
        """Go on."""

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the engine that the client left."""
        self._timer.cancel()
        super().connection_lost(error)
