"""Large packets, gathered in the pieces in which they arrive."""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import MAX_ARGUMENTS_SIZE

__all__ = ["CutPacket", "LargePacket"]

# Small pieces are joined up to this size: one system call sends so much, and joining
# it takes no more than a moment.
_PIECE: Final = 256 * 1024


class LargePacket:
    """A packet whose payload has not arrived whole.

    Why not one buffer that grows? Each piece would be copied again and again, and
    memory would be taken for what a size field claims instead of for what arrived.
    """

    def __init__(self, type: int, size: int, first: bytes) -> None:
        self.type = type
        """The packet type's number."""
        self.size = size
        """The bytes of its whole payload."""
        self.missing = size - len(first)
        """The bytes that have not arrived."""
        self.pieces = [first]
        """What has arrived; the first piece is as it came, the others may be joined."""
        self._loose_from = 0
        self._loose = len(first)

    def add(self, data: bytes) -> bytes:
        """Take bytes that arrived; return what lies behind the packet's end."""
        piece = data[: self.missing]
        self.missing -= len(piece)
        self.pieces.append(piece)
        self._loose += len(piece)
        if self._loose >= _PIECE or self.missing == 0:
            self._join_loose()
        return data[len(piece) :]

    def _join_loose(self) -> None:
        self.pieces[self._loose_from :] = [b"".join(self.pieces[self._loose_from :])]
        self._loose_from = len(self.pieces)
        self._loose = 0


class CutPacket(LargePacket):
    """A packet that is too large to be kept: only its beginning is."""

    def add(self, data: bytes) -> bytes:
        """Take bytes that arrived; return what lies behind the packet's end."""
        piece = data[: self.missing]
        self.missing -= len(piece)
        room = MAX_ARGUMENTS_SIZE - len(self.pieces[0])
        if room > 0:
            self.pieces[0] += piece[:room]
        return data[len(piece) :]
