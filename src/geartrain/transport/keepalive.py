"""TCP keepalive: how the system finds out that the other side is gone."""

from __future__ import annotations

import socket
from typing import Protocol

__all__ = ["SocketOptions", "set_keepalive"]


class SocketOptions(Protocol):
    """A socket as far as setting options goes; uvloop shows no more of its own."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """Set one option, as ``socket.setsockopt`` does."""


def set_keepalive(
    connection: SocketOptions, idle: int | None, interval: int | None, count: int | None
) -> None:
    """Have the system find out when the other side of a connection is gone.

    Times are seconds; None leaves the system's own. What was sent and is not
    acknowledged for as long as the probes would take ends the connection too.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    settings = (
        (socket.TCP_KEEPIDLE, idle),
        (socket.TCP_KEEPINTVL, interval),
        (socket.TCP_KEEPCNT, count),
    )
    for option, value in settings:
        if value is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
    if idle is not None and interval is not None and count is not None:
        patience = (idle + interval * count) * 1000
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
