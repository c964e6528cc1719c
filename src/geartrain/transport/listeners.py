"""Listening sockets: bind them, and say where they listen."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat

from geartrain.errors import ListenError
from geartrain.transport.address import Address

__all__ = ["OPEN_TO_ALL", "SocketFile", "address_of", "bind"]


OPEN_TO_ALL = 0o666
"""The mode of a unix socket that is as open as a loopback port.

Whoever may reach its folder may connect: the system asks for the right to write.
"""


def bind(
    address: Address, backlog: int, mode: int = OPEN_TO_ALL
) -> list[socket.socket]:
    """Listen on an address: on all that its host name resolves to.

    ``mode`` is that of a unix socket's file.

    Raises:
        ListenError: with the address and the system's reason.
    """
    try:
        if address.path:
            return [_bind_unix(address.path, backlog, mode)]
        return _bind_tcp(address, backlog)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ListenError(f"cannot listen on {address}: {reason}") from error


def _bind_tcp(address: Address, backlog: int) -> list[socket.socket]:
    found = socket.getaddrinfo(
        address.host or None,
        address.port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )
    listeners: list[socket.socket] = []
    refusal: OSError | None = None
    port = address.port
    for family, kind, protocol, _, where in dict.fromkeys(found):
        listener = None
        try:
            listener = socket.socket(family, kind, protocol)
            _prepare(listener, family)
            listener.bind((where[0], port, *where[2:]))
            listener.listen(backlog)
        except OSError as error:
            if listener is not None:
                listener.close()
            refusal = error
            continue
        # All addresses of a name share the port that the system chose for the first.
        port = listener.getsockname()[1]
        listeners.append(listener)
    if refusal is not None and not (listeners and _has_no_such_family(refusal)):
        for listener in listeners:
            listener.close()
        raise refusal
    return listeners


def _has_no_such_family(error: OSError) -> bool:
    """Tell whether the machine simply has no IPv6, or no IPv4."""
    text = os.strerror(error.errno) if error.errno else ""
    return text in {
        "Address family not supported by protocol",
        "Cannot assign requested address",
    }


def _prepare(listener: socket.socket, family: int) -> None:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.setblocking(False)


def _bind_unix(path: str, backlog: int, mode: int) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.bind(path)
        # Nobody can connect before it listens.
        os.chmod(path, mode)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_stale(path: str) -> None:
    """Remove a socket file that no process listens on; leave everything else alone.

    Raises:
        OSError: the path is something else.
    """
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        words = "what is there is no socket: remove it, or name another path"
        raise OSError(errno.EEXIST, words, path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # One whose queue is full would keep us waiting.
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except (BlockingIOError, TimeoutError):
            pass
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


class SocketFile:
    """The file of a listening unix socket, as it was when the socket was bound.

    Whoever removed it may have put another there, of another job server.

    Attributes:
        path: its path.
    """

    def __init__(self, path: str) -> None:
        """Take note of the file that has the path now."""
        self.path = path
        self._stat = os.lstat(path)

    def remove(self) -> None:
        """Remove the file, unless it is another by now; raises OSError."""
        if self._is_still_there():
            os.unlink(self.path)

    def give_to(self, uid: int, gid: int) -> None:
        """Make a user its owner, who can then remove it; raises OSError."""
        if self._is_still_there():
            os.chown(self.path, uid, gid, follow_symlinks=False)

    def _is_still_there(self) -> bool:
        try:
            return os.path.samestat(self._stat, os.lstat(self.path))
        except FileNotFoundError:
            return False


def address_of(listener: socket.socket) -> Address:
    """Return where a socket listens."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        # An abstract one's is bytes that begin with a zero.
        return Address(path=os.fsdecode(name), port=0)
    return Address(host=name[0], port=name[1])
