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
    PacketType,
)
from geartrain.protocol.large_packets import CutPacket, LargePacket
from geartrain.protocol.packets import (
    ARGUMENT_COUNT,
    ARGUMENTS,
    HAS_DATA,
    NO_MORE,
    RESPONSES,
    Packet,
    payload_size,
    split,
)
from geartrain.texts import quoted

__all__ = ["ReplyParser"]

_SHOWN: Final = 40


class ReplyParser:
    """The receiving side of a client's or worker's connection.

    Call ``feed`` with each piece of bytes that arrives, then ``next`` until it returns
    None. Packets come whole, however large: their data is the last argument.

    Attributes:
        cut: how many bytes the packet had that ``next`` returned last, if it was too
            large and has only its beginning; 0 if it is whole.
    """

    def __init__(self, *, in_pieces: bool = False, most: int = 0) -> None:
        """Take packets whose data is at most ``most`` bytes, 0 for any.

        With ``in_pieces`` large ones stay in the pieces they arrived in, as ``more`` of
        a packet has them.
        """
        self.cut = 0
        self._is_in_pieces = in_pieces
        self._most = most + MAX_ARGUMENTS_SIZE if most else 0
        self._buffer = b""
        self._position = 0
        self._large: LargePacket | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived; all of ``next``'s must have been taken before."""
        large = self._large
        if large is not None and large.missing > 0:
            data = large.add(data)
        if self._position < len(self._buffer):
            data = self._buffer[self._position :] + data
        self._buffer = data
        self._position = 0

    def next(self) -> Packet | None:
        """Return the next whole packet, or None until more bytes come.

        Raises:
            ProtocolError: what answers is no job server, or breaks the protocol; the
                connection is at its end.
        """
        self.cut = 0
        if self._large is not None:
            return self._next_large(self._large)
        start = self._position
        available = len(self._buffer) - start
        if available <= 0:
            return None
        code = RESPONSES.get(self._buffer[start : start + 8], 0)
        if code == 0:
            self._check_head(start)
        if available < HEADER_SIZE:
            return None
        body = start + HEADER_SIZE
        size = payload_size(self._buffer, start)
        if size > MAX_ARGUMENTS_SIZE and not HAS_DATA[code]:
            raise ProtocolError(
                b"INVALID_PACKET",
                b"the job server sent a %s of %d bytes: it has at most %d"
                % (PacketType(code).name.encode(), size, MAX_ARGUMENTS_SIZE),
            )
        if available < HEADER_SIZE + size:
            first = self._buffer[body:]
            if 0 < self._most < size:
                self._large = CutPacket(code, size, first)
            else:
                self._large = LargePacket(code, size, first)
            self._buffer = b""
            self._position = 0
            return None
        self._position = body + size
        if 0 < self._most < size:
            self.cut = size
        return _packet(code, self._buffer[body : body + size])

    def _next_large(self, large: LargePacket) -> Packet | None:
        if large.missing > 0:
            return None
        self._large = None
        if isinstance(large, CutPacket):
            self.cut = large.size
            return _packet(large.type, large.pieces[0])
        if self._is_in_pieces:
            # The first is longer than the arguments before the data may be.
            return _packet(large.type, large.pieces[0], large.pieces[1:])
        return _packet(large.type, b"".join(large.pieces))

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


def _packet(code: int, payload: bytes, more: list[bytes] = NO_MORE) -> Packet:
    arguments = split(code, payload)
    count = ARGUMENT_COUNT[code]
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
    return Packet(code, payload, arguments, more)
