"""Listening sockets that whoever started the process opened before: systemd does.

They stay open while the service restarts: whoever connects meanwhile waits, and is
served by the next process. The protocol is that of ``sd_listen_fds(3)``: variables
of the environment; libsystemd's bindings are a compiled dependency for as much.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from geartrain.errors import ListenError

__all__ = ["Handed", "take_listeners"]

_FIRST = 3
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class Handed(NamedTuple):
    """Listening sockets that were handed over, by what is to be served on them.

    Attributes:
        jobs: for the job port; those whose name is none of the others.
        http: for HTTP; ``FileDescriptorName=http``.
        admin: for text commands that change something; ``FileDescriptorName=admin``.
    """

    jobs: Sequence[socket.socket] = ()
    http: Sequence[socket.socket] = ()
    admin: Sequence[socket.socket] = ()


def take_listeners(environment: MutableMapping[str, str] = os.environ) -> Handed:
    """Return the sockets handed over to this process, which owns them from now on.

    The variables that say so are removed: they are not for child processes. Only the
    first call finds any.

    Raises:
        ListenError: something else than listening stream sockets was handed over.
    """
    pid, count, names = (environment.pop(name, "") for name in _VARIABLES)
    if pid != str(os.getpid()) or not count.isdigit():
        return Handed()
    found: list[socket.socket] = []
    try:
        for descriptor in range(_FIRST, _FIRST + int(count)):
            found.append(_listener(descriptor))
    except ListenError:
        for listener in found:
            listener.close()
        raise
    return _by_name(found, names.split(":"))


def _by_name(listeners: list[socket.socket], names: list[str]) -> Handed:
    handed: dict[str, list[socket.socket]] = {name: [] for name in Handed._fields}
    for listener, name in zip_longest(listeners, names[: len(listeners)]):
        handed[name if name in handed else "jobs"].append(listener)
    return Handed(**handed)


def _listener(descriptor: int) -> socket.socket:
    """Return the listening socket with this descriptor."""
    refused = ListenError(
        f"descriptor {descriptor}, which was handed over (LISTEN_FDS), is no socket"
        " that accepts connections: use ListenStream= and Accept=no"
    )
    try:
        os.set_inheritable(descriptor, False)
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        raise refused from error
    if not _accepts(listener):
        listener.detach()
        raise refused
    listener.setblocking(False)
    return listener


def _accepts(listener: socket.socket) -> bool:
    is_stream = listener.type == socket.SOCK_STREAM
    return is_stream and bool(
        listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    )
