"""Connections for text commands: words, answers, and what is no job server."""

from __future__ import annotations

import socket
import struct
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from geartrain.admin.connection import AdminConnection, word
from geartrain.errors import AddressError, AdminError, RefusedError
from geartrain.transport.tls import Tls
from tests.support.certificates import Authority
from tests.support.servers import free_port, running_gearmand
from tests.support.strangers import address, answering, listening, web_server
from tests.support.tls import tls_server


def complaint(server: str, line: str = "counters", timeout: float = 5.0) -> str:
    """Ask what cannot answer; return what is said of it."""
    with pytest.raises(AdminError) as caught:
        ask(server, line, timeout)
    return str(caught.value)


def ask(server: str, line: str, timeout: float) -> None:
    with closing(AdminConnection(server, timeout)) as connection:
        connection.objects(line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resize", "resize"),
        ("H:host.example:17", "H:host.example:17"),
        ("a b", "a%20b"),
        ("100%", "100%25"),
        ("tab\tline\nnul\0", "tab%09line%0Anul%00"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("\udcff", "%FF"),
        ("a=b+c", "a=b+c"),
    ],
)
def test_a_name_is_one_word(text: str, expected: str) -> None:
    assert word(text) == expected
    assert unquote_to_bytes(word(text)) == text.encode(errors="surrogateescape")


def test_nobody_listens() -> None:
    port = free_port()
    assert complaint(f"127.0.0.1:{port}") == (
        f"no job server answers on 127.0.0.1:{port} (Connection refused): start it, or"
        " name another address"
    )


def test_there_is_no_such_socket_file(tmp_path: Path) -> None:
    found = complaint(f"unix:{tmp_path}/none")
    assert f"unix:{tmp_path}/none (No such file or directory)" in found


def test_a_path_that_no_socket_can_have() -> None:
    assert "path too long" in complaint("unix:/" + "x" * 200)


def test_a_host_that_is_not_known() -> None:
    assert complaint("no-such-host.invalid:1").startswith(
        "no job server answers on no-such-host.invalid:1 ("
    )


def test_a_certificate_that_is_not_to_be_trusted(tmp_path: Path) -> None:
    shown = Authority(tmp_path / "ours").issue("server")
    tls = Tls(ca=str(Authority(tmp_path / "theirs").ca))
    with (
        tls_server(shown, tls) as server,
        pytest.raises(AdminError, match=r"answers, but its certificate .* authority"),
    ):
        AdminConnection(server.address, 5, tls=tls)


def test_what_is_no_address() -> None:
    with pytest.raises(AddressError, match="is not a port"):
        AdminConnection("host:port", 1)


def test_silence_has_an_end() -> None:
    with listening() as server:
        found = complaint(address(server), timeout=0.2)
        assert found == (
            f"{address(server)} has been silent for 0.2 seconds: it is busy, or no job"
            " server"
        )


def test_a_connection_that_ends_without_an_answer() -> None:
    def read_and_close(connection: socket.socket) -> None:
        connection.recv(100)

    with answering(read_and_close) as server:
        # Where the other end has left something unread, the system says so, too.
        said = complaint(server).replace(" (Connection reset by peer)", "")
        assert said == (
            f"{server} ended the connection: it stopped, is no job server, or wants TLS"
            " or a certificate"
        )


def test_a_connection_that_ends_within_a_line() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b'{"function": "f"}\n{"func')

    with answering(answer) as server:
        assert f"{server} ended the connection" in complaint(server)


def test_a_connection_that_is_reset() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(100)
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with answering(reset) as server:
        assert f"{server} ended the connection (Connection reset" in complaint(server)


def test_a_web_server_is_no_job_server() -> None:
    with web_server() as server:
        found = complaint(server)
    assert found.startswith(f"{server} answered, but not as a Gearman job server")
    assert "<!DOCTYPE HTML>" in found


def test_a_long_answer_is_cut_and_escaped() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\x1b[2J" + b"x" * 1000 + b"\n")

    with answering(answer) as server:
        found = complaint(server)
    assert "\\x1b[2Jxxx" in found
    assert "…" in found
    assert len(found) < 200


def test_what_only_begins_like_an_object() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"{no JSON}\n.\n")

    with answering(answer) as server:
        assert "it said '{no JSON}'" in complaint(server)


def test_nothing_can_be_asked_after_that() -> None:
    with web_server() as server:
        connection = AdminConnection(server, 5)
        for _ in range(2):
            with pytest.raises(AdminError):
                connection.objects("counters")
        connection.close()


@pytest.mark.interop
def test_gearmand_does_not_know_these_commands() -> None:
    with running_gearmand() as server:
        connection = AdminConnection(server.address, 5)
        with pytest.raises(RefusedError, match="does not know this command") as caught:
            connection.objects("counters")
        assert caught.value.code == "UNKNOWN_COMMAND"
        assert server.address in str(caught.value)
        assert connection.ask("version")[0].startswith("OK 1.1")
        connection.close()
        connection.close()
