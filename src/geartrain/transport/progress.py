"""Whether the other side of a connection takes what it is sent.

Who is sent more than fits into the network's buffers may be silent for as long as that
takes, and what it says may be read only later: it is alive while it takes something.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
from typing import Final

__all__ = ["WriteProgress"]

# Bytes on their way from which on fewer of them mean that the other side takes them. Of
# less, the system acknowledges for a program that hangs.
_MANY: Final = 64 * 1024


class WriteProgress:
    """Watches how much of what was written has not arrived."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        self._left = 0

    def has_gone_on(self) -> bool:
        """Tell whether the other side has taken something since the last call."""
        before, self._left = self._left, self._under_way()
        return before > _MANY and self._left < before

    def _under_way(self) -> int:
        """Return the bytes that this process, and the system, have still to send."""
        left = self._transport.get_write_buffer_size()
        if self._socket is None:
            return left
        try:
            found = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):
            # It is closed, or of a kind that does not tell.
            return left
        return left + int(struct.unpack("i", found)[0])
