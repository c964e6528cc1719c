"""Where a job server listens: IPv4, IPv6, unix sockets, and several at once."""

from __future__ import annotations

import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geartrain.protocol.constants import PacketType
from tests.support.servers import (
    free_port,
    geartrain_command,
    in_memory,
    running_geartrain,
)
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wire import Wire, sound_server

COVERS = ("server/sockets",)

LOCAL = ("--listen", "127.0.0.1")


def accepts_at(family: int, where: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(where) == 0


@contextmanager
def connected(family: int, where: str | tuple[str, int]) -> Iterator[Wire]:
    # A server listens at one address after the other.
    wait_until(lambda: accepts_at(family, where), f"it listens on {where}")
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(where)
        yield Wire(connection)


def refusal(*flags: str) -> str:
    """Return what a server that cannot start says, which is one line."""
    command = [*geartrain_command("geartrain"), "server", *in_memory(flags)]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def own_row(peer: Wire) -> list[bytes]:
    """Return the words of the peer's row in ``workers``."""
    peer.send(PacketType.SET_CLIENT_ID, b"me")
    (row,) = (row for row in peer.listing(b"workers") if b" me " in row)
    return row.split(b" ")


def test_ipv4_is_the_default() -> None:
    with sound_server() as server, Wire(server.connect()) as peer:
        assert own_row(peer)[1] == b"127.0.0.1"
        assert f"ready on 127.0.0.1:{server.port}" in server.log.read_text()


def test_ipv6_is_shown_as_it_is_written() -> None:
    with sound_server(*LOCAL, "--listen", "[::1]") as server:
        where = ("::1", server.port)
        with connected(socket.AF_INET6, where) as peer:
            assert own_row(peer)[1] == b"::1"
        assert f"[::1]:{server.port}" in server.log.read_text()


def test_every_interface_serves_ipv4_and_ipv6() -> None:
    port = free_port()
    with running_geartrain("--listen", f":{port}", *LOCAL) as server:
        with connected(socket.AF_INET6, ("::1", port)) as peer:
            assert own_row(peer)[1] == b"::1"
        with connected(socket.AF_INET, ("127.0.0.1", port)) as peer:
            assert own_row(peer)[1] == b"127.0.0.1"
        assert server.port != port


def test_a_name_is_resolved() -> None:
    with sound_server("--listen", "localhost") as server:
        with Wire(server.connect()) as peer:
            assert peer.echoes()
        assert f"127.0.0.1:{server.port}" in server.log.read_text()


def test_port_0_lets_the_system_choose_and_says_what() -> None:
    with sound_server(*LOCAL, "--listen", "127.0.0.1:0") as server:
        ready = server.log.read_text().partition("ready on ")[2].splitlines()[0]
        chosen = int(ready.rpartition(":")[2])
        assert chosen not in (0, server.port)
        with connected(socket.AF_INET, ("127.0.0.1", chosen)) as peer:
            assert peer.echoes()


def test_several_addresses_lead_to_one_job_server(tmp_path: Path) -> None:
    path = tmp_path / "gear"
    flags = (*LOCAL, "--listen", "[::1]", "--listen", f"unix:{path}")
    with (
        sound_server(*flags) as server,
        Wire(server.connect()) as client,
        connected(socket.AF_UNIX, str(path)) as worker,
        connected(socket.AF_INET6, ("::1", server.port)) as admin,
    ):
        worker.register(b"shared")
        handle = client.submit(b"shared", b"work")
        assert worker.grab() == (handle, b"work")
        assert b"shared\t1\t1\t1" in admin.listing(b"status")
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]


def test_a_unix_socket_is_named_in_workers_and_removed_at_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gear"
    with sound_server(*LOCAL, "--listen", f"unix:{path}") as server:
        assert stat.S_ISSOCK(path.stat().st_mode)
        with connected(socket.AF_UNIX, str(path)) as peer:
            assert own_row(peer)[1] == b"unix"
        assert f"unix:{path}" in server.log.read_text()
    assert not path.exists()


def test_a_unix_socket_may_ask_for_shutdown_though_tcp_is_public(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gear"
    flags = ("--listen", "0.0.0.0", "--listen", f"unix:{path}")
    with sound_server(*flags) as server:
        with connected(socket.AF_UNIX, str(path)) as admin:
            assert admin.command(b"shutdown") == b"OK\r\n"
            admin.expect_end()
        assert server.process.wait(5) == 0
        assert not path.exists()


def test_a_socket_file_that_a_crash_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "gear"
    flags = (*LOCAL, "--listen", f"unix:{path}")
    with running_geartrain(*flags) as crashed:
        crashed.process.kill()
        crashed.process.wait(5)
    assert path.exists()

    with sound_server(*flags), connected(socket.AF_UNIX, str(path)) as peer:
        assert peer.echoes()


def test_a_socket_another_server_listens_on_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gear"
    with sound_server(*LOCAL, "--listen", f"unix:{path}"):
        line = refusal("--listen", f"unix:{path}")

        assert f"cannot listen on unix:{path}: Address already in use" in line
        with connected(socket.AF_UNIX, str(path)) as peer:
            assert peer.echoes()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")

    assert f"cannot listen on unix:{path}" in refusal("--listen", f"unix:{path}")
    assert path.read_text() == "data"


def test_a_socket_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "gear"

    assert refusal("--listen", f"unix:{path}").endswith("No such file or directory")


def test_a_taken_port_is_refused_and_its_server_goes_on() -> None:
    with sound_server() as server:
        line = refusal("--listen", server.address)

        assert f"cannot listen on {server.address}: Address already in use" in line
        with Wire(server.connect()) as peer:
            assert peer.echoes()


def test_one_address_that_cannot_be_had_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "gear"
    with sound_server() as server:
        refusal("--listen", f"unix:{path}", "--listen", server.address)

    assert not path.exists()


def test_the_ready_line_comes_when_it_listens() -> None:
    """What reads the line may connect at once."""
    command = [*geartrain_command("geartrain"), "server", *in_memory(["--port", "0"])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        host, _, port = line.rpartition(" ")[2].rpartition(":")
        with connected(socket.AF_INET, (host, int(port))) as peer:
            assert peer.echoes()
        process.terminate()
        assert process.wait(10) == 0
