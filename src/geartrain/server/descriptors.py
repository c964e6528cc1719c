"""Log when the process has no descriptors left for connections.

uvloop accepts a connection for which there is none only to close it, and says nothing.
"""

from __future__ import annotations

import logging
import math
import resource
from collections.abc import Callable

__all__ = ["Descriptors"]

# Seconds between two warnings that none are left.
_TOLD_AGAIN = 60.0

_log = logging.getLogger("geartrain.server")


class Descriptors:
    """Tells in the log when a connection has got the last descriptor."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Take the limit that the process has now; ``monotonic`` is a steady clock."""
        self._monotonic = monotonic
        self._last = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1
        self._told_at = -math.inf

    def note(self, descriptor: int) -> None:
        """Note a new connection's descriptor: the lowest of those that were free."""
        if descriptor < self._last or self._last < 0:
            return
        now = self._monotonic()
        if now - self._told_at < _TOLD_AGAIN:
            return
        self._told_at = now
        _log.error(
            "all %d descriptors are in use: further connections are closed at once;"
            " let the process have more (--descriptors, ulimit -Hn)",
            self._last + 1,
            extra={"action": "descriptors_used_up"},
        )
