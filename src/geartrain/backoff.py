"""Pauses between tries, for clients, workers and supervisors.

Each pause is twice as long as the one before, up to a maximum, and varied by chance:
those who lost a job server together should not all come back at the same moment.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Backoff", "varied_pause"]

# Seconds: the first and the longest pause of those who try for as long as they live.
FIRST_PAUSE: Final = 0.1
MAX_PAUSE: Final = 10.0

# 2.0 ** 1024 overflows.
_MAX_DOUBLINGS: Final = 30


def varied_pause(
    first: float, longest: float, tries: int, spread: tuple[float, float] = (0.5, 1.0)
) -> float:
    """Return the seconds to pause after some tries before this one.

    ``spread`` is by which factors it varies: half to all of it.
    """
    # Not needed before something has failed, and it takes 5 ms to import. The system's
    # numbers, because a program that has seeded its own expects the same ones again.
    from random import SystemRandom

    pause = min(first * 2.0 ** min(tries, _MAX_DOUBLINGS), longest)
    return pause * SystemRandom().uniform(*spread)


class Backoff:
    """The pauses between tries of one thing.

    Attributes:
        tries: the number of pauses since the start or the last ``reset``.
    """

    __slots__ = ("_first", "_longest", "tries")

    def __init__(
        self, first: float | None = None, longest: float | None = None
    ) -> None:
        """Pause ``first`` seconds at first, ``longest`` at most; None: 0.1 and 10."""
        self._first = FIRST_PAUSE if first is None else first
        self._longest = MAX_PAUSE if longest is None else longest
        self.tries = 0

    def next(self) -> float:
        """Return the seconds of the next pause."""
        pause = varied_pause(self._first, self._longest, self.tries)
        self.tries += 1
        return pause

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self.tries = 0
