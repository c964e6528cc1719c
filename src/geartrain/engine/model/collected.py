"""What a running attempt has sent of its result so far."""

from __future__ import annotations

__all__ = ["Collected"]


class Collected:
    """The pieces of a result, as they arrive, up to a number of bytes.

    Beyond that only their bytes are counted: such a result is not kept.
    """

    def __init__(self, most: int, *, is_kept: bool = True) -> None:
        self.most = most
        """The bytes that are kept at most."""
        self.is_kept = is_kept
        """The result is kept; else only that the job has succeeded."""
        self.size = 0
        """The bytes that have arrived."""
        self.held = 0
        """The bytes that are held."""
        self.pieces: list[bytes] = []
        """What has arrived; nothing if it is too large."""

    def add(self, first: bytes, more: list[bytes]) -> int:
        """Add what arrived in one packet; return how many more bytes are held."""
        before = self.held
        size = len(first) + sum(map(len, more))
        self.size += size
        if self.size > self.most:
            self.pieces = []
            self.held = 0
        elif size:
            self.pieces.append(first)
            self.pieces.extend(more)
            self.held = self.size
        return self.held - before

    def is_whole(self) -> bool:
        """Tell whether all that has arrived is held."""
        return self.held == self.size
