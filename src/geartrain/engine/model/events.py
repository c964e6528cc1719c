"""Events: what happens to jobs and functions, for those who follow it.

Nothing is written down while nobody follows. The latest events are kept in a ring, so
that a follower that lost its connection goes on where it was; it is kept for a minute
after the last follower left. At most ``MOST_A_SECOND`` are told in a second, so that
following costs the same at any load: of the others only their number is told. And
followers are told at most ten times a second, because each is a system call.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["MOST_A_SECOND", "Events", "Follower", "Happening"]

MOST_A_SECOND: Final = 500
"""How many events are told in a second. People read fewer; statistics count all."""

# What the ring has room for.
_MOST: Final = 10_000
_MOST_BYTES: Final = 8 * 1024 * 1024
# Seconds for which it is kept when nobody follows.
_KEPT_FOR: Final = 60.0


class Happening:
    """One event."""

    def __init__(self, number: int, function: bytes, row: bytes) -> None:
        self.number = number
        """Its number, one more than the last one's."""
        self.function = function
        """The function it is about; empty for none."""
        self.row = row
        """How it is told."""


class Follower:
    """How far a peer has been told, and of what."""

    def __init__(self, function: bytes, position: int) -> None:
        self.function = function
        """The function it follows; empty for all."""
        self.position = position
        """The number of the last event that it was told."""

    def takes(self, happening: Happening) -> bool:
        """Tell whether it is to be told of an event."""
        function = self.function
        return not function or not happening.function or function == happening.function


class Events:
    """The latest events."""

    def __init__(self) -> None:
        self.is_on = False
        """Events are to be noted."""
        self.is_telling = False
        """Followers are being told."""
        self.told_at = 0.0
        """When they were last begun to be told, by the steady clock."""
        self.tell_at = 0.0
        """When they are to be told next, by the same; 0 if nothing is to be."""
        self.followers = 0
        """How many follow."""
        self.last = 0
        """The number of the last event."""
        self.functions: dict[bytes, int] = {}
        """How many follow each function; an empty name is all."""
        self.life = ""
        """What tells the numbers of this life from those of others."""
        self._ring: deque[Happening] = deque()
        self._size = 0
        self._until = 0.0
        self._second = 0.0
        self._left = 0
        self._skipped = 0

    def wants(self, function: bytes) -> bool:
        """Tell whether somebody follows a function."""
        return b"" in self.functions or function in self.functions

    def join(self, function: bytes, life: str) -> None:
        """Count one follower more; ``life`` names this life, at the first one."""
        self.life = self.life or life
        self.is_on = True
        self.followers += 1
        self.functions[function] = self.functions.get(function, 0) + 1

    def leave(self, function: bytes, now: float) -> None:
        """Count one follower fewer."""
        # The names stay for whoever comes back for what it missed.
        self.functions[function] -= 1
        self.followers -= 1
        if not self.followers:
            self._until = now + _KEPT_FOR

    def is_over(self, now: float) -> bool:
        """Forget all if nobody has followed for a while; tell whether that is so."""
        if self.followers or now < self._until:
            return False
        self.is_on = False
        self.functions.clear()
        self._ring.clear()
        self._size = 0
        return True

    def has_room(self, now: float) -> bool:
        """Tell whether another event may be told in this second."""
        if now >= self._second + 1.0:
            self._second = now
            self._left = MOST_A_SECOND
        if self._left > 0:
            self._left -= 1
            return True
        self._skipped += 1
        return False

    def take_skipped(self) -> int:
        """Return how many events were not told since this was asked last."""
        skipped = self._skipped
        self._skipped = 0
        return skipped

    def add(self, function: bytes, row: bytes) -> None:
        """Add an event; the oldest go where there is no room."""
        self.last += 1
        self._ring.append(Happening(self.last, function, row))
        self._size += len(row)
        while len(self._ring) > _MOST or self._size > _MOST_BYTES:
            self._size -= len(self._ring.popleft().row)

    def first(self) -> int:
        """Return the number of the oldest event there is."""
        return self._ring[0].number if self._ring else self.last + 1

    def after(self, position: int, most: int) -> list[Happening]:
        """Return at most so many events after one."""
        start = max(0, position + 1 - self.first())
        ring = self._ring
        if start >= len(ring):
            return []
        # From the nearer end: those who follow are at the newer one.
        return [ring[place] for place in range(start, min(start + most, len(ring)))]
