"""Processes that handlers fork: copies of a process that must not act in its name."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection

__all__ = ["watch_forks"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def watch_forks(handlers: Collection[object], forget: Callable[[], None]) -> None:
    """Call ``forget`` first in every process that is forked from now on.

    There the default action replaces ``handlers``, the signal handlers of this process:
    ``multiprocessing``, for one, expects SIGTERM to end a process. These signals are
    blocked during the fork, because one that came before that would be lost.
    """
    held = threading.local()

    def before() -> None:
        held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)

    def after() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, held.mask)

    def after_in_child() -> None:
        forget()
        for number in _SIGNALS:
            if signal.getsignal(number) in handlers:
                signal.signal(number, signal.SIG_DFL)
        after()

    os.register_at_fork(
        before=before, after_in_parent=after, after_in_child=after_in_child
    )
