"""Who a connection is from: its address, its certificate, its user on this machine."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Final

from geartrain.engine.model.principals import NOWHERE, UNIX, Identity

__all__ = ["identity_of", "numeric_host"]

# The numbers of a process, its user and its group (unix(7)).
_CREDENTIALS: Final = struct.Struct("iII")
# Linux has it since 4.13; Python names it nowhere.
_SO_PEERGROUPS: Final = 59
_GROUP: Final = struct.Struct("I")
# Linux allows a process that many groups.
_MOST_GROUPS: Final = 65536


def identity_of(transport: asyncio.BaseTransport) -> Identity:
    """Return who the peer of a transport is, as far as that tells.

    One within this process says by its ``identity`` whom it acts for.
    """
    known: Identity | None = transport.get_extra_info("identity")
    if known is not None:
        return known
    accepted = transport.get_extra_info("socket")
    if accepted is not None and accepted.family == socket.AF_UNIX:
        return _local(accepted)
    found = Identity(numeric_host(transport.get_extra_info("peername")))
    secured = transport.get_extra_info("ssl_object")
    if secured is not None:
        found.certificates = tuple(_names(secured.getpeercert() or {}))
    return found


def numeric_host(peername: Any) -> str:
    """Return a peer's numeric host; an IPv4 one that came over IPv6 as IPv4."""
    if not isinstance(peername, tuple):
        return NOWHERE
    host: str = peername[0]
    return host.partition("%")[0].removeprefix("::ffff:")


def _local(accepted: socket.socket) -> Identity:
    """Return who has connected by a unix socket: the system vouches for the numbers."""
    found = Identity(UNIX)
    try:
        given = accepted.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
        )
    except OSError:
        return found
    _, found.uid, gid = _CREDENTIALS.unpack(given)
    found.gids = (gid, *_groups(accepted))
    return found


def _groups(accepted: socket.socket) -> tuple[int, ...]:
    """Return the other groups of a local peer.

    They are those of its process: the group database, which may be another machine's,
    is not asked.
    """
    size = 64 * _GROUP.size
    while size <= _MOST_GROUPS * _GROUP.size:
        try:
            given = accepted.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, size)
        except OSError:
            size *= 32
            continue
        return tuple(gid for (gid,) in _GROUP.iter_unpack(given))
    return ()


def _names(certificate: dict[str, Any]) -> list[bytes]:
    """Return the names that a verified certificate is for."""
    found = [
        value
        for part in certificate.get("subject", ())
        for kind, value in part
        if kind == "commonName"
    ]
    found += [
        value
        for kind, value in certificate.get("subjectAltName", ())
        if kind in ("DNS", "URI", "email")
    ]
    return [name.encode() for name in dict.fromkeys(found)]
