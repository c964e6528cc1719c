"""The signals that stop a worker, protected from its handlers.

A process that a handler forks is not stopped so: there they do what they did before the
worker ran. One that comes before that is set up waits until then, for Python would drop
it, or call the parent's signal handler: a process of ``multiprocessing.Pool`` that was
ended as it began lived for ever, and its job with it (one pool of 60).

Only signals whose handler is the library's are held: what another handler raised while
they are let through would be lost.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from geartrain.transport import forks
from geartrain.worker.log import LOG

__all__ = ["STOPPING", "Signals", "hold", "is_forking", "let_go", "unblock"]

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)

_held: set[signal.Signals] = set()


class _Fork(threading.local):
    """The fork that is under way in a thread.

    Attributes:
        mask: the signals that were blocked before it; None while there is none.
    """

    mask: set[int | signal.Signals] | None = None


_fork = _Fork()


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
        hold(STOPPING)
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
        handled = tuple(self._before.items())
        for number, handler in handled:
            # Python cannot restore a handler that was set in C.
            with suppress(ValueError, TypeError):
                signal.signal(number, handler)
            self._before.pop(number, None)
        let_go(number for number, _ in handled)


def unblock(numbers: set[signal.Signals]) -> None:
    """Unblock signals in this thread."""
    if numbers:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def hold(numbers: Iterable[signal.Signals]) -> None:
    """Have children get these signals no sooner than they have left their parent.

    Their handlers must raise nothing while ``is_forking``: Python would drop it.
    """
    _held.update(numbers)


def let_go(numbers: Iterable[signal.Signals]) -> None:
    """Hold these signals over forks no more."""
    _held.difference_update(numbers)


def is_forking() -> bool:
    """Tell whether this thread is about to fork, or has just done so."""
    return _fork.mask is not None


def _block() -> None:
    if _held:
        # Noted first: the handler of another signal may end this.
        _fork.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        signal.pthread_sigmask(signal.SIG_BLOCK, _held)


def _restore() -> None:
    if _fork.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _fork.mask)
        _fork.mask = None


forks.enclose(_block, _restore)
