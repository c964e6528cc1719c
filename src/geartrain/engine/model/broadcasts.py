"""Broadcasts: one submission that becomes a job for each worker, or for each host.

Its jobs are a batch with the name of its handle, each for one addressee. The job that
has the handle runs nowhere: it waits for that batch, and ends with what all of these
came to.
"""

from __future__ import annotations

__all__ = ["Broadcast"]


class Broadcast:
    """What the jobs of a broadcast have come to so far."""

    def __init__(self, number: int, is_kept: bool) -> None:
        self.number = number
        """The number in its handle."""
        self.is_kept = is_kept
        """A store keeps its jobs, and so what they come to."""
        self.members: dict[int, None] = {}
        """The numbers of its jobs that have not ended, as far as they are known: those
        that only the store has are not after a restart.
        """
        self.outcomes: dict[int, bytes] = {}
        """What the others came to, as JSON, by their numbers."""
        self.untold: list[bytes] = []
        """Those of these that its clients are to be told yet."""
        self.size = 0
        """The bytes of the results in them."""
