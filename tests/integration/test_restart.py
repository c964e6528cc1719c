"""A restart in order: a running job is run once, and nobody who connects is refused."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from geartrain.client import Client
from geartrain.protocol.constants import PacketType
from tests.support.activation import SocketUnit
from tests.support.peers import Peers
from tests.support.php_scripts import PHP
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import Wire

PYTHON = """
import pathlib, sys, time
from geartrain.worker import Worker

folder = pathlib.Path(sys.argv[2])
worker = Worker(sys.argv[1])

@worker.function("hold")
def hold(job):
    with (folder / "runs").open("a") as runs:
        runs.write(job.workload.decode() + chr(10))
    while not (folder / "go").exists():
        time.sleep(0.01)
    return b"held " + job.workload

worker.run()
"""
SHELL = """
job=$(cat); echo "$job" >> {folder}/runs
while ! [ -e {folder}/go ]; do sleep 0.02; done
printf "held %s" "$job"
"""


def python_worker(folder: Path, port: int) -> list[str]:
    return [sys.executable, "-c", PYTHON, f"127.0.0.1:{port}", str(folder)]


def php_worker(folder: Path, port: int) -> list[str]:
    return ["php", str(PHP / "hold_worker.php"), f"127.0.0.1:{port}", str(folder)]


def c_worker(folder: Path, port: int) -> list[str]:
    worker = ["gearman", "-w", "-h", "127.0.0.1", "-p", str(port), "-f", "hold"]
    return [*worker, "--", "sh", "-c", SHELL.format(folder=folder)]


WORKERS = {"python": python_worker, "php": php_worker, "c": c_worker}


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[SocketUnit]:
    made = SocketUnit(tmp_path)
    yield made
    made.close()


@pytest.fixture
def peers(unit: SocketUnit, tmp_path: Path) -> Iterator[Peers]:
    """Start peers of whichever server has the socket."""
    started = Peers(server=_addressed(unit), folder=tmp_path)
    try:
        yield started
    finally:
        started.stop()


def _addressed(unit: SocketUnit) -> RunningServer:
    return RunningServer(host="127.0.0.1", port=unit.port, process=None, log=None)  # type: ignore[arg-type]


def store(folder: Path) -> tuple[str, ...]:
    return ("server", "--store", f"sqlite://{folder / 'jobs.db'}")


def runs(folder: Path) -> list[str]:
    """Return the workloads of the jobs that have begun."""
    file = folder / "runs"
    return file.read_text().splitlines() if file.exists() else []


def stopping(server: RunningServer) -> None:
    """Tell a server to stop; return when it no longer accepts."""
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "waiting up to" in server.log.read_text(), "the drain begins")


@pytest.mark.parametrize("language", WORKERS)
def test_a_job_that_runs_during_a_restart_runs_once(
    language: str, unit: SocketUnit, peers: Peers, tmp_path: Path
) -> None:
    flags = store(tmp_path)
    worker: Callable[[Path, int], list[str]] = WORKERS[language]
    with unit.server(*flags) as server, Client(server.address) as client:
        peers.start(*worker(tmp_path, unit.port))
        client.submit("hold", b"first", background=True)
        wait_until(lambda: runs(tmp_path) == ["first"], "the job begins")
        client.submit("hold", b"second", background=True)
        stopping(server)
        late = unit.connect()
        (tmp_path / "go").touch()
        assert server.process.wait(20) == 0
        assert "stopped" in server.log.read_text()
    with Wire(late) as waited:
        # It has been connected all the while, and nobody has answered.
        waited.send(PacketType.SUBMIT_JOB_BG, b"hold", b"", b"third")
        with unit.server(*flags):
            waited.expect(PacketType.JOB_CREATED)
            wait_until(lambda: len(runs(tmp_path)) >= 3, "the worker is back")
            wait_until(lambda: waited.listing(b"jobs") == [], "all jobs have ended")
            assert runs(tmp_path) == ["first", "second", "third"]


@pytest.mark.parametrize("language", WORKERS)
def test_who_waits_for_a_running_job_gets_its_result(
    language: str, unit: SocketUnit, peers: Peers, tmp_path: Path
) -> None:
    worker: Callable[[Path, int], list[str]] = WORKERS[language]
    with unit.server(*store(tmp_path)) as server:
        peers.start(*worker(tmp_path, unit.port))
        client = peers.start(
            "php", PHP / "do_client.php", server.address, "doNormal", "hold", stdin=b"x"
        )
        wait_until(lambda: runs(tmp_path) == ["x"], "the job begins")
        stopping(server)
        (tmp_path / "go").touch()
        assert client.finish() == b"held x"
        assert server.process.wait(20) == 0


def test_a_job_that_takes_too_long_runs_again(
    unit: SocketUnit, peers: Peers, tmp_path: Path
) -> None:
    flags = store(tmp_path)
    with unit.server(*flags, "--drain", "0.5") as server:
        with Client(server.address) as client:
            peers.start(*python_worker(tmp_path, unit.port))
            client.submit("hold", b"long", background=True)
            wait_until(lambda: runs(tmp_path) == ["long"], "the job begins")
        stopping(server)
        assert server.process.wait(20) == 0
        assert "stopping while 1 jobs run" in server.log.read_text()
    (tmp_path / "go").touch()
    with unit.server(*flags), Wire(unit.connect()) as admin:
        wait_until(lambda: runs(tmp_path) == ["long"] * 2, "it runs again")
        wait_until(lambda: admin.listing(b"jobs") == [], "it has ended")


def test_nobody_who_connects_during_restarts_is_refused(
    unit: SocketUnit, tmp_path: Path
) -> None:
    answered, failures, over = [], [], threading.Event()

    def knock() -> None:
        while not over.is_set():
            try:
                with Wire(unit.connect()) as wire:
                    if wire.echoes():
                        answered.append(1)
            except ConnectionRefusedError as error:
                failures.append(error)
            except OSError:
                # Accepted, and then closed by a server that stopped.
                pass

    knocking = [threading.Thread(target=knock) for _ in range(4)]
    with unit.server(*store(tmp_path)):
        for each in knocking:
            each.start()
    for _ in range(2):
        enough = len(answered) + 20
        with unit.server(*store(tmp_path)):
            wait_until(partial(_has, answered, enough), "answers")
    over.set()
    with unit.server(*store(tmp_path)):
        for each in knocking:
            each.join(20)
    assert failures == []


def _has(items: list[int], count: int) -> bool:
    return len(items) >= count


def test_handed_over_sockets_go_before_listen(unit: SocketUnit, tmp_path: Path) -> None:
    with unit.server(*store(tmp_path), "--listen", "127.0.0.1:1") as server:
        log = server.log.read_text()
        assert f"ready on 127.0.0.1:{unit.port}, http" in log
        assert "--listen is not used" in log


def test_http_is_served_on_the_socket_with_its_name(unit: SocketUnit) -> None:
    address = ("127.0.0.1", unit.http_port)
    client = socket.create_connection(address, 20)
    with client, unit.server("server", "--store", "memory:") as server:
        client.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        assert "--http is not used" in server.log.read_text()
    # It outlives the server.
    socket.create_connection(address, 20).close()


def test_gearmand_takes_them_too(unit: SocketUnit) -> None:
    with unit.server("-l", "stderr", program="gearmand"):
        answer = subprocess.run(
            ["gearadmin", "-h", "127.0.0.1", "-p", str(unit.port), "--status"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert answer.stdout == ".\n"


def test_systemd_hands_a_socket_over(tmp_path: Path) -> None:
    # The real thing: it accepts nobody itself, and starts the server for the first.
    unit = SocketUnit(tmp_path)
    unit.close()
    command = ["systemd-socket-activate", "-l", f"127.0.0.1:{unit.port}"]
    # Its programs get an environment of their own.
    command += ["-E", f"GEARTRAIN_PURE={os.environ.get('GEARTRAIN_PURE', '')}"]
    command += [sys.executable, "-m", "geartrain.cli.main", *store(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=tmp_path)
    try:
        wait_until(lambda: _answers(unit), "the server answers")
        process.terminate()
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert b"handed over" in err, err


def _answers(unit: SocketUnit) -> bool:
    try:
        with Wire(unit.connect()) as wire:
            return wire.echoes()
    except OSError:
        return False
