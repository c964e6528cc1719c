"""How long to wait before the next try to connect."""

from __future__ import annotations

import random
from typing import Final

__all__ = ["MAX_PAUSE", "Backoff"]

_FIRST: Final = 0.1
MAX_PAUSE: Final = 10.0
_DOUBLINGS: Final = 10


class Backoff:
    """Pauses that double from 0.1 to 10 seconds.

    Each is between half and all of that, by chance, so that workers that lost a job
    server together do not come back together.
    """

    __slots__ = ("_tries",)

    def __init__(self) -> None:
        self._tries = 0

    @property
    def tries(self) -> int:
        """Return how many pauses there were since the last ``reset``."""
        return self._tries

    def next(self) -> float:
        """Return the next pause in seconds."""
        longest = min(MAX_PAUSE, _FIRST * 2.0 ** min(self._tries, _DOUBLINGS))
        self._tries += 1
        return longest * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._tries = 0
