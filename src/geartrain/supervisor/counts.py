"""What there is to say about all processes together."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Counts"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A look at all processes.

    Attributes:
        wanted: how many processes there should be.
        up: how many have made their worker.
        busy: jobs at hand.
        done: jobs that ended well, since the start.
        failed: jobs that did not.
    """

    wanted: int
    up: int
    busy: int
    done: int
    failed: int

    @property
    def ended(self) -> int:
        """Return how many jobs ended, well or not."""
        return self.done + self.failed
