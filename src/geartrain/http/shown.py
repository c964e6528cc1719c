"""Which functions have metrics of their own, and the sum of all others.

A hundred functions are shown at most, those that wait longest, have the most jobs
waiting, or were submitted most, so that an answer stays within 1 MB. The rest is one
function to Prometheus, ``REST``. A counter of it must never fall, which would be taken
for a restart: so what a function had done before it was shown stays there, and what it
did while it was shown never comes there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from geartrain.http.exposition import Value, escaped
from geartrain.http.families import FUNCTION_FAMILIES

__all__ = ["MOST_SHOWN", "RANKS", "REST", "Rest", "choose", "label_of"]

REST: Final = "(other)"
"""The label of all functions that are not shown, together."""

MOST_SHOWN: Final = 100
RANKS: Final = "oldest,waiting,submitted"
"""What functions are sorted by to be shown, as ``statistics`` calls it."""

# Bytes of an answer for functions, and those of a line beside the function's name.
_MOST_BYTES: Final = 900_000
_LINE: Final = 70

_LINES: Final = sum(len(each.series()) for each in FUNCTION_FAMILIES)

# Which of the values are counters, and which is the age that does not add up.
_IS_COUNTER: Final = [
    each.kind != "gauge" for each in FUNCTION_FAMILIES for _ in each.series()
]
_OLDEST: Final = [
    each.name == "gearman_oldest_job_age_seconds"
    for each in FUNCTION_FAMILIES
    for _ in each.series()
].index(True)

Values = Sequence[Value]


def label_of(function: str) -> str:
    r"""Return a function's label: bytes that are not UTF-8 are shown as ``\xff``."""
    data = function.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "backslashreplace")


def choose(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the rows of the functions to show, by label: the first there is room for.

    A function whose label another has, too, or whose name is too long for what is left
    of the answer, is not shown.
    """
    chosen: dict[str, dict[str, Any]] = {}
    room = _MOST_BYTES // _LINES
    for row in rows:
        label = label_of(row["function"])
        size = _LINE + len(escaped(label).encode())
        if label not in chosen and label != REST and size <= room:
            chosen[label] = row
            room -= size
    return chosen


class Rest:
    """The functions that are not shown, from one scrape to the next."""

    def __init__(self) -> None:
        self._shown: dict[str, Values] = {}
        self._last: Values = []
        self._moved = [0.0] * len(_IS_COUNTER)
        self._has_others = False

    def take(self, shown: Mapping[str, Values], whole: Values, count: int) -> Values:
        """Return the values of the rest, of ``count`` functions in all.

        ``whole`` are the values of all together, functions that are forgotten included.
        """
        self._move(shown)
        rest = [
            self._left(number, total, [values[number] for values in shown.values()])
            for number, total in enumerate(whole)
        ]
        self._shown, self._last = dict(shown), rest
        self._has_others = count > len(shown)
        return rest

    def _move(self, shown: Mapping[str, Values]) -> None:
        """Take note of functions that are shown now, or no longer."""
        for label, values in self._shown.items():
            if label not in shown:
                self._shift(values, -1)
        if self._has_others:
            for label, values in shown.items():
                if label not in self._shown:
                    self._shift(values, 1)

    def _shift(self, values: Values, sign: int) -> None:
        for number, value in enumerate(values):
            if _IS_COUNTER[number]:
                self._moved[number] += sign * (value or 0)

    def _left(self, number: int, total: Value, parts: Sequence[Value]) -> Value:
        if number == _OLDEST:
            # That of the rest is not known, but that it is less than those shown.
            return None
        left = (total or 0) - sum(each or 0 for each in parts)
        if not _IS_COUNTER[number]:
            return max(left, 0)
        least = (self._last[number] or 0) if self._last else 0
        # The rows were not all made in the same moment, and sums are rounded.
        return max(round(left + self._moved[number], 6), least)
