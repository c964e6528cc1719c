"""Options of sockets that find out when the other side is gone."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from geartrain.transport.keepalive import set_keepalive


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with socket.socket() as made:
        yield made


def options(connection: socket.socket) -> list[int]:
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    return [connection.getsockopt(socket.IPPROTO_TCP, name) for name in names]


def test_all_is_set_and_unacknowledged_bytes_wait_as_long(
    connection: socket.socket,
) -> None:
    set_keepalive(connection, 60, 15, 4)
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert options(connection) == [60, 15, 4]
    patience = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert patience == 120_000


def test_what_is_not_given_is_the_systems(connection: socket.socket) -> None:
    before = options(connection)
    set_keepalive(connection, None, None, 7)
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert options(connection) == [*before[:2], 7]
    assert not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
