"""Listings: the jobs that there were in memory when a peer began to list them."""

from __future__ import annotations

__all__ = ["Listing"]


class Listing:
    """The handles of the jobs in memory when a peer began to list them.

    Not the jobs: one that ends meanwhile is not kept in memory for it.
    """

    def __init__(self, order: list[bytes]) -> None:
        self.order = order
        """The handles."""
        self.listed: set[bytes] = set()
        """Those of them that were listed and that the store has, too."""
        self.is_partial = False
        """Others may follow these."""
        self.is_continued = False
        """It was begun in another connection, which knows what was ``listed``."""

    def is_at_end(self, start: int) -> bool:
        """Tell whether there is nothing from this position on."""
        return start >= len(self.order)

    def size(self) -> int:
        """Return how many handles this holds."""
        return len(self.order) + len(self.listed)
