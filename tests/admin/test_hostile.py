"""Lists with names of any bytes, and servers whose answers have no end."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from geartrain.admin import Admin
from geartrain.errors import AdminError
from geartrain.protocol.constants import PacketType
from tests.support.programs import run
from tests.support.servers import (
    RunningServer,
    geartrain_command,
    running_gearmand,
    running_geartrain,
)
from tests.support.strangers import answering
from tests.support.wire import Wire

NAMES = [b"a\nb", b"c\n.\nd", b"tab\there", b".", b"caf\xe9", b"\x1b[2J", b"zz-last"]
IDS = [b"x\n.\ny", b"zz-good"]


@contextlib.contextmanager
def evil_workers(server: RunningServer) -> Iterator[None]:
    with ExitStack() as stack:
        for client_id in IDS:
            peer = stack.enter_context(Wire(server.connect()))
            peer.send(PacketType.SET_CLIENT_ID, client_id)
            for name in NAMES:
                peer.send(PacketType.CAN_DO, name)
            peer.echoes()
        yield


@pytest.mark.interop
@pytest.mark.parametrize("start", [running_geartrain, running_gearmand])
def test_lists_have_every_name(start: type[contextlib.AbstractContextManager]) -> None:  # type: ignore[type-arg]
    with start() as server, evil_workers(server), Admin(server.address) as admin:
        functions = {row.function for row in admin.functions()}
        assert {name.decode("utf-8", "surrogateescape") for name in NAMES} <= functions
        assert admin.unread == []
        assert "zz-good" in {row.id for row in admin.workers()}
        # The connection is in step.
        assert admin.version()
        assert len(admin.functions()) == len(functions)


@pytest.mark.interop
@pytest.mark.parametrize("start", [running_geartrain, running_gearmand])
@pytest.mark.parametrize("command", ["status", "workers", "functions"])
def test_commands_show_every_name_escaped(
    start: type[contextlib.AbstractContextManager],  # type: ignore[type-arg]
    command: str,
) -> None:
    with start() as server, evil_workers(server):
        for flags in ([], ["--json"]):
            where = ["--server", server.address]
            status, out, err = run("geartrain", command, *where, *flags)
            assert status == 0, err
            assert ("zz-good" if command == "workers" else "zz-last") in out
            assert "a\nb" not in out
            assert "x\n" not in out
            assert "\x1b" not in out


def endless(piece: bytes) -> contextlib.AbstractContextManager[str]:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        while True:
            connection.sendall(piece)

    return answering(answer)


def limited() -> None:
    """Allow a process 1 GiB: more than the limits of an answer, less than no limit."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


@pytest.mark.parametrize(
    ("piece", "words"),
    [(b"x" * 65536, "a line of more than"), (b"f" * 4000 + b"\n", "an answer that")],
)
@pytest.mark.parametrize("program", ["geartrain", "gearadmin"])
def test_an_endless_answer_is_given_up(program: str, piece: bytes, words: str) -> None:
    if program == "geartrain" and piece.endswith(b"\n"):
        piece = b'{"function":"' + piece[:-1] + b'"}\n'
    with endless(piece) as server:
        host, _, port = server.partition(":")
        command = [*geartrain_command("geartrain"), "counters", "--server", server]
        if program == "gearadmin":
            command = [sys.executable, "-m", "geartrain.cli.gearadmin", "--status"]
            command += ["-h", host, "-p", port]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=50,
            preexec_fn=limited,
            check=False,
        )
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_same_slice_again_and_again_is_no_list() -> None:
    def answer(connection: socket.socket) -> None:
        while connection.recv(1000):
            connection.sendall(b'{"after": "7"}\n.\n')

    with (
        answering(answer) as server,
        Admin(server, timeout=5) as admin,
        pytest.raises(AdminError, match="the same slice again"),
    ):
        list(admin.jobs())


@pytest.mark.parametrize("program", ["geartrain", "gearadmin"])
def test_output_that_cannot_be_written_is_one_line(program: str) -> None:
    words = {
        "geartrain": ["-m", "geartrain.cli.main", "status", "--server"],
        "gearadmin": ["-m", "geartrain.cli.gearadmin", "--status", "-h"],
    }[program]
    with running_geartrain() as server, Wire(server.connect()) as worker:
        worker.register(b"f")
        worker.echoes()
        if program == "geartrain":
            words.append(server.address)
        elif program == "gearadmin":
            words += [server.host, "-p", str(server.port)]
        for output, line in (("/dev/full", "No space left on device"), ("pipe", "")):
            there, here = os.pipe()
            os.close(there)
            target = here if output == "pipe" else os.open(output, os.O_WRONLY)
            done = subprocess.run(
                [sys.executable, *words],
                stdout=target,
                stderr=subprocess.PIPE,
                text=True,
                timeout=30,
                check=False,
            )
            os.close(here)
            assert done.returncode == 1
            assert line in done.stderr
            assert done.stderr.count("\n") == bool(line)


def test_a_command_needs_no_standard_files() -> None:
    with running_geartrain() as server:
        command = [*geartrain_command("geartrain"), "status", "--server"]
        command.append(server.address)
        for redirection in (">&-", "<&- >&- 2>&-", "2>&-"):
            done = subprocess.run(
                ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
                capture_output=True,
                timeout=30,
                check=False,
            )
            assert (done.returncode, done.stderr) == (0, b"")


def test_an_ascii_terminal_gets_escapes() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "1"}
    with running_geartrain() as server, Wire(server.connect()) as worker:
        worker.register("grüße".encode())
        worker.echoes()
        done = subprocess.run(
            [*geartrain_command("geartrain"), "status", "--server", server.address],
            capture_output=True,
            text=True,
            env=environment,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\xfc\\xdfe" in done.stdout
