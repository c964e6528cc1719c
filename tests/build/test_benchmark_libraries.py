"""What the Python suite measures with: backlogs, worker processes, client programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.backlog import of_gearman, of_redis
from benchmarks.contenders import (
    GEARTRAIN_PYTHON,
    LIBGEARMAN,
    LIBRARIES,
    PERL,
    PHP,
    running_redis,
)
from benchmarks.crew import process_seconds, working
from benchmarks.errors import BenchmarkError, LoadError
from benchmarks.libraries import environment
from benchmarks.library import ROOT, Library, as_library, tell
from benchmarks.peers import GEARMAND_DEFAULT
from benchmarks.scenarios import SCENARIOS
from tests.support.servers import RunningServer, running_geartrain

WAIT = 15.0
BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"""
import subprocess, sys
{BURN}
subprocess.run([sys.executable, "-c", {BURN!r}])
print("done", flush=True)
time.sleep(60)
"""


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_geartrain() as running:
        yield running


def test_a_backlog_of_gearman_is_what_is_not_done(server: RunningServer) -> None:
    with of_gearman(server) as waiting:
        assert waiting() == 0
        told = GEARTRAIN_PYTHON.submit(server, 30)
        assert told.jobs == 30
        assert told.wall > 0
        assert told.cpu > 0
        assert waiting() == 30


@pytest.mark.parametrize("library", [GEARTRAIN_PYTHON, PHP, PERL, LIBGEARMAN])
def test_workers_of_every_language_do_the_backlog(
    server: RunningServer, library: Library, tmp_path: Path
) -> None:
    library.prepare()
    library.submit(server, 30)
    with of_gearman(server) as waiting, library.working(server, 2, tmp_path) as crew:
        deadline = time.monotonic() + WAIT
        while waiting():
            assert time.monotonic() < deadline, crew.tail()
            time.sleep(0.01)
        assert crew.cpu_seconds() > 0
    assert all(process.poll() is not None for process in crew.processes)


@pytest.mark.parametrize("library", [GEARTRAIN_PYTHON, PHP, LIBGEARMAN])
def test_clients_of_every_language_time_their_calls(
    server: RunningServer, library: Library, tmp_path: Path
) -> None:
    LIBGEARMAN.prepare()
    with LIBGEARMAN.working(server, 1, tmp_path):
        told = library.call("result", server, 50)
    assert told.jobs == 50
    assert 0 < told.p50 < told.wall * 1e6
    assert 0 < told.cpu < told.wall * 2


def test_a_backlog_of_redis_is_the_length_of_its_keys() -> None:
    with (
        running_redis("--save", "") as redis,
        redis.connect() as connection,
        of_redis("a-list", "a-hash", "a-set", "missing")(redis) as waiting,
    ):
        assert waiting() == 0
        for command in (b"RPUSH a-list x y", b"HSET a-hash k v", b"ZADD a-set 1 m"):
            connection.sendall(command + b"\r\n")
            assert connection.recv(100).startswith(b":")
        assert waiting() == 4


def test_processor_time_is_that_of_children_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with working([[sys.executable, "-c", PARENT]], {}, ROOT, log) as crew:
        deadline = time.monotonic() + WAIT
        while b"done" not in log.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        used = crew.cpu_seconds()
        alone = process_seconds(crew.processes[0].pid)
    assert alone >= 0.3
    assert used >= alone + 0.29


def test_a_worker_process_that_ended_by_itself_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such server')"]
    with working([command], {}, ROOT, tmp_path / "log") as crew:
        crew.processes[0].wait(WAIT)
        with pytest.raises(LoadError, match="ended with 1: no such server"):
            crew.check()


def test_a_client_program_that_fails_says_why(server: RunningServer) -> None:
    LIBGEARMAN.prepare()
    with pytest.raises(LoadError, match="usage: BENCH_SERVER=HOST:PORT libgearman"):
        LIBGEARMAN.call("nonsense", server, 0)


def test_a_job_that_answers_nonsense_stops_the_measurement(
    server: RunningServer,
) -> None:
    check = "from benchmarks.libraries.timing import check; check('nonsense')"
    with pytest.raises(LoadError, match="answered 'nonsense' instead of its workload"):
        tell([sys.executable, "-c", check], server)


def test_a_job_server_is_no_library() -> None:
    assert as_library(PHP) is PHP
    with pytest.raises(LoadError, match="gearmand is a job server"):
        as_library(GEARMAND_DEFAULT)


def test_every_peer_of_the_python_suites_is_a_named_library() -> None:
    suites = {"python", "postgresql"}
    scenarios = [each for each in SCENARIOS.values() if each.suite.name in suites]
    peers = {peer.name: peer for each in scenarios for peer in each.peers}
    assert peers == LIBRARIES


def test_an_environment_that_cannot_be_made_is_an_error_and_not_taken_for_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements, made = tmp_path / "requirements.txt", tmp_path / "venv" / "made"
    requirements.write_text("# nothing like it\n./missing\n")
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    monkeypatch.setattr(environment, "_MADE", made)
    with pytest.raises(BenchmarkError, match="cannot be installed; leave them out"):
        environment.make()
    assert not environment.is_made()
    made.write_text(requirements.read_text())
    assert environment.is_made()
    requirements.write_text("# another library\n")
    assert not environment.is_made()
