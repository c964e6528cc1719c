"""Connections within the process: two asyncio transports, and no socket.

A face of the job server, such as HTTP, is a client like any other: it has a connection
for each request, and the engine's limits, fairness and back-pressure hold for it as for
one that came by TCP. Of a socket pair each connection would take two descriptors, and
each message four system calls; here pieces of bytes pass by reference.

What is written is delivered by the event loop later, never before ``write`` returns:
neither end runs inside the other. A writer is told to pause when the other end has left
more unread than its limit, as by any transport.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from geartrain.engine.model.principals import Identity

__all__ = ["PipeEnd", "connect"]

# Bytes unread by the other end from which on a writer is told to pause, by default.
_HIGH: Final = 64 * 1024
# Bytes delivered at once, of small pieces; a larger piece is delivered as it is.
_DELIVERED: Final = 64 * 1024


def connect(
    server: asyncio.Protocol, client: asyncio.Protocol, identity: Identity
) -> None:
    """Connect two protocols of the running event loop.

    ``identity`` is whom the client acts for, as the server's end gives it for its
    ``identity``.
    """
    served = PipeEnd(server, {"identity": identity})
    asking = PipeEnd(client, {})
    served.other, asking.other = asking, served
    server.connection_made(served)
    client.connection_made(asking)


class PipeEnd(asyncio.Transport):
    """One end of such a connection.

    Attributes:
        other: the other end.
    """

    other: PipeEnd

    def __init__(self, protocol: asyncio.Protocol, extra: dict[str, Any]) -> None:
        super().__init__(extra)
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        # What the other end wrote and this one's protocol has not been given.
        self._arrived: deque[bytes] = deque()
        self._size = 0
        self._high, self._low = _HIGH, _HIGH // 4
        self._is_arranged = False
        self._is_paused = False
        self._is_closing = False
        self._is_lost = False
        # The other end has closed: when all is delivered, this one is at its end.
        self._is_ending = False
        # The protocol was told to pause writing.
        self._is_full = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        self.writelines([bytes(data)])

    def writelines(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send pieces of bytes; they are not copied."""
        other = self.other
        if self._is_closing or other._is_closing:
            return
        for piece in pieces:
            if piece:
                other._arrived.append(bytes(piece))
                other._size += len(piece)
        other._arrange()
        if other._size > self._high and not self._is_full:
            self._is_full = True
            self._protocol.pause_writing()

    def set_write_buffer_limits(
        self, high: int | None = None, low: int | None = None
    ) -> None:
        """Set between which numbers of unread bytes the protocol is to pause."""
        self._high = _HIGH if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the other end has not read."""
        return self.other._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the lower and the upper limit."""
        return self._low, self._high

    def pause_reading(self) -> None:
        """Deliver nothing until ``resume_reading``."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Deliver what is there, and what comes."""
        self._is_paused = False
        self._arrange()

    def is_reading(self) -> bool:
        """Return whether what comes is delivered."""
        return not self._is_paused and not self._is_closing

    def is_closing(self) -> bool:
        """Return whether this end is closed, or about to be."""
        return self._is_closing

    def can_write_eof(self) -> bool:
        """Return False: both directions end at once."""
        return False

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that is told what happens."""
        return self._protocol

    def close(self) -> None:
        """End the connection once the other end has read what was sent."""
        if self._is_closing:
            return
        self._is_closing = True
        self._drop()
        self.other._is_ending = True
        self.other._arrange()

    def abort(self) -> None:
        """End the connection at once."""
        self._is_closing = True
        self.other._drop()
        self._end()

    def _arrange(self) -> None:
        """Have the event loop deliver, if there is something to be delivered."""
        if not self._is_arranged and (self._arrived or self._is_ending):
            self._is_arranged = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._is_arranged = False
        if self._is_lost:
            return
        if self._arrived:
            if self._is_paused or self._is_closing:
                return
            self._protocol.data_received(self._next())
            self.other._relieve()
        if self._is_ending and not self._arrived:
            self._end()
        elif not self._is_paused:
            self._arrange()

    def _next(self) -> bytes:
        """Take out what is delivered at once."""
        arrived = self._arrived
        pieces = [arrived.popleft()]
        size = len(pieces[0])
        while arrived and size + len(arrived[0]) <= _DELIVERED:
            size += len(arrived[0])
            pieces.append(arrived.popleft())
        self._size -= size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _relieve(self) -> None:
        """Let the protocol write again if the other end has read enough."""
        if self._is_full and self.other._size <= self._low:
            self._is_full = False
            if not self._is_lost:
                self._protocol.resume_writing()

    def _drop(self) -> None:
        """Throw away what has arrived: nobody is to read it."""
        self._arrived.clear()
        self._size = 0
        self.other._relieve()

    def _end(self) -> None:
        """Tell both protocols that the connection is lost."""
        for end in (self, self.other):
            if not end._is_lost:
                end._is_lost = end._is_closing = True
                self._loop.call_soon(end._protocol.connection_lost, None)
