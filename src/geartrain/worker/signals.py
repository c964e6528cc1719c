"""The signals that stop a worker, protected from its handlers."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from geartrain.worker.log import LOG

__all__ = ["STOPPING", "Signals", "unblock"]

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Calls a function at SIGTERM and SIGINT.

    A job's handler, or a library that it uses, may replace or block these signals and
    leave it so. Then the worker could not be stopped any more, so they are set back.

    Attributes:
        is_doubtful: a handler has run since the last check.
        is_to_be_checked: the main thread should check now.
    """

    def __init__(self) -> None:
        self.is_doubtful = False
        self.is_to_be_checked = False
        self._handler: Callable[..., Any] | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._unblocked: set[signal.Signals] = set()

    def handle(self, handler: Callable[..., Any]) -> None:
        """Call ``handler`` at these signals from now on; in the main thread."""
        self._handler = handler
        for number in STOPPING:
            # Noted first, so that an interruption between the two can be undone.
            self._before[number] = signal.getsignal(number)
            signal.signal(number, handler)
        self._unblocked = set(STOPPING) - signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def check(self) -> None:
        """Set back what jobs' handlers have changed; in the main thread."""
        self.is_to_be_checked = self.is_doubtful = False
        for number in self._before:
            if signal.getsignal(number) != self._handler:
                LOG.warning(
                    "a job's handler changed %s: set back",
                    number.name,
                    extra={"action": "signal_restored"},
                )
                signal.signal(number, self._handler)
        unblock(self._unblocked)

    def undo(self) -> None:
        """Restore the earlier signal handlers; after a fork, too."""
        for number, handler in tuple(self._before.items()):
            # Python cannot restore a handler that was set in C.
            with suppress(ValueError, TypeError):
                signal.signal(number, handler)
            self._before.pop(number, None)


def unblock(numbers: set[signal.Signals]) -> None:
    """Unblock signals in this thread."""
    if numbers:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
