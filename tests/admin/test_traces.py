"""Packets of a connection, asked of a real job server."""

from __future__ import annotations

import pytest

from geartrain.admin import Admin
from geartrain.admin.traces import packet_row
from geartrain.errors import RefusedError
from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def test_packets_are_told_as_they_pass(fresh: RunningServer) -> None:
    with Admin(fresh.address) as admin, Wire(fresh.connect()) as client:
        client.send(PacketType.SET_CLIENT_ID, b"traced")
        assert client.echoes()
        (number,) = [each.number for each in admin.connections() if each.id == "traced"]
        rows = admin.trace(str(number), limit=2, seconds=20, first=3)
        client.send(PacketType.ECHO_REQ, b"hello")
        first, second = rows
        assert (first.direction, first.packet, first.first) == ("in", "ECHO_REQ", "hel")
        assert (second.direction, second.packet, second.size) == ("out", "ECHO_RES", 5)
        with pytest.raises(RefusedError, match="no other connection has this number"):
            list(admin.trace(10**6))


def test_the_end_of_a_connection_is_a_row() -> None:
    row = packet_row({"time": 1.5, "connection": 7, "packet": "left"})
    assert (row.packet, row.direction, row.size, row.first) == ("left", "", 0, "")
