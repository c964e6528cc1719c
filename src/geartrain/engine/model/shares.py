"""Shares: what part of a limit each of the job servers that share a store may use."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["WHOLE", "Share", "part_of"]


class Share(NamedTuple):
    """The part of one job server.

    Attributes:
        servers: how many job servers there are.
        rank: how many of them are before this one.
        is_known: all others know of this one, and use no more than their part.
    """

    servers: int = 1
    rank: int = 0
    is_known: bool = True


WHOLE: Final = Share()
"""That of a job server that has its store for itself."""


def part_of(share: Share, most: int) -> int:
    """Return how many of ``most`` a job server may use; at least 1, and 0 of 0.

    All parts together are ``most``, unless there are more job servers than that.

    >>> [part_of(Share(3, rank), 5) for rank in range(3)]
    [2, 2, 1]
    """
    if most <= 0:
        return 0
    return max(1, (most - share.rank - 1) // share.servers + 1)
