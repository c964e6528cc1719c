"""Wait for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE", "slowness", "wait_until"]

PATIENCE = 60.0
"""Seconds that anything which ought to happen may take on a busy machine.

Only what is broken takes so long, so that a larger figure costs nothing.
"""

# Seconds of work that tell how busy the machine is: more than a turn of its scheduler.
_WORK = 0.03


def wait_until(
    condition: Callable[[], object], what: str = "this", timeout: float = PATIENCE
) -> None:
    """Return once ``condition`` holds; fail if ``what`` never comes about."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout:g} s still not: {what}"
        time.sleep(0.01)


def slowness() -> float:
    """Return how many times longer work takes now, beside that of others, than alone.

    A limit of time that is about the server, and not about the machine, is multiplied
    by it.
    """
    began, worked = time.monotonic(), time.thread_time()
    while time.thread_time() - worked < _WORK:
        pass
    return max(1.0, (time.monotonic() - began) / _WORK)
