"""What a fork leaves to the parent: its connections, and who is to notice.

A child that is forked inherits the descriptors of all connections. Would it write to
one, or end its TLS, the parent's conversation would break; would it only keep them, the
job server would not learn of the parent's death as long as the child lives. So in the
child each is replaced, at once, by ``/dev/null``: objects that still hold one find a
descriptor that is theirs, and no connection at its end.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet

__all__ = ["Forked", "enclose", "own", "tell"]


class Forked(Protocol):
    """Whoever has to know that it lives on in a child."""

    def in_child(self) -> None:
        """Begin anew: threads are gone, and locks may be held for ever."""


_sockets: WeakSet[socket.socket] = WeakSet()
_told: WeakSet[Forked] = WeakSet()


def own(connection: socket.socket) -> None:
    """Keep a socket to this process: forked children close it."""
    _sockets.add(connection)


def tell(who: Forked) -> None:
    """Call ``who.in_child()`` in each forked child. Only a weak reference is kept."""
    _told.add(who)


def enclose(before: Callable[[], None], after: Callable[[], None]) -> None:
    """Call ``before`` ahead of each fork, and ``after`` behind it on both sides.

    In the child it is called when all who have to know have been told.
    """
    # Python calls what was registered last first before a fork, and last in the child.
    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


def _in_child() -> None:
    """Close the parent's connections in this child, and tell who asked for it."""
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
    for who in list(_told):
        who.in_child()


os.register_at_fork(after_in_child=_in_child)
