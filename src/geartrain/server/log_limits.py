"""How many lines of one kind may be logged a second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

__all__ = ["LogLimits"]

# A peer can cause lines of most kinds at will. At 200 bytes a line this is 20 KB/s,
# 1.7 GB a day, of each kind; an operator who has seen a thousand knows.
_RATE = 100.0
_BURST = 1000.0
# Kinds are the texts of our own source: there are some hundred.
_MOST_KINDS = 2000


class _Kind:
    """A bucket of lines that may still be logged."""

    def __init__(self, now: float) -> None:
        self.left = _BURST
        self.filled = now
        self.left_out = 0


class LogLimits:
    """Lets lines of our own pass, up to 100 a second of each kind, 1,000 at once.

    Other programs' lines, such as those of the code that workers run, always pass.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def lets_pass(self, record: logging.LogRecord) -> bool:
        """Count a record; return whether to log it."""
        if not record.name.startswith("geartrain."):
            return True
        now = self._clock()
        kind = self._kind(record, now)
        kind.left = min(_BURST, kind.left + (now - kind.filled) * _RATE)
        kind.filled = now
        if kind.left < 1.0:
            kind.left_out += 1
            return False
        kind.left -= 1.0
        return True

    def take_left_out(self) -> list[tuple[str, int]]:
        """Return kinds of which lines were left out since the last time, and counts."""
        found = []
        for (_, name), kind in list(self._kinds.items()):
            if kind.left_out:
                found.append((name, kind.left_out))
                kind.left_out = 0
        return found

    def _kind(self, record: logging.LogRecord, now: float) -> _Kind:
        key = (record.name, getattr(record, "action", None) or str(record.msg))
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= _MOST_KINDS:
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(now)
        return kind
