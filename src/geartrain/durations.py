"""Durations as people write them: ``90``, ``0.5``, ``20m``, ``1h30m``, ``2d``.

Wherever a number of seconds is read from a text, this reads it: options, policies,
options of submissions, text commands, flags and forms.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DURATION", "read_duration"]

DURATION: Final = "90, 0.5, 20m, 1h30m or 2d"
"""Examples for people, to follow "such as"."""

# Longer than any number within the bounds of settings.
_LONGEST: Final = 40
_NUMBER: Final = r"([0-9]+(?:\.[0-9]+)?)"
_UNITS: Final = (("w", 604800.0), ("d", 86400.0), ("h", 3600.0), ("m", 60.0))
# The largest unit first, each at most once; the number before ``m`` is no ``ms``.
_PARTS: Final = (*_UNITS, ("s", 1.0), ("ms", 0.001))
_WITH_UNITS: Final = re.compile("".join(f"(?:{_NUMBER}{unit})?" for unit, _ in _PARTS))
_PLAIN: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def read_duration(text: str) -> float | None:
    """Return the seconds that a text stands for; None if it is no duration.

    Units are ``w``, ``d``, ``h``, ``m``, ``s`` and ``ms``, the largest first. A number
    without a unit is seconds, and may have a sign: bounds are the caller's.

    >>> read_duration("1h30m"), read_duration("500ms"), read_duration("0.5")
    (5400.0, 0.5, 0.5)
    """
    if len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text) is not None:
        return float(text)
    found = _WITH_UNITS.fullmatch(text)
    if found is None or not text:
        return None
    seconds = 0.0
    for number, (_, size) in zip(found.groups(), _PARTS, strict=True):
        if number is not None:
            seconds += float(number) * size
    return seconds
