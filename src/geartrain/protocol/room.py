"""Room: how much more a job server takes in."""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import PacketType

__all__ = ["FULL", "RESULTS", "Room"]

FULL: Final = b"The memory of the job server is full (--max-memory): submit again later"

# What frees memory, or ends what others wait for: these are taken all the same.
RESULTS: Final = frozenset(
    {
        PacketType.WORK_STATUS,
        PacketType.WORK_COMPLETE,
        PacketType.WORK_FAIL,
        PacketType.WORK_DATA,
        PacketType.WORK_WARNING,
        PacketType.WORK_EXCEPTION,
    }
)


class Room:
    """What all parsers of a job server share, and its driver changes."""

    def __init__(self) -> None:
        self.left = 2**62
        """The bytes that can still be taken; a larger packet is refused."""
        self.is_full = False
        """No job is taken."""
        self.is_over = False
        """No connection is taken either."""
        self.refused = 0
        """How many jobs and connections were refused since somebody looked."""
