"""How often an address may try to log in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine.model.principals import site_of

__all__ = ["Attempts"]

# Failures at once, and seconds until one more is allowed: 8,640 a day.
_BURST: Final = 5
_PAUSE: Final = 10.0
# Addresses that are remembered.
_MOST: Final = 10_000


class Attempts:
    """Failures to log in, by address; all addresses of an IPv6 site are one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` returns seconds."""
        self._clock = clock
        # When each would have no failure left to count.
        self._clear_at: dict[str, float] = {}

    def wait(self, address: str) -> float:
        """Return for how many seconds an address may not try; 0 if it may."""
        left = self._clear_at.get(site_of(address), 0.0) - self._clock()
        return max(0.0, left - (_BURST - 1) * _PAUSE)

    def forgive(self, address: str) -> None:
        """Forget an attempt that turned out to be none: it was right."""
        site = site_of(address)
        if site in self._clear_at:
            self._clear_at[site] -= _PAUSE

    def note(self, address: str) -> None:
        """Count a failure."""
        site, now = site_of(address), self._clock()
        clear_at = max(self._clear_at.pop(site, 0.0), now) + _PAUSE
        if len(self._clear_at) >= _MOST:
            # The oldest failure goes first.
            del self._clear_at[next(iter(self._clear_at))]
        self._clear_at[site] = clear_at
