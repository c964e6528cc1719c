"""What was acknowledged is there after kill -9, in a real server."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    running_geartrain,
    stop,
)
from tests.support.waiting import PATIENCE
from tests.support.wire import Wire, packet

pytestmark = pytest.mark.slow

ROUNDS = 6
WINDOW = 50


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/queue.db"


class Submitter:
    """A client that submits numbered jobs until its server dies."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.count = 0
        # Handles by workload, as they were acknowledged.
        self.acknowledged: dict[bytes, bytes] = {}

    def run(self, server: RunningServer) -> None:
        """Keep a window of submissions in flight until the connection breaks."""
        with contextlib.suppress(OSError), Wire(server.connect()) as client:
            while True:
                workloads = [self._next() for _ in range(WINDOW)]
                client.send_bytes(b"".join(map(_submission, workloads)))
                for workload in workloads:
                    (handle,) = client.expect(PacketType.JOB_CREATED)
                    assert workload not in self.acknowledged
                    self.acknowledged[workload] = handle

    def _next(self) -> bytes:
        self.count += 1
        return b"%s-%d" % (self.name, self.count)


def _submission(workload: bytes) -> bytes:
    return packet(PacketType.SUBMIT_JOB_BG, b"work", b"", workload)


class Worker:
    """A worker that notes what it did."""

    def __init__(self) -> None:
        self.done: set[bytes] = set()

    def run(self, server: RunningServer, until_empty: bool = False) -> None:
        """Work until the connection breaks, or until there is nothing left."""
        with contextlib.suppress(OSError), Wire(server.connect()) as worker:
            worker.register(b"work")
            while True:
                worker.send(PacketType.GRAB_JOB)
                answer = worker.read()
                if answer.type is PacketType.JOB_ASSIGN:
                    handle, _, workload = answer.split(3)
                    self.done.add(workload)
                    worker.send(PacketType.WORK_COMPLETE, handle, b"")
                elif until_empty:
                    return
                else:
                    time.sleep(0.001)


def test_every_acknowledged_job_survives_kill_9(store: str) -> None:
    submitters = [Submitter(b"one"), Submitter(b"two")]
    worker = Worker()
    for _ in range(ROUNDS):
        with running_geartrain("--store", store) as server:
            runs = [worker.run, *(each.run for each in submitters)]
            threads = [threading.Thread(target=run, args=(server,)) for run in runs]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.05, 0.4))
            server.process.kill()
            for thread in threads:
                thread.join(20)
    with running_geartrain("--store", store) as server:
        worker.run(server, until_empty=True)
    acknowledged = {key for each in submitters for key in each.acknowledged}
    handles = [handle for each in submitters for handle in each.acknowledged.values()]
    assert len(acknowledged) > ROUNDS * WINDOW
    assert acknowledged <= worker.done
    assert len(set(handles)) == len(handles)


@pytest.mark.parametrize("durability", ["os", "disk"])
def test_jobs_of_all_kinds_survive_a_stop(store: str, durability: str) -> None:
    flags = ("--store", store, "--durability", durability)
    large = bytes(range(256)) * 4096
    due = b"%.3f" % (time.time() + 5)
    with running_geartrain(*flags) as server, Wire(server.connect()) as client:
        client.send(PacketType.SUBMIT_JOB_LOW_BG, b"f", b"low", b"3")
        client.send(PacketType.SUBMIT_JOB_HIGH_BG, b"f", b"high", b"1")
        client.send(PacketType.SUBMIT_JOB_BG, b"f", b"", large)
        client.send(
            PacketType.SUBMIT_REDUCE_JOB_BACKGROUND, b"g", b"", b"sum", b"", b"\0"
        )
        client.send(PacketType.SUBMIT_JOB_EPOCH, b"f", b"", due, b"later")
        handles = [client.expect(PacketType.JOB_CREATED)[0] for _ in range(5)]
    with running_geartrain(*flags) as server, Wire(server.connect()) as worker:
        worker.send(PacketType.SUBMIT_JOB_BG, b"f", b"high", b"ignored")
        assert worker.expect(PacketType.JOB_CREATED) == [handles[1]]
        worker.register(b"f")
        assert [worker.grab() for _ in range(3)] == [
            (handles[1], b"1"),
            (handles[2], large),
            (handles[0], b"3"),
        ]
        worker.register(b"g")
        worker.send(PacketType.GRAB_JOB_ALL)
        assert worker.expect(PacketType.JOB_ASSIGN_ALL, 5)[3:] == [b"sum", b"\0"]
        worker.send(PacketType.PRE_SLEEP)
        worker.expect(PacketType.NOOP)
        assert time.time() >= float(due)
        assert worker.grab() == (handles[4], b"later")


def test_what_was_done_is_not_done_again(store: str) -> None:
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        peer.send(PacketType.SUBMIT_JOB_BG, b"f", b"", b"once")
        peer.expect(PacketType.JOB_CREATED)
        peer.register(b"f")
        handle, _ = peer.grab()
        peer.send(PacketType.WORK_COMPLETE, handle, b"")
        assert peer.echoes()
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        assert peer.listing(b"status") == []


def test_a_running_job_is_run_again_after_kill_9(store: str) -> None:
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        peer.send(PacketType.SUBMIT_JOB_BG, b"f", b"", b"work")
        (handle,) = peer.expect(PacketType.JOB_CREATED)
        peer.register(b"f")
        assert peer.grab() == (handle, b"work")
        server.process.kill()
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        peer.register(b"f")
        assert peer.grab() == (handle, b"work")


def test_sigterm_answers_what_was_submitted(store: str) -> None:
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        peer.send_bytes(b"".join(_submission(b"%d" % n) for n in range(2000)))
        peer.expect(PacketType.JOB_CREATED)
        server.process.send_signal(signal.SIGTERM)
        answered = 1
        with contextlib.suppress(ConnectionError):
            while peer.read().type is PacketType.JOB_CREATED:
                answered += 1
        assert server.process.wait(10) == 0
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        (row,) = peer.listing(b"status")
        assert int(row.split(b"\t")[1]) >= answered


def test_sigterm_is_obeyed_while_somebody_submits(store: str) -> None:
    submitter = Submitter(b"busy")
    # Nothing runs, so that nothing is waited for.
    with running_geartrain("--store", store, "--drain", "600") as server:
        thread = threading.Thread(target=submitter.run, args=(server,))
        thread.start()
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        thread.join(20)
    with running_geartrain("--store", store) as server, Wire(server.connect()) as peer:
        (row,) = peer.listing(b"status")
        assert int(row.split(b"\t")[1]) >= len(submitter.acknowledged) > 0


@contextlib.contextmanager
def failing_server(*flags: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*geartrain_command("geartrain"), "server", "--port", str(free_port())]
    process = subprocess.Popen(
        [*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        stop(process)


def test_two_servers_cannot_share_a_store(store: str) -> None:
    with (
        running_geartrain("--store", store),
        failing_server("--store", store) as second,
    ):
        _, said = second.communicate(timeout=15)
        assert second.returncode == 1
        assert b"in use by another" in said
        assert b"Traceback" not in said


@pytest.mark.parametrize(
    "location", ["sqlite:relative.db", "oracle://host/db", "queue"]
)
def test_what_names_no_store_is_refused(location: str) -> None:
    with failing_server("--store", location) as server:
        _, said = server.communicate(timeout=15)
        assert server.returncode == 2
        assert b"sqlite:///full/path" in said
