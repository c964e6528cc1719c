"""Limits by address, and administration on a listener of its own: a real server."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.errors import RefusedError
from geartrain.protocol.constants import PacketType
from tests.support.http_client import running_http
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    running_geartrain,
)
from tests.support.waiting import wait_until
from tests.support.wire import Wire


def test_one_connection_too_many_is_told_so() -> None:
    with (
        running_geartrain("--max-connections-per-address", "2") as server,
        Wire(server.connect()) as first,
    ):
        # The one that waited for the server to start may have to leave first.
        wait_until(lambda: _echoes(server))
        with Wire(server.connect()) as second:
            assert second.echoes()
            with server.connect() as third:
                answer = third.recv(4096)
                assert b"--max-connections-per-address allows" in answer
                assert third.recv(4096) == b""
            assert first.echoes()


def _echoes(server: RunningServer) -> bool:
    try:
        with Wire(server.connect()) as wire:
            return wire.echoes()
    except (OSError, AssertionError):
        return False


def test_who_submits_too_fast_is_told_so_by_packet_and_by_http() -> None:
    with running_http("--max-submissions-per-address", "1") as server:
        statuses = [server.submit("f").status for _ in range(3)]
        assert 429 in statuses
        reply = server.submit("f")
        assert (reply.status, reply.kind) == (429, "too-many")
        assert reply.headers["retry-after"] == "1"
        with Wire(server.jobs.connect()) as client:
            client.send(PacketType.SUBMIT_JOB_BG, b"f", b"", b"")
            client.send(PacketType.SUBMIT_JOB_BG, b"f", b"", b"")
            client.send(PacketType.ECHO_REQ, b"on")
            types = [client.read().type for _ in range(3)]
        assert PacketType.ERROR in types
        assert types[-1] == PacketType.ECHO_RES


_SHOP = """
[access.web]
address = "loopback"
submit = "*"
max_jobs = 2
max_bytes = "1K"

[access.ops]
address = "loopback"
administer = "*"
"""


def test_jobs_of_a_principal_count_after_the_server_was_killed(tmp_path: Path) -> None:
    rules, store = tmp_path / "geartrain.toml", tmp_path / "jobs.sqlite"
    rules.write_text(_SHOP)
    arguments = ("--config", str(rules), "--store", str(store))
    with running_http(*arguments) as server:
        assert server.submit("f", b"first").status == 202
        server.jobs.process.kill()
        server.jobs.process.wait()
    with running_http(*arguments) as server, Admin(server.jobs.address) as admin:
        assert server.submit("f", bytes(2000)).status == 429
        assert server.submit("f", b"second").status == 202
        refused = server.submit("f", b"third")
        assert (refused.status, refused.kind) == (429, "too-many")
        assert "web has 2 jobs" in refused.json["detail"]
        assert "max_jobs of [access.web] allows 2" in refused.json["detail"]
        handles = [job.handle for job in admin.jobs(owner="web")]
        assert len(handles) == 2
        assert admin.job(handles[0])[0].owner == "web"
        admin.cancel(handles[0])
        assert server.submit("f", b"third").status == 202
        # New limits hold after SIGHUP.
        rules.write_text(_SHOP.replace("max_jobs = 2", "max_jobs = 3"))
        server.jobs.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.submit("f", b"fourth").status == 202)
        assert server.submit("f", b"fifth").status == 429


def test_administration_is_confined_to_its_own_listener(tmp_path: Path) -> None:
    unix = tmp_path / "admin.sock"
    with running_http("--admin-listen", f"unix:{unix}") as server:
        with Admin(server.jobs.address) as looking:
            assert looking.functions() == []
            with pytest.raises(RefusedError, match="admin-listen"):
                looking.pause("mail")
        with Admin(f"unix:{unix}") as admin:
            admin.pause("mail")
            assert admin.policy("mail")["paused"] is True
        assert server.ask("POST", "/v1/functions/mail/resume").status == 204


def test_an_address_for_administration_names_a_port() -> None:
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--admin-listen", "127.0.0.1"]
    done = subprocess.run(
        [*command, "--port", str(port)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "127.0.0.1 names no port" in done.stderr
