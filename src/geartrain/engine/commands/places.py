"""Places: what stands where in a sorted list of which a part is asked for at a time.

A place is a number, the lowest first, and a name that decides between equal ones. The
last place of a part is where the next part goes on: whatever comes and goes meanwhile,
what keeps its place is listed once.
"""

from __future__ import annotations

import re
from typing import Final

from geartrain.engine.commands.rows import text
from geartrain.engine.model.globs import is_pattern, translated
from geartrain.errors import OptionError

__all__ = ["Place", "Places", "matcher", "place_text", "read_place"]

Place = tuple[int, bytes]

# Places kept beyond what a part needs, so that it is sorted once in a thousand.
_SPARE: Final = 1000


class Places:
    """The first places of many, or the first after one."""

    def __init__(
        self, limit: int, after: Place | None, *, is_backward: bool = False
    ) -> None:
        self._limit = limit
        self._after = after
        self._is_backward = is_backward
        self._found: list[Place] = []
        self.before = 0
        """How many come before those that are asked for."""

    def add(self, place: Place) -> None:
        """Add one of all."""
        after = self._after
        if after is not None and not self._follows(place, after):
            self.before += 1
            return
        self._found.append(place)
        if len(self._found) > self._limit + _SPARE:
            self._found = self.first()

    def _follows(self, place: Place, after: Place) -> bool:
        return place < after if self._is_backward else place > after

    def first(self) -> list[Place]:
        """Return the first of them in order, and one more if there is one."""
        return sorted(self._found, reverse=self._is_backward)[: self._limit + 1]


def read_place(after: bytes) -> Place | None:
    """Read the place that what is listed comes after, as ``place_text`` wrote it.

    Raises:
        OptionError: it is none.
    """
    if not after:
        return None
    number, colon, name = after.partition(b":")
    digits = number.removeprefix(b"-")
    if not colon or not digits.isdigit() or len(digits) > 18:
        raise OptionError("after is not from a list: begin again without it")
    return int(number), name


def place_text(place: Place) -> str:
    """Return a place as the argument of the command that goes on from there."""
    return text(b"%d:%s" % place)


def matcher(wanted: bytes) -> re.Pattern[bytes]:
    """Return what finds the names with a text in them, or those that a glob matches.

    Capital letters are as small ones.
    """
    glob = wanted if is_pattern(wanted) else b"*" + wanted + b"*"
    return re.compile(translated(glob), re.IGNORECASE)
