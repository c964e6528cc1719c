"""The signals that stop an asyncio worker."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from geartrain.worker.log import LOG
from geartrain.worker.signals import STOPPING, hold, let_go, unblock

__all__ = ["LoopSignals"]


class LoopSignals:
    """Calls a function on the event loop at SIGTERM and SIGINT, as ``Signals`` does.

    Attributes:
        is_doubtful: a handler has run since the last check.
    """

    def __init__(self) -> None:
        self.is_doubtful = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._call: Callable[[], None] | None = None
        # The signal handlers that the event loop has set.
        self._handlers: dict[signal.Signals, Any] = {}
        self._unblocked: set[signal.Signals] = set()

    def handle(self, call: Callable[[], None]) -> None:
        """Call ``call`` on this event loop at these signals; in the main thread."""
        self._loop = asyncio.get_running_loop()
        self._call = call
        self._unblocked = set(STOPPING) - signal.pthread_sigmask(signal.SIG_BLOCK, ())
        for number in STOPPING:
            self._set(number)
        hold(STOPPING)

    def _set(self, number: signal.Signals) -> None:
        if self._loop is not None and self._call is not None:
            self._loop.add_signal_handler(number, self._call)
            self._handlers[number] = signal.getsignal(number)

    def check(self) -> None:
        """Set back what jobs' handlers have changed."""
        self.is_doubtful = False
        for number, handler in list(self._handlers.items()):
            if signal.getsignal(number) != handler:
                LOG.warning(
                    "a job's handler changed %s: set back",
                    number.name,
                    extra={"action": "signal_restored"},
                )
                self._set(number)
        unblock(self._unblocked)

    def undo(self) -> None:
        """Restore the default actions."""
        let_go(self._handlers)
        loop, self._loop = self._loop, None
        self._handlers.clear()
        if loop is not None:
            for number in STOPPING:
                loop.remove_signal_handler(number)

    def leave(self) -> None:
        """Undo it in a forked process, whose event loop is a copy of the parent's.

        Both share the descriptor that signals write to: a signal to this process would
        stop the parent.
        """
        if self._loop is None:
            return
        self._loop = None
        let_go(self._handlers)
        # A process that was forked in a thread has that one as its main thread.
        with suppress(ValueError):
            signal.set_wakeup_fd(-1)
            for number in self._handlers:
                signal.signal(number, signal.SIG_DFL)
        self._handlers.clear()
