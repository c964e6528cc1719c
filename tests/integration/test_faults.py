"""A machine that fails beneath a real server: its disk, and its calendar."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.disks import MIB, fill, small_disk
from tests.support.faults import Faults, build, faulty_geartrain
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until
from tests.support.wire import Neighbour, Wire

HOUR = 3600

DISKS = {
    "no_space": ({"write": errno.ENOSPC}, b"its disk is full: free some space"),
    "no_write": ({"write": errno.EIO}, b"look for errors of its disk"),
    "no_sync": ({"sync": errno.EIO}, b"look for errors of its disk"),
}

Start = AbstractContextManager[tuple[RunningServer, Faults]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/jobs.db"


@pytest.fixture
def machine(library: Path, tmp_path: Path, store: str) -> Start:
    """Return what runs a durable server on a machine that can fail."""
    return faulty_geartrain(library, tmp_path, "--store", store)


@pytest.fixture
def struck(machine: Start) -> Iterator[tuple[Wire, RunningServer, Faults]]:
    """Return a peer of a durable server whose machine can fail, and both."""
    with machine as (server, faults), Wire(server.connect()) as peer:
        yield peer, server, faults
        faults.end()


def submit(peer: Wire, unique: bytes, workload: bytes = b"") -> bytes:
    """Submit a background job and return its handle."""
    peer.send(PacketType.SUBMIT_JOB_BG, b"f", unique, workload)
    return peer.expect(PacketType.JOB_CREATED)[0]


def refusal(peer: Wire, unique: bytes) -> bytes:
    """Submit a background job and return why it is refused."""
    peer.send(PacketType.SUBMIT_JOB_BG, b"f", unique, b"")
    return peer.expect(PacketType.ERROR, 2)[1]


def workloads_left(server: RunningServer) -> list[bytes]:
    """Run all jobs of the function; return what they were, in order."""
    found: list[bytes] = []
    with Wire(server.connect()) as worker:
        worker.register(b"f")
        while True:
            worker.send(PacketType.GRAB_JOB)
            answer = worker.read()
            if answer.type is PacketType.NO_JOB:
                return found
            handle, _, workload = answer.split(3)
            found.append(workload)
            worker.send(PacketType.WORK_COMPLETE, handle, b"")


@pytest.mark.parametrize("kind", DISKS)
def test_submitters_are_told_why_and_served_again_without_a_restart(
    kind: str, struck: tuple[Wire, RunningServer, Faults], store: str
) -> None:
    peer, server, faults = struck
    fault, reason = DISKS[kind]
    submit(peer, b"before", b"before")
    faults.disk(**fault)
    assert reason in refusal(peer, b"refused")
    assert reason in refusal(peer, b"refused too")
    neighbour = Neighbour(server)
    assert neighbour.is_unharmed()
    neighbour.close()
    assert b"f\t1\t0\t0" in peer.listing(b"status")
    faults.end()
    # The store is tried again after a pause.
    wait_until(lambda: _is_taken(peer, b"after"))
    server.process.kill()
    server.process.wait()
    with running_geartrain("--store", store) as restarted:
        assert workloads_left(restarted) == [b"before", b"after"]


def _is_taken(peer: Wire, workload: bytes) -> bool:
    peer.send(PacketType.SUBMIT_JOB_BG, b"f", workload, workload)
    return peer.read().type is PacketType.JOB_CREATED


def test_jobs_are_done_while_the_disk_is_full_and_not_done_again(
    struck: tuple[Wire, RunningServer, Faults], store: str
) -> None:
    peer, server, faults = struck
    for number in range(20):
        submit(peer, b"%d" % number, b"%d" % number)
    faults.disk(write=errno.ENOSPC)
    assert len(workloads_left(server)) == 20
    (row,) = peer.listing(b"status")
    assert row.startswith(b"f\t0\t0\t")
    faults.end()
    wait_until(lambda: _is_taken(peer, b"last"))
    server.process.kill()
    server.process.wait()
    with running_geartrain("--store", store) as restarted:
        assert workloads_left(restarted) == [b"last"]


def test_a_disk_that_fails_as_the_server_stops_loses_nothing_acknowledged(
    struck: tuple[Wire, RunningServer, Faults], store: str
) -> None:
    peer, server, faults = struck
    submit(peer, b"kept", b"kept")
    faults.disk(write=errno.ENOSPC)
    server.process.terminate()
    assert server.process.wait(20) in (0, 1)
    faults.end()
    with running_geartrain("--store", store) as restarted:
        assert workloads_left(restarted) == [b"kept"]


def test_the_log_tells_once_when_the_disk_fails_and_when_it_is_well(
    struck: tuple[Wire, RunningServer, Faults],
) -> None:
    peer, server, faults = struck
    faults.disk(write=errno.ENOSPC)
    for number in range(5):
        refusal(peer, b"%d" % number)
    faults.end()
    wait_until(lambda: _is_taken(peer, b"last"))
    # A thread writes the log.
    wait_until(lambda: "the store is well again" in server.log.read_text())
    log = server.log.read_text()
    assert log.count("background jobs are refused") == 1
    assert log.count("the store is well again") == 1


def test_a_stop_says_that_ends_are_not_saved(
    struck: tuple[Wire, RunningServer, Faults], store: str
) -> None:
    peer, server, faults = struck
    for number in range(3):
        submit(peer, b"%d" % number, b"%d" % number)
    faults.disk(write=errno.ENOSPC)
    assert len(workloads_left(server)) == 3
    wait_until(lambda: b'"state": "failing"' in peer.listing(b"store")[0])
    assert b'"unsaved": 3' in peer.listing(b"store")[0]
    server.process.terminate()
    assert server.process.wait(20) == 1
    log = server.log.read_text()
    assert log.count("what becomes of background jobs is not saved") == 1
    assert "what became of 3 jobs is not saved in the store: they run again" in log
    faults.end()
    with running_geartrain("--store", store) as restarted:
        assert workloads_left(restarted) == [b"0", b"1", b"2"]


@pytest.mark.parametrize(("jobs", "status"), [(0, 0), (3, 1)])
def test_a_stop_says_that_jobs_went_away_with_their_file(
    tmp_path: Path, jobs: int, status: int
) -> None:
    file = tmp_path / "jobs.db"
    with running_geartrain("--store", f"sqlite://{file}") as server:
        with Wire(server.connect()) as peer:
            for number in range(jobs):
                submit(peer, b"%d" % number, b"%d" % number)
        file.unlink()
        server.process.terminate()
        assert server.process.wait(20) == status
        log = server.log.read_text()
        assert log.count("3 jobs, dead letters and recurring jobs are lost") == status


@pytest.mark.parametrize("ends_by", ["kill", "stop"])
def test_a_disk_filled_by_jobs_has_room_for_all_their_ends(
    ends_by: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 12 * MIB) as disk:
        store = f"sqlite://{disk}/jobs.db"
        with running_geartrain("--store", store) as server:
            with Wire(server.connect()) as peer:
                count = 0
                while _is_taken(peer, b"%d" % count + bytes(100_000)):
                    count += 1
                assert count > 10
                filler = fill(disk)
                assert len(workloads_left(server)) == count
                wait_until(lambda: b'"unsaved": 0' in peer.listing(b"store")[0])
                assert b'"state": "refusing"' in peer.listing(b"store")[0]
                filler.unlink()
                wait_until(lambda: b'"state": "ok"' in peer.listing(b"store")[0])
                assert submit(peer, b"last", b"last")
            if ends_by == "kill":
                server.process.kill()
                server.process.wait()
            else:
                server.process.terminate()
                assert server.process.wait(20) == 0
        with running_geartrain("--store", store) as restarted:
            assert workloads_left(restarted) == [b"last"]


@pytest.mark.parametrize("ends_by", ["kill", "stop"])
def test_a_store_whose_file_goes_away_acknowledges_nothing_until_it_is_back(
    ends_by: str, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    store = f"sqlite://{folder}/jobs.db"
    with running_geartrain("--store", store) as server:
        with Wire(server.connect()) as peer:
            submit(peer, b"before", b"before")
            folder.rename(tmp_path / "away")
            assert b"has gone" in refusal(peer, b"meanwhile")
            wait_until(lambda: b'"state": "refusing"' in peer.listing(b"store")[0])
            (tmp_path / "away").rename(folder)
            wait_until(lambda: _is_taken(peer, b"after"))
        if ends_by == "kill":
            server.process.kill()
            server.process.wait()
        else:
            server.process.terminate()
            assert server.process.wait(20) == 0
        assert server.log.read_text().count("background jobs are refused") == 1
    with running_geartrain("--store", store) as restarted:
        assert workloads_left(restarted) == [b"before", b"after"]


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_a_calendar_that_jumps_stops_nothing_and_repeats_no_handle(
    seconds: int, struck: tuple[Wire, RunningServer, Faults]
) -> None:
    peer, server, faults = struck
    handles = {submit(peer, b"1")}
    peer.register(b"f")
    assert peer.grab()[0] in handles
    faults.jump(seconds)
    handles |= {submit(peer, b"2"), submit(peer, b"3")}
    assert len(handles) == 3
    neighbour = Neighbour(server)
    assert neighbour.is_unharmed()
    neighbour.close()
    assert len(workloads_left(server)) == 2
    assert peer.listing(b"status")[0].split(b"\t")[:3] == [b"f", b"1", b"1"]


def test_delayed_jobs_follow_the_calendar(
    struck: tuple[Wire, RunningServer, Faults],
) -> None:
    peer, _, faults = struck
    due = int(time.time()) + HOUR
    peer.send(PacketType.SUBMIT_JOB_EPOCH, b"f", b"", b"%d" % due, b"later")
    peer.expect(PacketType.JOB_CREATED)
    peer.register(b"f")
    peer.sleep()
    peer.expect_silence(0.3)
    faults.jump(HOUR + 1)
    peer.expect(PacketType.NOOP, 0)
    assert peer.grab()[1] == b"later"


def test_a_time_limit_does_not_follow_the_calendar(
    struck: tuple[Wire, RunningServer, Faults],
) -> None:
    peer, _, faults = struck
    peer.send(PacketType.CAN_DO_TIMEOUT, b"f", b"600")
    submit(peer, b"long")
    peer.grab()
    faults.jump(HOUR)
    assert peer.echoes()
    time.sleep(0.3)
    assert peer.listing(b"status") == [b"f\t1\t1\t1"]
