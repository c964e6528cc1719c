"""What threads wait for: another thread rings a bell, or ends its turn."""

from __future__ import annotations

import contextlib
import threading

from geartrain.transport import forks
from geartrain.transport.locks import took

__all__ = ["Bell", "Turn"]


class Bell:
    """An event that holds no lock, so that signal handlers may set it, too.

    If it rang before anybody waited, the next who waits goes on at once.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Wake whoever waits; ringing twice is the same as ringing once."""
        with contextlib.suppress(RuntimeError):
            self._lock.release()

    def wait(self, seconds: float | None) -> bool:
        """Return True when it rings, False after so many seconds; None is no limit."""
        if seconds is None:
            seconds = threading.TIMEOUT_MAX
        return self._lock.acquire(timeout=max(0.0, min(seconds, threading.TIMEOUT_MAX)))


class Turn:
    """A reentrant lock of one thread at a time, which a forked child finds free."""

    def __init__(self) -> None:
        self.in_child()
        forks.tell(self)

    def in_child(self) -> None:
        """Begin anew: whoever had it is a thread of the parent's."""
        self._lock = threading.RLock()

    def begin(self, turn: list[bool], seconds: float | None) -> bool:
        """Wait for it for some seconds at most, None without limit; tell if it came.

        ``turn``, an empty list, is for ``end``.
        """
        if seconds is None:
            return took(self._lock, turn)
        seconds = max(0.0, min(seconds, threading.TIMEOUT_MAX))
        return took(self._lock, turn, timeout=seconds)

    def end(self, turn: list[bool]) -> None:
        """Let another thread have it, if ``turn`` is that of one who has it."""
        if turn:
            # A child that was forked meanwhile has another one.
            with contextlib.suppress(RuntimeError):
                self._lock.release()
            turn.clear()
