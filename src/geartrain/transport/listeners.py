"""Listening sockets: bind them, and say where they listen."""

from __future__ import annotations

import contextlib
import os
import socket
import stat

from geartrain.errors import ListenError
from geartrain.transport.address import Address

__all__ = ["bind", "describe"]


def bind(address: Address, backlog: int) -> list[socket.socket]:
    """Listen on an address: on all that its host name resolves to.

    Raises:
        ListenError: with the address and the system's reason.
    """
    try:
        if address.path:
            return [_bind_unix(address.path, backlog)]
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
        # A port the system chose is to be the same for all of a name's addresses.
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


def _bind_unix(path: str, backlog: int) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.bind(path)
        # As open as a loopback port: whoever may reach its folder may connect.
        os.chmod(path, 0o666)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_stale(path: str) -> None:
    """Remove a socket that nobody listens on any more; leave all else alone."""
    try:
        is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def describe(listener: socket.socket) -> str:
    """Return where a socket listens, as ``Address`` is written."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return str(Address(path=name, port=0))
    return str(Address(host=name[0], port=name[1]))
