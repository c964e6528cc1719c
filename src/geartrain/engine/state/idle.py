"""Functions that hold nothing: kept in sight for a while, then forgotten.

A function comes to be when it is named, and anybody can name a million. One without
jobs, workers, dead letters, schedules or limits is listed for an hour, so that an
operator sees a queue whose workers have gone; beyond some thousands of them the one
that has been idle longest goes at once. What it counted goes into a total.

A function is enlisted whenever it may have become unused, and looked at again when its
time has come: nothing is scanned, and each look is paid by an enlisting.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from geartrain.engine.model.functions import Function

__all__ = ["IdleFunctions", "is_for_chunks"]

# Seconds for which a function without use is listed.
_LISTED: Final = 3600.0
# One that was made for the chunks of a single workload has no history worth seeing,
# but its worker may withdraw it and register it again.
_CHUNKS_LISTED: Final = 0.25
_CHUNKS: Final = b".chunks."
_ID_SIZE: Final = 16
_HEX: Final = frozenset(b"0123456789abcdef")


class IdleFunctions:
    """Functions that may be unused, with the time since when."""

    def __init__(self) -> None:
        self.forgotten = 0
        """How many functions have been forgotten."""
        self._others: OrderedDict[Function, float] = OrderedDict()
        self._chunks: OrderedDict[Function, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._others) + len(self._chunks)

    def enlist(self, function: Function, now: float) -> None:
        """Look at a function again when it may have been unused for a while."""
        found = self._chunks if is_for_chunks(function.name) else self._others
        found[function] = now
        found.move_to_end(function)

    def discard(self, function: Function) -> None:
        """Look at a function no more: it has been forgotten."""
        self._others.pop(function, None)
        self._chunks.pop(function, None)

    def next(self) -> float | None:
        """Return when the next function has to be forgotten, or None.

        For those that are listed for an hour nobody is called: they are forgotten
        with the next that is due, or when somebody asks who could see them.
        """
        return _next(self._chunks, _CHUNKS_LISTED)

    def take(self, now: float) -> Function | None:
        """Take an unused function that is to be forgotten by now, or return None."""
        found = _take(self._chunks, now - _CHUNKS_LISTED)
        if found is None:
            found = _take(self._others, now - _LISTED)
        return found

    def take_oldest(self) -> Function | None:
        """Take the function that has been unused longest, or return None."""
        found = _take(self._chunks, float("inf"))
        return _take(self._others, float("inf")) if found is None else found


def is_for_chunks(name: bytes) -> bool:
    """Tell whether a name is one that the library gives to chunks of a workload."""
    identity = name[-_ID_SIZE:]
    return name[-_ID_SIZE - len(_CHUNKS) : -_ID_SIZE] == _CHUNKS and (
        _HEX.issuperset(identity)
    )


def _next(listed: OrderedDict[Function, float], period: float) -> float | None:
    """Return when the first unused function's time has come, striking out the used."""
    while listed:
        function, since = next(iter(listed.items()))
        if function.is_unused():
            return since + period
        del listed[function]
    return None


def _take(listed: OrderedDict[Function, float], until: float) -> Function | None:
    since = _next(listed, 0.0)
    if since is None or since > until:
        return None
    return listed.popitem(last=False)[0]
