"""Wait for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE", "wait_until"]

PATIENCE = 20.0
"""Seconds that anything which ought to happen may take on a busy machine."""


def wait_until(
    condition: Callable[[], object], what: str = "this", timeout: float = PATIENCE
) -> None:
    """Return once ``condition`` holds; fail if ``what`` never comes about."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout:g} s still not: {what}"
        time.sleep(0.01)
