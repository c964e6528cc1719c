"""Split what a job server sends into packets, for clients and workers.

PROTOCOL, "Binary Packet": all it sends them begins with the magic of a response.
"""

from __future__ import annotations

from typing import Final

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import (
    HEADER_SIZE,
    MAX_ARGUMENTS_SIZE,
    RESPONSE_MAGIC,
    TYPE_END,
    PacketType,
)
from geartrain.protocol.packets import (
    ARGUMENT_COUNT,
    ARGUMENTS,
    HAS_DATA,
    NO_MORE,
    Packet,
)
from geartrain.texts import quoted

__all__ = ["ReplyParser"]

_CODES: Final[dict[bytes, int]] = {
    RESPONSE_MAGIC + code.to_bytes(4, "big"): code for code in range(1, TYPE_END)
}
_SHOWN: Final = 40


class ReplyParser:
    """The receiving side of a client's or worker's connection.

    Call ``feed`` with each piece of bytes that arrives, then ``next`` until it returns
    None. Packets come whole, however large: their data is the last argument.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0
        # A packet that has not arrived whole: its pieces, and the bytes it lacks.
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived; all of ``next``'s must have been taken before."""
        if self._missing > 0:
            self._pieces.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._pieces)
            self._pieces = []
        elif self._position < len(self._buffer):
            data = self._buffer[self._position :] + data
        self._buffer = data
        self._position = 0
        self._missing = 0

    def next(self) -> Packet | None:
        """Return the next whole packet, or None until more bytes come.

        Raises:
            ProtocolError: what answers is no job server, or breaks the protocol; the
                connection is at its end.
        """
        start = self._position
        available = len(self._buffer) - start
        if self._missing > 0 or available <= 0:
            return None
        code = _CODES.get(self._buffer[start : start + 8], 0)
        if code == 0:
            self._check_head(start)
        if available < HEADER_SIZE:
            return None
        body = start + HEADER_SIZE
        size = int.from_bytes(self._buffer[start + 8 : body], "big")
        if size > MAX_ARGUMENTS_SIZE and not HAS_DATA[code]:
            raise ProtocolError(
                b"INVALID_PACKET",
                b"the job server sent a %s of %d bytes: it has at most %d"
                % (PacketType(code).name.encode(), size, MAX_ARGUMENTS_SIZE),
            )
        if available < HEADER_SIZE + size:
            self._begin(HEADER_SIZE + size)
            return None
        self._position = body + size
        return _packet(code, self._buffer[body : body + size])

    def _begin(self, size: int) -> None:
        """Gather the pieces of a packet of this size, and join them once."""
        first = self._buffer[self._position :]
        self._pieces = [first]
        self._missing = size - len(first)
        self._buffer = b""
        self._position = 0

    def _check_head(self, start: int) -> None:
        """Raise unless these bytes are the beginning of a packet's first eight."""
        head = self._buffer[start : start + 8]
        if RESPONSE_MAGIC.startswith(head[:4]) and len(head) < 8:
            return
        if head[:4] == RESPONSE_MAGIC:
            raise ProtocolError(
                b"INVALID_COMMAND",
                b"the job server sent a packet of unknown type %d"
                % int.from_bytes(head[4:], "big"),
            )
        said = quoted(self._buffer[start : start + _SHOWN]).encode()
        raise ProtocolError(
            b"INVALID_MAGIC", b"what answers is no Gearman job server: it said " + said
        )


def _packet(code: int, payload: bytes) -> Packet:
    """Part a payload into the arguments its packet type has."""
    count = ARGUMENT_COUNT[code]
    if count == 0:
        return Packet(code, payload, [], NO_MORE)
    arguments = payload.split(b"\0", count - 1)
    if len(arguments) < count:
        names = ARGUMENTS[PacketType(code)]
        raise ProtocolError(
            b"INVALID_PACKET",
            b"the job server sent a %s with %d of its %d arguments (%s)"
            % (
                PacketType(code).name.encode(),
                len(arguments),
                count,
                ", ".join(names).encode(),
            ),
        )
    return Packet(code, payload, arguments, NO_MORE)
