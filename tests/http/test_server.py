"""Where HTTP is served, and what becomes of the job server where it cannot be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from geartrain.errors import StartError
from geartrain.http.gate import read_token
from geartrain.server.options import Options
from geartrain.transport.address import Address
from tests.support.http_client import running_http
from tests.support.servers import (
    free_port,
    geartrain_command,
    run_server,
    running_geartrain,
)
from tests.support.waiting import wait_until

COVERS = ("cli/http_face",)


def start(*flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is not to start."""
    return subprocess.run(
        [*geartrain_command("geartrain"), "server", "--store", "memory:", *flags],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | variables,
    )


def test_it_is_served_on_4731_unless_told_otherwise() -> None:
    assert Options().http_addresses == (Address(host="127.0.0.1", port=4731),)


def test_the_ready_line_tells_where() -> None:
    with running_http() as server:
        ready = f"ready on {server.jobs.address}, {server.url}\n"
        wait_until(lambda: server.jobs.log.read_text().count(ready) == 2)


@pytest.mark.parametrize("words", [["--no-http"], ["--http", "none"]])
def test_it_can_be_left_out(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEARTRAIN_HTTP")
    with running_geartrain(*words) as server:
        log = server.log.read_text()
    assert "http" not in log.lower()


def test_it_is_given_by_variable_and_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_port(), free_port()
    file = tmp_path / "geartrain.toml"
    file.write_text(f'[server]\nhttp = ["127.0.0.1:{ports[0]}", "[::1]:{ports[1]}"]\n')
    monkeypatch.delenv("GEARTRAIN_HTTP")
    with running_geartrain("--config", str(file)) as server:
        wait_until(lambda: f"http://[::1]:{ports[1]}" in server.log.read_text())
        socket.create_connection(("127.0.0.1", ports[0])).close()
        socket.create_connection(("::1", ports[1])).close()


def test_without_its_default_port_the_job_server_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GEARTRAIN_HTTP")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 4731))
            taken.listen()
        except OSError:
            # Somebody else has it.
            socket.create_connection(("127.0.0.1", 4731)).close()
        with running_geartrain() as server:
            wait_until(lambda: "there is no HTTP" in server.log.read_text())
            (line,) = (
                each
                for each in server.log.read_text().splitlines()
                if "there is no HTTP" in each
            )
    assert "WARNING" in line
    assert "cannot listen on 127.0.0.1:4731: Address already in use" in line
    assert "--no-http" in line


def test_an_address_that_was_asked_for_has_to_be_had() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = start("--port", "0", "--http", where)
    assert done.returncode == 1
    assert f"cannot listen on {where}: Address already in use" in done.stderr


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_libraries_that_are_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_asked_for: bool
) -> None:
    (tmp_path / "starlette.py").write_text(
        "raise ModuleNotFoundError('gone', name='starlette')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = "HTTP needs the package starlette: pip install starlette uvicorn"
    if is_asked_for:
        done = start("--port", "0", "--http", f"127.0.0.1:{free_port()}")
        assert done.returncode == 1
        assert told in done.stderr
        return
    monkeypatch.delenv("GEARTRAIN_HTTP")
    with running_geartrain() as server:
        wait_until(lambda: told in server.log.read_text())


@pytest.mark.parametrize("address", ["0.0.0.0", ":8080", "192.0.2.1:80"])
def test_other_machines_need_a_token(address: str) -> None:
    done = start("--port", "0", "--http", address)
    assert done.returncode == 2
    assert "--http-token-file" in done.stderr
    done = start("--port", "0", GEARTRAIN_HTTP=address)
    assert done.returncode == 2
    assert "GEARTRAIN_HTTP: " in done.stderr


def test_http_and_no_http_exclude_each_other() -> None:
    done = start("--http", "127.0.0.1:1", "--no-http")
    assert (done.returncode, "exclude each other" in done.stderr) == (2, True)


def test_an_address_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = start("--http", address)
    assert f"cannot listen on {address}: Address already in use" in done.stderr
    assert "name another address with --http\n" in done.stderr


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words of many", b"caf\xe9" * 8]
)
def test_a_token_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(StartError, match="one token"):
        read_token(str(file))


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("  0123456789abcdef\n")
    assert read_token(str(file)) == b"0123456789abcdef"
    assert read_token("") == b""
    with pytest.raises(StartError, match="No such file"):
        read_token(str(tmp_path / "missing"))


def test_it_is_served_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "http"
    with running_geartrain("--http", f"unix:{path}") as server:
        wait_until(path.exists)
        told = subprocess.run(
            ["curl", "-sf", "--unix-socket", path, "http://anything/v1/server"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert f'"pid": {server.process.pid}' in told.stdout
        assert f"http+unix:{path}" in server.log.read_text()
    assert not path.exists()


def test_gearmand_has_none_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEARTRAIN_HTTP", "127.0.0.1:4731")
    port = free_port()
    flags = ["-L", "127.0.0.1", "-p", str(port), "-l", "stderr", "--verbose", "INFO"]
    with run_server([*geartrain_command("gearmand"), *flags], port) as server:
        assert "http" not in server.log.read_text().lower()


def test_it_is_not_loaded_where_it_is_not_served() -> None:
    program = (
        "import sys\n"
        "import geartrain.cli.server, geartrain.cli.gearmand, geartrain.cli.main\n"
        "print([n for n in sys.modules if n.startswith(('starlette', 'uvicorn'))])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_idle_connections_do_not_keep_a_server_from_stopping() -> None:
    with running_http() as server, server.connect(), server.connect() as asked:
        asked.sendall(b"GET /v1/server HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asked.recv(65536).startswith(b"HTTP/1.1 200")
        for how in (signal.SIGUSR1, signal.SIGTERM):
            server.jobs.process.send_signal(how)
        assert server.jobs.process.wait(3) == 0
