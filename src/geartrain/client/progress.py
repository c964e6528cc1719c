"""A line on the terminal that says how far something long has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sized
from types import TracebackType
from typing import Final, Self

__all__ = ["Progress"]

# Seconds between two changes of the line.
_PAUSE: Final = 0.1


class Progress:
    """Counts on standard error while it is a terminal; else says nothing."""

    def __init__(self, name: str, items: Iterable[object], is_wanted: bool) -> None:
        """``items`` tell the total if they have a length."""
        self._name = name
        self._total = len(items) if isinstance(items, Sized) else 0
        self._is_shown = is_wanted and sys.stderr.isatty()
        self._count = 0
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_shown:
            self._show(time.monotonic())
            sys.stderr.write("\n")
            sys.stderr.flush()

    def add(self, count: int = 1) -> None:
        """Count some more that are done."""
        if not self._is_shown:
            return
        self._count += count
        now = time.monotonic()
        if now - self._shown >= _PAUSE:
            self._show(now)

    def _show(self, now: float) -> None:
        self._shown = now
        rate = self._count / max(now - self._began, 0.001)
        line = f"{self._name}: {self._count:,}"
        if self._total:
            line += f" of {self._total:,} ({self._count / self._total:.0%})"
        line += f", {rate:,.0f} jobs/s"
        if self._total and rate:
            line += f", {(self._total - self._count) / rate:.0f} s left"
        sys.stderr.write(f"\r{line}\x1b[K")
        sys.stderr.flush()
