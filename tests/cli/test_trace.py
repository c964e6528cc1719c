"""``geartrain trace``."""

from __future__ import annotations

import subprocess

from geartrain.protocol.constants import PacketType
from tests.support.commands import ask, complaint
from tests.support.servers import RunningServer, geartrain_command
from tests.support.waiting import wait_until
from tests.support.wire import Wire


def test_packets_are_shown_as_they_pass(fresh: RunningServer) -> None:
    words = ["trace", "127.0.0.1", "--limit", "3", "--server", fresh.address]
    with subprocess.Popen(
        [*geartrain_command("geartrain"), *words], stdout=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: "the packets of" in fresh.log.read_text())
        with Wire(fresh.connect()) as client:
            client.send(PacketType.ECHO_REQ, b"\x1b[31mred\xff" + b"x" * 100)
            client.read()
            assert client.echoes()
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
    assert process.returncode == 0
    moment, number, arrow, packet, size, shown = lines[0].split(maxsplit=5)
    assert (arrow, packet, size) == ("-->", "ECHO_REQ", "109")
    assert moment.count(":") == 2
    assert int(number) > 0
    assert shown.endswith("x…")
    assert "\x1b" not in shown
    assert lines[1].split()[2:5] == ["<--", "ECHO_RES", "109"]


def test_json_and_a_connection_that_is_not_there(fresh: RunningServer) -> None:
    done = ask(fresh, "trace", "999999")
    assert "no other connection has this number" in complaint(1, done)
    status, out, err = ask(fresh, "trace", "10.9.9.9", "--seconds", "0.5", "--json")
    assert (status, out) == (0, "")
    assert err.startswith("geartrain: no packet passed of 10.9.9.9: geartrain conn")
