"""Split what a peer sends into packets and lines, and keep every byte."""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import HEADER_SIZE
from geartrain.protocol.packets import REQUESTS, payload_size

__all__ = ["OTHER", "Splitter"]

# The type of bytes that are not a packet: text commands, and anything else.
OTHER: Final = 0


class Splitter:
    """The receiving side of one connection, for a tap on it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_text = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes; return what is complete.

        Each item is a packet type and the packet, or ``OTHER`` and bytes. Only the
        beginning of a packet is held back.
        """
        self._buffer += data
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if not buffer:
            return None
        if self._is_text or buffer[0] != 0:
            end = buffer.find(b"\n")
            self._is_text = end < 0
            return OTHER, self._take(len(buffer) if end < 0 else end + 1)
        if len(buffer) < HEADER_SIZE:
            return None
        header = bytes(buffer[:HEADER_SIZE])
        code = REQUESTS.get(header[:8])
        if code is None:
            # The job server ends this connection: where packets begin is unknown.
            return OTHER, self._take(len(buffer))
        size = HEADER_SIZE + payload_size(header, 0)
        return (code, self._take(size)) if len(buffer) >= size else None

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
