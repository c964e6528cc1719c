"""Two job servers that share a PostgreSQL store: one is killed, or held too long."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from geartrain.admin import Admin
from geartrain.client import Client
from geartrain.errors import GeartrainError
from geartrain.protocol.constants import PacketType
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, free_port, running_geartrain
from tests.support.suspending import suspend
from tests.support.waiting import wait_until
from tests.support.wire import Wire

pytestmark = pytest.mark.slow


@pytest.fixture
def database(database: PostgresqlServer) -> PostgresqlServer:
    """Return the server without what other tests have left."""
    database.empty()
    return database


def submit(server: RunningServer, unique: str, function: str = "work") -> str:
    with Client([server.address]) as client:
        return client.submit(function, b"w", background=True, unique=unique).handle


def waiting(server: RunningServer) -> int:
    """Return how many jobs wait at one of the servers."""
    with Admin(server.address, span="local") as admin:
        return sum(row.waiting for row in admin.functions())


def run_one(server: RunningServer) -> str:
    """Run a job as a worker; return its handle."""
    with Wire(server.connect()) as worker:
        worker.register(b"work")
        # It is told when a job that was taken over has been read.
        worker.send(PacketType.PRE_SLEEP)
        worker.expect(PacketType.NOOP)
        handle, _ = worker.grab()
        worker.send(PacketType.WORK_COMPLETE, handle, b"")
        assert worker.echoes()
        return handle.decode()


def test_jobs_of_a_server_that_is_killed_are_run_by_the_other(
    database: PostgresqlServer,
) -> None:
    store = ("--store", database.url())
    with (
        running_geartrain(*store, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
    ):
        with Admin(other.address) as admin:
            rows = [each for each in admin.cluster() if each.lanes]
        nodes = [(each.node, each.role, each.state) for each in rows]
        assert nodes == [("other", "self", "alive"), ("one", "node", "leading")]
        handles = {submit(one, f"u{number}") for number in range(5)}
        assert all(handle.startswith("H:geartrain:") for handle in handles)
        assert all(len(handle) <= 63 for handle in handles)
        assert submit(other, "u0") in handles
        assert waiting(other) == 0
        one.process.kill()
        wait_until(lambda: waiting(other) == 5)
        assert {run_one(other) for _ in range(5)} == handles
        assert waiting(other) == 0
        with Admin(other.address) as admin:
            wait_until(lambda: "lost" in [each.state for each in admin.cluster()])
            (problem,) = admin.problems()
            assert (problem.problem, problem.value) == ("node_lost", 1)
            assert problem.text.startswith("the job server 'one' ended without a stop")
            with running_geartrain(*store, "--node-name", "one"):
                wait_until(lambda: admin.problems() == [])
                assert "lost" not in [each.state for each in admin.cluster()]
        assert "the job server one (crashed) has left 5 jobs" in other.log.read_text()
    with running_geartrain(*store) as again:
        assert waiting(again) == 0


def test_a_server_that_slept_beyond_its_lease_begins_anew(
    database: PostgresqlServer,
) -> None:
    store = ("--store", database.url())
    with running_geartrain(*store) as one, running_geartrain(*store) as other:
        handle = submit(one, "u")
        suspend(one.process)
        began = time.monotonic()
        wait_until(lambda: waiting(other) == 1, timeout=20)
        assert time.monotonic() - began <= 15
        os.kill(one.process.pid, signal.SIGCONT)
        assert run_one(other) == handle
        wait_until(lambda: "beginning anew" in one.log.read_text())
        wait_until(lambda: _answers(one))
        assert waiting(one) == 0
        assert submit(one, "v").startswith("H:geartrain:")
        assert waiting(one) == 1
        assert one.process.poll() is None


def test_a_server_that_slept_tells_once_that_a_node_left_and_came_back() -> None:
    with running_geartrain("--no-http") as server:
        with node(server, b"f"):
            wait_until(lambda: lines_about_nodes(server) == [HERE])
            suspend(server.process)
        # The system has accepted these, and the node has given them up.
        for _ in range(5):
            with node(server):
                pass
        server.process.send_signal(signal.SIGCONT)
        with Admin(server.address) as admin:
            wait_until(lambda: [row.state for row in admin.cluster()][1:] == ["away"])
        assert lines_about_nodes(server) == [HERE, GONE]
        with node(server, b"f"):
            wait_until(lambda: lines_about_nodes(server) == [HERE, GONE, HERE])
        wait_until(lambda: lines_about_nodes(server) == [HERE, GONE, HERE, GONE])


HERE = "node 'other' at 127.0.0.1 takes jobs of this job server"
GONE = "node 'other' at 127.0.0.1 takes jobs no more"


@contextmanager
def node(server: RunningServer, *functions: bytes) -> Iterator[None]:
    """Connect as a node that can do these functions."""
    with Wire(server.connect()) as wire:
        wire.send(PacketType.OPTION_REQ, b"node\x00123\0other")
        for function in functions:
            wire.send(PacketType.CAN_DO, function)
        yield


def lines_about_nodes(server: RunningServer) -> list[str]:
    """Return what the log tells of nodes that came or left."""
    lines = [
        line.partition("server: ")[2] for line in server.log.read_text().splitlines()
    ]
    return [line for line in lines if "takes jobs" in line]


def test_servers_on_one_store_find_each_other_and_help(
    database: PostgresqlServer,
) -> None:
    store = ("--store", database.url())
    with (
        running_geartrain(*store, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
        Wire(one.connect()) as worker,
    ):
        wait_until(lambda: _helped(other) == [("one", one.address, "connected")])
        worker.register(b"upper")
        worker.send(PacketType.PRE_SLEEP)
        with Client([other.address]) as client:
            job = client.submit("upper", b"abc")
            worker.expect(PacketType.NOOP)
            handle, workload = worker.grab()
            worker.send(PacketType.WORK_COMPLETE, handle, workload.upper())
            assert job.result() == b"ABC"
        other.process.kill()
        wait_until(lambda: _helped(one) == [])
        flags = ("--node-name", "alone", "--node-address", "none")
        with running_geartrain(*store, *flags) as alone:
            wait_until(lambda: _nodes(one) == [("alone", None)])
            assert _helped(one) == _helped(alone) == []


def test_a_stop_in_order_worries_nobody(database: PostgresqlServer) -> None:
    store = ("--store", database.url())
    with (
        running_geartrain(*store, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
    ):
        wait_until(lambda: _helped(one) == [("other", other.address, "connected")])
        other.process.terminate()
        wait_until(lambda: "(node other) no more" in one.log.read_text())
        assert "WARNING" not in one.log.read_text()
        wrong = ("--node-address", f"127.0.0.1:{free_port()}")
        with running_geartrain(*store, "--node-name", "lost", *wrong):
            away = f"the peer {wrong[1]} (node lost) is away (Connection refused)"
            wait_until(lambda: away in one.log.read_text())


def _nodes(server: RunningServer) -> list[tuple[str | None, str | None]]:
    with Admin(server.address) as admin:
        rows = [each for each in admin.cluster() if each.role == "node"]
    rows = [each for each in rows if each.state != "lost"]
    return [(each.node, each.address) for each in rows]


def _helped(server: RunningServer) -> list[tuple[str | None, str | None, str]]:
    with Admin(server.address) as admin:
        rows = [each for each in admin.cluster() if each.role == "helped"]
    return [(each.node, each.address, each.state) for each in rows]


def _answers(server: RunningServer) -> bool:
    try:
        return waiting(server) == 0
    except GeartrainError:
        return False
