"""The load generator does what its options say, to real servers."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import generator
from benchmarks.disk import folder_bytes
from benchmarks.errors import LoadError
from benchmarks.peers import GEARTRAIN_DISK, running_beanstalkd
from benchmarks.restart import restarted, waiting_jobs
from benchmarks.servers import cpu_seconds, peak_bytes, resident_bytes
from tests.support.servers import RunningServer, free_port, running_gearmand


@pytest.fixture
def beanstalkd(tmp_path: Path) -> Iterator[RunningServer]:
    with running_beanstalkd("-b", str(tmp_path), "-f", "0") as server:
        yield server


@pytest.fixture
def gearmand() -> Iterator[RunningServer]:
    with running_gearmand() as server:
        yield server


def load(server: RunningServer, mode: str, **options: int | Path) -> generator.Spent:
    return generator.run(mode, port=server.port, server=server.process.pid, **options)


def status(server: RunningServer) -> bytes:
    with server.connect() as connection:
        connection.sendall(b"status\n")
        answer = b""
        while not answer.endswith(b".\n"):
            answer += connection.recv(4096)
        return answer


def test_submitted_jobs_wait_and_drained_jobs_are_gone(
    gearmand: RunningServer,
) -> None:
    submitted = load(gearmand, "submit", in_flight=100, jobs=777)
    assert submitted.jobs == 777
    assert status(gearmand) == b"bench\t777\t0\t0\n.\n"
    drained = load(gearmand, "exchange", clients=0, workers=4, jobs=777)
    assert drained.jobs == 777
    assert status(gearmand).startswith(b"bench\t0\t0\t")


def test_uniques_are_all_different(gearmand: RunningServer) -> None:
    load(gearmand, "submit", in_flight=100, jobs=5000, unique=1)
    assert status(gearmand) == b"bench\t5000\t0\t0\n.\n"


def test_submitting_stops_at_its_time_limit(gearmand: RunningServer) -> None:
    spent = load(
        gearmand, "submit", in_flight=2, jobs=10**8, slice=1000, milliseconds=200
    )
    assert 0 < spent.jobs < 10**7
    assert 0.2 <= spent.wall < 5
    assert sum(part.jobs for part in spent.slices) == spent.jobs


def test_numbers_of_uniques_go_on_where_they_are_told_to(
    gearmand: RunningServer,
) -> None:
    load(gearmand, "submit", jobs=500, unique=1)
    load(gearmand, "submit", jobs=500, unique=1)
    assert waiting_jobs(gearmand) == 500
    load(gearmand, "submit", jobs=500, unique=1, first=400)
    assert waiting_jobs(gearmand) == 900


def test_uniques_look_like_uuids(gearmand: RunningServer) -> None:
    load(gearmand, "submit", jobs=3, unique=1)
    with gearmand.connect() as connection:
        connection.sendall(b"show unique jobs\n")
        rows = connection.recv(4096).decode().split()
    assert rows.pop() == "."
    found = [uuid.UUID(row) for row in rows]
    assert len(set(found)) == 3
    assert {each.version for each in found} == {4}


def test_many_clients_share_the_jobs(gearmand: RunningServer) -> None:
    spent = load(
        gearmand, "submit", clients=7, in_flight=10, warmup=33, jobs=1234, unique=1
    )
    assert spent.jobs == 1234
    assert 0 < spent.extra["p50"] <= spent.extra["p99"] <= spent.extra["max"]
    assert waiting_jobs(gearmand) == 33 + 1234


def test_a_partial_drain_leaves_the_rest(gearmand: RunningServer) -> None:
    load(gearmand, "submit", in_flight=100, jobs=1000)
    load(gearmand, "exchange", clients=0, workers=4, partial=1, jobs=321)
    assert waiting_jobs(gearmand) == 1000 - 321


def test_background_jobs_are_done_while_more_are_submitted(
    gearmand: RunningServer,
) -> None:
    spent = load(
        gearmand,
        "exchange",
        background=1,
        unique=1,
        clients=3,
        in_flight=5,
        workers=4,
        warmup=100,
        jobs=2000,
    )
    assert spent.jobs == 2000
    assert status(gearmand).startswith(b"bench\t0\t0\t")


def test_beanstalkd_forgets_what_is_done_and_keeps_what_is_put(
    beanstalkd: RunningServer,
) -> None:
    load(
        beanstalkd,
        "exchange",
        beanstalk=1,
        background=1,
        clients=2,
        in_flight=4,
        workers=3,
        jobs=400,
    )
    load(beanstalkd, "submit", beanstalk=1, clients=3, in_flight=10, jobs=300)
    statistics = beanstalkd_statistics(beanstalkd)
    assert b"cmd-put: 700\n" in statistics
    assert b"cmd-delete: 400\n" in statistics
    assert b"current-jobs-ready: 300\n" in statistics


def beanstalkd_statistics(server: RunningServer) -> bytes:
    with server.connect() as connection:
        connection.sendall(b"stats\r\nquit\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def test_what_beanstalkd_would_not_say_is_a_clear_error(
    gearmand: RunningServer,
) -> None:
    with pytest.raises(LoadError, match="beanstalkd has no uniques"):
        load(gearmand, "submit", beanstalk=1, unique=1)
    with pytest.raises(LoadError, match="the server sent ERR"):
        load(gearmand, "submit", beanstalk=1)


def test_a_probe_times_one_submission_at_a_time(gearmand: RunningServer) -> None:
    alone = load(gearmand, "probe", clients=0, jobs=300)
    assert alone.extra["samples"] == alone.jobs == 300
    beside = load(gearmand, "probe", clients=2, in_flight=10, jobs=300)
    assert beside.extra["samples"] == 300
    assert beside.jobs > 600


def test_a_probe_notices_writes_to_the_file(
    gearmand: RunningServer, tmp_path: Path
) -> None:
    watched = tmp_path / "watched"
    watched.touch()
    writer = subprocess.Popen(
        ["sh", "-c", f"while sleep 0.05; do echo >>{watched}; done"]
    )
    try:
        spent = load(gearmand, "probe", clients=0, watch=watched, checkpoints=3)
    finally:
        writer.kill()
        writer.wait()
    assert spent.extra["checkpoints"] == 3
    assert 3 <= spent.extra["during"] < spent.extra["samples"]


def test_a_probe_without_checkpoints_is_a_clear_error(
    gearmand: RunningServer, tmp_path: Path
) -> None:
    watched = tmp_path / "watched"
    watched.touch()
    with pytest.raises(LoadError, match="and 0 checkpoints"):
        load(
            gearmand,
            "probe",
            clients=0,
            watch=watched,
            checkpoints=1,
            milliseconds=100,
        )


def test_processor_time_is_what_proc_says(gearmand: RunningServer) -> None:
    before = cpu_seconds(gearmand.process.pid)
    spent = load(gearmand, "submit", in_flight=100, jobs=100_000)
    after = cpu_seconds(gearmand.process.pid)
    assert spent.server > 0.02
    assert after - before == pytest.approx(spent.server, abs=0.05, rel=0.2)


def test_resident_memory_grows_with_what_waits(gearmand: RunningServer) -> None:
    before = resident_bytes(gearmand.process.pid)
    load(gearmand, "submit", in_flight=100, jobs=20_000)
    assert resident_bytes(gearmand.process.pid) - before > 20_000 * 64
    load(gearmand, "exchange", clients=0, workers=4, jobs=20_000)
    assert peak_bytes(gearmand.process.pid) >= resident_bytes(gearmand.process.pid)
    assert peak_bytes(gearmand.process.pid) - before > 20_000 * 64


def test_latencies_are_those_of_single_jobs(gearmand: RunningServer) -> None:
    spent = load(gearmand, "exchange", jobs=500, warmup=20, separate=1)
    assert 0 < spent.extra["p50"] <= spent.extra["p99"]
    assert spent.extra["p50"] * 500 / 2 <= spent.wall * 1e6


def test_a_restarted_server_is_timed_and_has_its_jobs(tmp_path: Path) -> None:
    with GEARTRAIN_DISK.started(tmp_path) as server:
        load(server, "submit", jobs=50)
        server.process.kill()
        server.process.wait()
    with restarted(GEARTRAIN_DISK, tmp_path) as found:
        assert found.waiting in {49, 50}
        assert 0.01 < found.status_seconds < 30
        assert 0.01 < found.job_seconds < 30
        assert waiting_jobs(found.server) == 49
    assert folder_bytes(tmp_path) > 0


def test_no_server_is_a_clear_error(gearmand: RunningServer) -> None:
    port = free_port()
    with pytest.raises(LoadError, match=f"connect to 127.0.0.1:{port}"):
        generator.run("submit", port=port, server=gearmand.process.pid)


def test_an_ended_server_process_is_a_clear_error(gearmand: RunningServer) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    with pytest.raises(LoadError, match=f"no process {ended.pid}"):
        generator.run("submit", port=gearmand.port, server=ended.pid)


def test_no_compiler_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "PROGRAM", tmp_path / "build" / "load")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LoadError, match="apt-get install gcc"):
        generator.build()


def test_changed_sources_are_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "PROGRAM", tmp_path / "build" / "load")
    first = generator.build().stat().st_mtime_ns
    assert generator.build().stat().st_mtime_ns == first
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 0 }")
    monkeypatch.setattr(generator, "SOURCES", tmp_path)
    with pytest.raises(LoadError, match="does not compile"):
        generator.build()
