"""Room: how much more a job server takes in."""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import PacketType

__all__ = ["FULL", "RESULTS", "Room"]

FULL: Final = b"The memory of the job server is full (--max-memory): submit again later"

# What frees memory, or ends what others wait for: these are taken all the same.
RESULTS: Final = frozenset(
    {
        int(PacketType.WORK_STATUS),
        int(PacketType.WORK_COMPLETE),
        int(PacketType.WORK_FAIL),
        int(PacketType.WORK_DATA),
        int(PacketType.WORK_WARNING),
        int(PacketType.WORK_EXCEPTION),
    }
)


class Room:
    """What all parsers of a job server share, and its driver changes.

    Attributes:
        left: the bytes that can still be taken; a larger packet is refused.
        is_full: no job is taken.
        is_over: no connection is taken either.
        refused: how many jobs and connections were refused since somebody looked.
    """

    __slots__ = ("is_full", "is_over", "left", "refused")

    def __init__(self) -> None:
        self.left = 2**62
        self.is_full = False
        self.is_over = False
        self.refused = 0
