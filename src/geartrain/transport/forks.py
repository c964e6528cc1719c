"""What a fork leaves to the parent: connections, signal handlers, who is to notice.

A child that is forked inherits the descriptors of all connections. Would it write to
one, or end its TLS, the parent's conversation would break; would it only keep them, the
job server would not learn of the parent's death as long as the child lives. So in the
child each is replaced, at once, by ``/dev/null``: objects that still hold one find a
descriptor that is theirs, and no connection at its end.

A signal that asks the child to end waits until all have been told. Before that the
parent's handlers would get it, and act for the parent or drop it: a process of
``multiprocessing.Pool`` that is ended as it starts lived for ever, and its job with it
(one pool of 100).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["ENDING", "Forked", "own", "tell"]

# The signals that ask a process to end, or to begin anew.
ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Forked(Protocol):
    """Whoever has to know that it lives on in a child."""

    def in_child(self) -> None:
        """Begin anew: threads are gone, and locks may be held for ever.

        The signals ``ENDING`` are blocked until it returns.
        """


# The signals that the thread which forks blocked before.
_held = threading.local()
_sockets: WeakSet[socket.socket] = WeakSet()
_told: WeakSet[Forked] = WeakSet()


def own(connection: socket.socket) -> None:
    """Keep a socket to this process: forked children close it."""
    _sockets.add(connection)


def tell(who: Forked) -> None:
    """Call ``who.in_child()`` in each forked child. Only a weak reference is kept."""
    _told.add(who)


def _hold_signals() -> None:
    _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _in_child() -> None:
    """Leave what is the parent's, then take signals."""
    try:
        _leave_connections()
        for who in list(_told):
            who.in_child()
    finally:
        _release_signals()


def _leave_connections() -> None:
    """Close the parent's connections in this child."""
    nothing = -1
    for connection in list(_sockets):
        descriptor = connection.fileno()
        if descriptor < 0:
            continue
        with contextlib.suppress(OSError):
            if nothing < 0:
                nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            os.dup2(nothing, descriptor, inheritable=False)
    if nothing >= 0:
        os.close(nothing)
    _sockets.clear()


os.register_at_fork(
    before=_hold_signals, after_in_parent=_release_signals, after_in_child=_in_child
)
