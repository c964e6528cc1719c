"""Servers and supervisors whose stdout and stderr are closed, full, or unread."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geartrain import Client
from geartrain.errors import JobFailedError
from geartrain.protocol.constants import PacketType
from tests.support.programs import accepts, ask
from tests.support.servers import (
    free_port,
    geartrain_command,
    running_geartrain,
    stop,
)
from tests.support.waiting import wait_until
from tests.support.wire import Wire

FAILING = """
import sys
from geartrain import Worker

worker = Worker()

@worker.function("fail")
def fail(job):
    raise ValueError("no\\n2026-01-01 00:00:00.000 ERROR   forged: line\\n" * 5)
"""


@contextmanager
def unread_pipe() -> Iterator[int]:
    """The writing end of a small pipe that has a reader who does not read."""
    there, here = os.pipe()
    fcntl.fcntl(here, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield here
    finally:
        os.close(there)
        os.close(here)


def break_the_protocol(port: int, times: int) -> None:
    """Have a job server log a line for each of so many connections."""
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port), 10) as peer:
            peer.sendall(b"\0BADxxxxxxxx")
            while peer.recv(1000):
                pass


@pytest.mark.parametrize("program", ["geartrain", "gearmand"])
def test_a_server_goes_on_whose_stderr_nobody_reads(
    program: str, tmp_path: Path
) -> None:
    port = free_port()
    flags = ["server", "--store", "memory:"]
    if program == "gearmand":
        flags = ["-L", "127.0.0.1", "--verbose", "INFO", "-P", str(tmp_path / "pid")]
    command = [*geartrain_command(program), *flags, "--port", str(port)]
    with unread_pipe() as pipe:
        process = subprocess.Popen(command, stdout=pipe, stderr=pipe)
        try:
            wait_until(lambda: accepts(port), "it listens")
            break_the_protocol(port, 100)
            assert ask(port, "version").startswith("OK ")
            process.send_signal(signal.SIGHUP)
            assert ask(port, "version").startswith("OK ")
        finally:
            assert stop(process) == 0


def test_workers_go_on_whose_stderr_nobody_reads(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(FAILING)
    with running_geartrain() as server, unread_pipe() as pipe:
        command = [*geartrain_command("geartrain"), "worker", "tasks"]
        process = subprocess.Popen(
            [*command, "--server", server.address],
            stdout=pipe,
            stderr=pipe,
            cwd=tmp_path,
        )
        try:
            with Client(server.address) as client:
                for _ in range(50):
                    with pytest.raises(JobFailedError):
                        client.do("fail", b"")
            process.send_signal(signal.SIGHUP)
        finally:
            assert stop(process) == 0


def test_a_handlers_exception_forges_no_line(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(FAILING)
    log = tmp_path / "log"
    with running_geartrain() as server, log.open("wb") as output:
        command = [*geartrain_command("geartrain"), "worker", "tasks"]
        process = subprocess.Popen(
            [*command, "--server", server.address], stderr=output, cwd=tmp_path
        )
        try:
            client = Client(server.address)
            with client, pytest.raises(JobFailedError):
                client.do("fail", b"")
        finally:
            assert stop(process) == 0
    lines = log.read_text().splitlines()
    assert sum("forged" in line for line in lines) >= 5
    assert all(line.startswith("  | ") for line in lines if "forged" in line)
    assert [line for line in lines if "of 'fail': the handler raised" in line]


@pytest.mark.parametrize(
    "redirection",
    ["<&- >&- 2>&-", "2>&-", ">&-", ">/dev/full 2>/dev/full", "0<&- 1>&-"],
)
def test_a_server_needs_no_standard_files(redirection: str, tmp_path: Path) -> None:
    port = free_port()
    store = tmp_path / "jobs.db"
    words = ["server", "--port", str(port), "--store", f"sqlite://{store}"]
    command = [*geartrain_command("geartrain"), *words]
    process = subprocess.Popen(["sh", "-c", f'exec "$@" {redirection}', "sh", *command])
    try:
        wait_until(lambda: accepts(port), "it listens")
        break_the_protocol(port, 3)
        files = Path(f"/proc/{process.pid}/fd")
        for number in (0, 1, 2):
            target = os.readlink(files / str(number))
            assert "socket" not in target
            assert str(store) not in target
    finally:
        assert stop(process) == 0


def test_a_log_on_a_full_disk_stops_nobody() -> None:
    port = free_port()
    flags = ["server", "--store", "memory:", "--log-file", "/dev/full"]
    command = [*geartrain_command("geartrain"), *flags, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: accepts(port), "it listens")
        break_the_protocol(port, 20)
        assert ask(port, "version").startswith("OK ")
    finally:
        assert stop(process) == 0


def test_long_names_do_not_fill_the_log(tmp_path: Path) -> None:
    name = b"f" * 60_000
    with running_geartrain("--job-retries", "1") as server:
        client, worker = Wire(server.connect()), Wire(server.connect())
        client.send(PacketType.SUBMIT_JOB_BG, name, b"", b"")
        client.read()
        worker.send(PacketType.CAN_DO, name)
        worker.send(PacketType.GRAB_JOB)
        worker.read()
        worker.close()
        wait_until(lambda: "lost its worker" in server.log.read_text(), "the line")
        lines = server.log.read_text().splitlines()
        client.close()
    (line,) = [each for each in lines if "lost its worker" in each]
    assert f"of '{'f' * 200}'… (59800 more) lost its worker" in line
    assert len(line) < 500
