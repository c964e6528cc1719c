"""Checks of passwords: one after the other, in a thread that steps back.

A check is a quarter of a second of work and 16 MiB. It goes on without Python's lock,
so the event loop runs beside it, if there is a processor for both. On a machine with
one, or a busy one, the thread has the lowest priority: whoever logs in waits longer,
and nobody else does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from geartrain.server.passwords import is_password

__all__ = ["Checker"]

# Checks that may wait: three seconds of work.
_MOST_WAITING: Final = 10
_LOWEST: Final = 19


class Checker:
    """Checks passwords for all who log in."""

    def __init__(self) -> None:
        # It starts its thread with the first check.
        self._thread = ThreadPoolExecutor(1, "passwords", initializer=_step_back)
        self._waiting = 0

    def is_full(self) -> bool:
        """Tell whether the queue is full, so that no further check may wait."""
        return self._waiting >= _MOST_WAITING

    async def is_password(self, password: str, hashed: str) -> bool:
        """Tell whether a hash is that of a password, once those before are checked."""
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            return await loop.run_in_executor(
                self._thread, is_password, password, hashed
            )
        finally:
            self._waiting -= 1


def _step_back() -> None:
    """Give this thread the lowest priority; on Linux each has one of its own."""
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)
