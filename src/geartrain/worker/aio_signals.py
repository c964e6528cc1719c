"""The signals that stop an asyncio worker."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from geartrain.worker.log import LOG
from geartrain.worker.signals import STOPPING, unblock

__all__ = ["LoopSignals"]


class LoopSignals:
    """Has an event loop call a function at SIGTERM and SIGINT, as ``Signals`` does.

    Attributes:
        is_doubtful: a handler has run since they were looked at.
    """

    def __init__(self) -> None:
        self.is_doubtful = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._call: Callable[[], None] | None = None
        # What the event loop has made of it, which handlers may replace.
        self._handlers: dict[signal.Signals, Any] = {}
        self._unblocked: set[signal.Signals] = set()

    def handle(self, call: Callable[[], None]) -> None:
        """Have the running event loop call ``call``; in the main thread."""
        self._loop = asyncio.get_running_loop()
        self._call = call
        self._unblocked = set(STOPPING) - signal.pthread_sigmask(signal.SIG_BLOCK, ())
        for number in STOPPING:
            self._set(number)

    def _set(self, number: signal.Signals) -> None:
        if self._loop is not None and self._call is not None:
            self._loop.add_signal_handler(number, self._call)
            self._handlers[number] = signal.getsignal(number)

    def check(self) -> None:
        """Set back what handlers have changed."""
        self.is_doubtful = False
        for number, handler in list(self._handlers.items()):
            if signal.getsignal(number) != handler:
                LOG.warning("a handler changed what %s does: set back", number.name)
                self._set(number)
        unblock(self._unblocked)

    def undo(self) -> None:
        """Have the signals do what they do by default."""
        loop, self._loop = self._loop, None
        self._handlers.clear()
        if loop is not None:
            for number in STOPPING:
                loop.remove_signal_handler(number)

    def leave(self) -> None:
        """Undo it in a child: its event loop is a copy of the parent's.

        The descriptor that signals write to is shared: the parent would be told of
        those that the child gets, and stop.
        """
        if self._loop is None:
            return
        self._loop = None
        # A child that is forked in a thread has that one as its main thread.
        with suppress(ValueError):
            signal.set_wakeup_fd(-1)
            for number in self._handlers:
                signal.signal(number, signal.SIG_DFL)
        self._handlers.clear()
