"""Many connections, too many connections, and peers that do not read."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.waiting import slowness, wait_until
from tests.support.wire import MIB, Scene, Wire, packet, scene

COVERS = ("server/connection", "server/driver", "server/introductions")

IDLE_CONNECTIONS = 5000
PIECE = b"x" * 65536


@contextmanager
def descriptors_for(connections: int) -> Iterator[None]:
    """Let this process open as many files as it may, and check that it is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= connections + 200, (
        f"{connections} connections need a hard limit of {connections + 200} open "
        f"files, this process has {hard}: raise it with ulimit -Hn"
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_closed(peer: Wire) -> bool:
    """Tell whether the job server has closed a connection that is not read."""
    try:
        peer.socket.send(b"\n")
    except ConnectionError:
        return True
    return False


def is_served(peer: Wire) -> bool:
    """Tell whether the job server answers; one that waits or was closed is not."""
    peer.socket.settimeout(0.5)
    try:
        return peer.echoes()
    except (ConnectionError, TimeoutError):
        return False


def connections(admin: Wire) -> int:
    """Return how many connections the job server knows, without those it needs."""
    # The neighbour's two, and the one that asks.
    return len(admin.listing(b"workers")) - 3


def test_a_client_that_does_not_read_is_closed_at_max_outbox() -> None:
    limit = 4 * MIB
    with scene("--max-outbox", str(limit)) as here:
        before = here.figures.memory()
        worker = here.worker(b"flood")
        client = here.slow_peer()
        handle = client.submit(b"flood")
        assert worker.grab() == (handle, b"")

        for _ in range(1024):
            worker.send(PacketType.WORK_DATA, handle, PIECE)
        # Its own answers tell that the worker was read and is not harmed.
        assert worker.echoes()

        wait_until(lambda: is_closed(client))
        assert here.neighbour.is_unharmed()
        assert here.figures.peak_memory() - before < limit + 16 * MIB
        assert "more than --max-outbox" in here.server.log.read_text()
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert worker.echoes()


def test_the_others_who_wait_for_the_same_job_get_all_of_it() -> None:
    with scene("--max-outbox", "1M") as here:
        worker = here.worker(b"shared")
        sleepy, awake = here.slow_peer(), here.peer()
        for client in (sleepy, awake):
            client.send(PacketType.SUBMIT_JOB, b"shared", b"same", b"")
            client.expect(PacketType.JOB_CREATED)
        handle, _ = worker.grab()

        for _ in range(256):
            worker.send(PacketType.WORK_DATA, handle, PIECE)
            assert awake.expect(PacketType.WORK_DATA, 2) == [handle, PIECE]
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")

        assert awake.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]
        wait_until(lambda: is_closed(sleepy))


def test_a_client_that_reads_late_gets_all_that_fits_the_outbox() -> None:
    with scene("--max-outbox", "32M") as here:
        worker = here.worker(b"late")
        client = here.slow_peer()
        handle = client.submit(b"late")
        worker.grab()
        results = [b"%d" % number * 30_000 for number in range(200)]

        for result in results:
            worker.send(PacketType.WORK_DATA, handle, result)
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert worker.echoes()

        for result in results:
            assert client.expect(PacketType.WORK_DATA, 2) == [handle, result]
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]


def test_a_peer_that_never_reads_its_echoes_is_not_read_from() -> None:
    with scene() as here:
        before = here.figures.memory()
        flooder = here.slow_peer()
        echo = packet(PacketType.ECHO_REQ, b"x" * 4096)

        sent = send_until_blocked(flooder, echo * 16)

        assert here.neighbour.is_unharmed()
        assert here.figures.peak_memory() - before < 32 * MIB
        start = here.figures.cpu_seconds()
        time.sleep(0.5)
        assert here.figures.cpu_seconds() - start < 0.1
        # It is only held up: once it reads, it is read from again.
        for _ in range(sent // len(echo)):
            assert flooder.read().payload == b"x" * 4096


@pytest.mark.usefixtures("loop")
def test_a_peer_that_reads_late_why_it_was_expelled_is_dropped_once() -> None:
    with scene() as here:
        peer = here.slow_peer()
        echo = packet(PacketType.ECHO_REQ, b"x" * 4 * MIB)
        peer.send_bytes(echo + b"\0BAD" + bytes(8))
        assert here.neighbour.is_unharmed()
        assert peer.read().payload == b"x" * 4 * MIB
        assert b"INVALID_MAGIC" in peer.expect(PacketType.ERROR, 2)
        peer.expect_end()
        # The job server would have dropped it by then.
        time.sleep(5.5)
        assert here.neighbour.is_unharmed()
        assert "Traceback" not in here.server.log.read_text()


def test_a_peer_that_leaves_while_it_is_not_read_from_leaves_nothing_behind() -> None:
    with scene() as here:
        descriptors = here.figures.descriptors()
        flooder = here.slow_peer()
        send_until_blocked(flooder, packet(PacketType.ECHO_REQ, b"x" * 4096) * 16)

        flooder.close()

        wait_until(lambda: here.figures.descriptors() == descriptors)


def send_until_blocked(peer: Wire, data: bytes) -> int:
    """Send ``data`` again and again until the other side takes no more."""
    sent = 0
    peer.socket.settimeout(0.5)
    try:
        while sent < 256 * MIB:
            # Some of it was taken, or none: always go on where that ended.
            sent += peer.socket.send(data[sent % len(data) :])
    except TimeoutError:
        peer.socket.settimeout(10)
        return sent
    raise AssertionError("the job server took all of it")


def test_thousands_of_idle_connections_do_not_slow_work() -> None:
    with descriptors_for(IDLE_CONNECTIONS), scene() as here:
        before = here.figures.memory()
        admin = here.peer()
        crowd = [here.peer() for _ in range(IDLE_CONNECTIONS)]
        wait_until(lambda: connections(admin) == IDLE_CONNECTIONS)

        times = sorted(here.neighbour.round_trip() for _ in range(200))

        most = slowness()
        assert times[100] < 0.02 * most
        assert times[-1] < most
        assert here.figures.memory() - before < IDLE_CONNECTIONS * 16 * 1024
        for peer in crowd:
            peer.close()
        wait_until(lambda: connections(admin) == 0)


def test_thousands_of_connections_that_vanish_at_once_harm_nobody() -> None:
    with descriptors_for(IDLE_CONNECTIONS), scene() as here:
        descriptors = here.figures.descriptors()
        crowd = [here.peer() for _ in range(IDLE_CONNECTIONS)]
        for peer in crowd:
            peer.send(PacketType.CAN_DO, b"vanishing")
            peer.send(PacketType.PRE_SLEEP)
        assert crowd[-1].echoes()

        for peer in crowd:
            peer.reset()

        assert here.neighbour.is_unharmed()
        wait_until(lambda: here.figures.descriptors() == descriptors)
        status = here.peer().listing(b"status")
        assert b"vanishing\t0\t0\t0" in status


def test_a_server_out_of_descriptors_turns_newcomers_away_and_recovers() -> None:
    with scene("--descriptors", "64") as here:
        crowd = [here.peer() for _ in range(100)]
        served = [peer for peer in crowd if is_served(peer)]

        assert 30 <= len(served) < 64
        assert here.neighbour.is_unharmed()
        start = here.figures.cpu_seconds()
        time.sleep(1)
        assert here.figures.cpu_seconds() - start < 0.2
        assert all(peer.echoes() for peer in served)
        assert_recovers(here, crowd, served)
        log = here.server.log.read_text()
        assert log.count("all 64 descriptors are in use") == 1


def assert_recovers(here: Scene, crowd: list[Wire], served: list[Wire]) -> None:
    """Let some of the served leave: then there is room for newcomers again."""
    staying = served[20:]
    for peer in crowd:
        if peer not in staying:
            peer.close()
    wait_until(lambda: connections(staying[0]) < len(staying))
    newcomers = [here.peer() for _ in range(10)]
    assert all(peer.echoes() for peer in newcomers)
    assert all(peer.echoes() for peer in staying)


def test_a_machine_without_uvloop_has_a_working_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard library's event loop takes uvloop's place."""
    (tmp_path / "uvloop.py").write_text("raise ImportError('not on this machine')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path.rstrip(os.pathsep))
    with scene() as here:
        maps = Path(f"/proc/{here.server.process.pid}/maps").read_text()
        assert "uvloop" not in maps
        admin = here.peer()
        crowd = [here.peer() for _ in range(300)]
        wait_until(lambda: connections(admin) == 300)
        assert here.neighbour.is_unharmed(rounds=100)
        crowd[0].send(PacketType.ECHO_REQ, PIECE * 100)
        assert crowd[0].read().payload == PIECE * 100
        for peer in crowd:
            peer.reset()
        wait_until(lambda: connections(admin) == 0)
