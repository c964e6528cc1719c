"""The signals that stop a worker, which handlers run beside."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from geartrain.worker.log import LOG

__all__ = ["STOPPING", "Signals", "unblock"]

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Has SIGTERM and SIGINT call a function, for as long as it is wanted.

    A handler, or a library that it calls, may set others in their place, or block
    them, and leave them so: the worker could not be stopped any more.

    Attributes:
        is_doubtful: a handler has run since they were looked at.
        is_to_be_checked: they are to be looked at by the main thread.
    """

    def __init__(self) -> None:
        self.is_doubtful = False
        self.is_to_be_checked = False
        self._handler: Callable[..., Any] | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._unblocked: set[signal.Signals] = set()

    def handle(self, handler: Callable[..., Any]) -> None:
        """Have the signals call ``handler``; in the main thread."""
        self._handler = handler
        for number in STOPPING:
            # Before: a signal that comes between the two finds it to be undone.
            self._before[number] = signal.getsignal(number)
            signal.signal(number, handler)
        self._unblocked = set(STOPPING) - signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def check(self) -> None:
        """Set back what handlers have changed; in the main thread."""
        self.is_to_be_checked = self.is_doubtful = False
        for number in self._before:
            if signal.getsignal(number) != self._handler:
                LOG.warning("a handler changed what %s does: set back", number.name)
                signal.signal(number, self._handler)
        unblock(self._unblocked)

    def undo(self) -> None:
        """Have the signals do what they did before; after a fork, too."""
        for number, handler in tuple(self._before.items()):
            # Python cannot set a handler that was set by others.
            with suppress(ValueError, TypeError):
                signal.signal(number, handler)
            self._before.pop(number, None)


def unblock(numbers: set[signal.Signals]) -> None:
    """Take signals in this thread again."""
    if numbers:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
