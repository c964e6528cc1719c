"""Write to a TLS connection slice by slice, so that others get their turn.

TLS transports encrypt all that they are given at once, however much of it the peer
can take: a result of 100 MiB would keep everybody waiting for a second, and be in
memory three times.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any, Final, cast

__all__ = ["SLICE", "SlicedTransport"]

SLICE: Final = 256 * 1024


class SlicedTransport(asyncio.Protocol):
    """A transport to the protocol above, and a protocol to the transport below."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._above = protocol
        self._backlog: deque[bytes | memoryview] = deque()
        self._size = 0
        self._high = SLICE
        self._is_full = False
        self._is_arranged = False
        self._is_closing = False
        self._is_lost = False
        self._is_above_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, once the handshake is done."""
        below = self._below = cast("asyncio.Transport", transport)
        below.set_write_buffer_limits(high=SLICE)
        self._loop = asyncio.get_running_loop()
        # The shortest way for what arrives.
        self.data_received = self._above.data_received  # type: ignore[method-assign]
        self._above.connection_made(cast("asyncio.BaseTransport", self))

    def pause_writing(self) -> None:
        """Pause writing until the peer has read what was written."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on writing."""
        self._is_full = False
        if self._backlog and not self._is_arranged:
            self._write_slice()

    def connection_lost(self, error: Exception | None) -> None:
        """Drop what was not written."""
        self._is_lost = True
        self._forget()
        self._above.connection_lost(error)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport below knows."""
        return self._below.get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int) -> None:
        """Pause the writing of the protocol above at more than ``high`` bytes."""
        self._high = high

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are not written yet."""
        return self._size + self._below.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Write, now or by and by."""
        self.writelines([data])

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Write, now or by and by."""
        pieces = list(pieces)
        size = sum(map(len, pieces))
        if size <= SLICE and not self._backlog and not self._is_full:
            self._below.writelines(pieces)
            return
        if self._is_closing:
            return
        self._backlog.extend(pieces)
        self._size += size
        if self._size > self._high and not self._is_above_paused:
            self._is_above_paused = True
            self._above.pause_writing()
        if not self._is_full and not self._is_arranged:
            self._write_slice()

    def _write_slice(self) -> None:
        self._is_arranged = False
        if self._is_full or not self._backlog:
            return
        self._below.writelines(self._next_slice())
        if self._is_above_paused and self._size <= self._high // 4:
            self._is_above_paused = False
            self._above.resume_writing()
        if not self._backlog:
            if self._is_closing:
                self._below.close()
        elif not self._is_full:
            self._is_arranged = True
            self._loop.call_soon(self._write_slice)

    def _next_slice(self) -> list[bytes | memoryview]:
        taken: list[bytes | memoryview] = []
        room = SLICE
        while room and self._backlog:
            piece = self._backlog.popleft()
            if len(piece) > room:
                view = memoryview(piece)
                self._backlog.appendleft(view[room:])
                piece = view[:room]
            taken.append(piece)
            room -= len(piece)
        self._size -= SLICE - room
        return taken

    def pause_reading(self) -> None:
        """Take nothing more from the peer."""
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Take on what the peer sends."""
        if not self._is_closing:
            self._below.resume_reading()

    def is_closing(self) -> bool:
        """Tell whether this is the end, or about to be."""
        return self._is_closing or self._below.is_closing()

    def close(self) -> None:
        """End the connection once all is written."""
        if self._is_closing or self._is_lost:
            return
        self._is_closing = True
        if self._backlog:
            self._below.pause_reading()
        else:
            self._below.close()

    def abort(self) -> None:
        """End the connection at once; one that is lost already stays so."""
        self._is_closing = True
        self._forget()
        if not self._is_lost:
            self._below.abort()

    def _forget(self) -> None:
        self._backlog.clear()
        self._size = 0
