"""The wire as the traces need it.

The numbers are those of the code under test, and gearmand answers to them in the same
scenarios: a wrong one would show. Packets are cut here, because what these servers send
may also be text, or be wrong.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from geartrain.protocol.constants import REQUEST_MAGIC as REQUEST
from geartrain.protocol.constants import RESPONSE_MAGIC as RESPONSE
from geartrain.protocol.constants import PacketType

__all__ = [
    "HEADER",
    "REQUEST",
    "RESPONSE",
    "Packet",
    "PacketType",
    "ReplyBuffer",
    "encode",
    "name_of",
]

HEADER = struct.Struct(">4sII")


@dataclass(frozen=True)
class Packet:
    """One packet that came from a job server."""

    kind: int
    body: bytes


def name_of(kind: int) -> str:
    """Return the packet type's name, or its number where it has none."""
    try:
        return PacketType(kind).name
    except ValueError:
        return f"TYPE_{kind}"


def encode(kind: int, *arguments: bytes, magic: bytes = REQUEST) -> bytes:
    """Return a whole packet, header included."""
    body = b"\0".join(arguments)
    return HEADER.pack(magic, kind, len(body)) + body


class ReplyBuffer:
    """Cuts what a job server sends into packets and runs of text."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what one read returned."""
        self._bytes += data

    def take(self) -> Packet | bytes | None:
        """Return the next packet or text, or None when more bytes are needed.

        Text has no length: a run of it ends where a packet begins or where the
        bytes read so far end, so one reply may come in two runs.

        Raises:
            AssertionError: the bytes are neither text nor a response packet.
        """
        if not self._bytes:
            return None
        if self._bytes[0] != 0:
            return self._take_text()
        return self._take_packet()

    def _take_text(self) -> bytes | None:
        end = self._bytes.find(RESPONSE)
        if end < 0:
            end = len(self._bytes) - _begun(self._bytes)
        text = bytes(self._bytes[:end])
        del self._bytes[:end]
        return text or None

    def _take_packet(self) -> Packet | None:
        if len(self._bytes) < HEADER.size:
            return None
        magic, kind, size = HEADER.unpack_from(self._bytes)
        assert magic == RESPONSE, f"not a response packet: {bytes(self._bytes[:80])!r}"
        end = HEADER.size + size
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[HEADER.size : end])
        del self._bytes[:end]
        return Packet(kind, body)


def _begun(data: bytearray) -> int:
    """Return how many bytes at the end of ``data`` may begin a packet."""
    for size in range(len(RESPONSE) - 1, 0, -1):
        if data.endswith(RESPONSE[:size]):
            return size
    return 0
