"""The in-process job server, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.errors import JobTimeoutError, ListenError, OptionError, StartError
from geartrain.protocol.constants import PacketType
from geartrain.testing import LocalServer
from tests.support.inline_jobs import background, delayed
from tests.support.servers import free_port
from tests.support.wire import Wire

COVERS = (
    "testing/clock",
    "testing/driver",
    "testing/options",
    "testing/thread",
    "testing/work",
)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def test_a_connection_needs_no_port(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client, Wire(server.connect(10)) as worker:
        worker.register(b"reverse")
        handle = client.submit(b"reverse", b"abc")
        assert worker.grab() == (handle, b"abc")
        worker.send(PacketType.WORK_COMPLETE, handle, b"cba")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"cba"]


def test_a_port_is_there_when_asked_for() -> None:
    with LocalServer(port=0) as server:
        host, _, port = server.address.partition(":")
        with Wire(socket.create_connection((host, int(port)), 10)) as client:
            background(client, b"mail", b"over TCP")
        assert server.assert_submitted("mail", workload=b"over TCP")


def test_no_port_is_there_when_none_was_asked_for(server: LocalServer) -> None:
    with pytest.raises(OptionError, match="make it with port=0"):
        _ = server.address


def test_a_port_that_is_taken_is_an_error_of_start() -> None:
    port = free_port()
    with LocalServer(port=port), pytest.raises(ListenError, match=str(port)):
        LocalServer(port=port).start()


def test_a_policy_that_means_nothing_is_an_error_of_start() -> None:
    with pytest.raises(OptionError, match="max_atempts"):
        LocalServer(policies={"mail": {"max_atempts": 3}}).start()


def test_admin_asks_it_as_any_job_server(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client, Admin(server) as admin:
        handle = background(client, b"mail", b"hello")
        assert [row.handle for row in admin.jobs()] == [handle]


def test_nobody_connects_while_it_does_not_run() -> None:
    server = LocalServer()
    with pytest.raises(ConnectionRefusedError, match="does not run"):
        server.connect(1)
    with pytest.raises(StartError, match="does not run"):
        server.wait_idle()


def test_it_starts_again_empty(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client:
        background(client, b"mail")
        server.stop()
        client.expect_end()
    server.start()
    server.start()
    with Admin(server) as admin:
        assert list(admin.jobs()) == []
    assert [each.state for each in server.submitted()] == ["cancelled"]


def test_what_was_submitted_stays_known_after_the_stop(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client:
        background(client, b"mail")
    server.stop()
    server.stop()
    assert [each.state for each in server.submitted()] == ["unknown"]


def test_a_store_keeps_jobs_from_one_start_to_the_next(tmp_path: Path) -> None:
    server = LocalServer(store=tmp_path / "jobs.db")
    with server, Wire(server.connect(10)) as client:
        handle = background(client, b"mail", b"hello")
    with server, Admin(server) as admin:
        assert [(row.handle, row.state) for row in admin.jobs()] == [(handle, "ready")]
        assert [each.state for each in server.submitted()] == ["ready"]


def test_many_threads_connect_and_leave(server: LocalServer) -> None:
    before = threading.active_count()

    def visit(number: int) -> None:
        with Wire(server.connect(10)) as client:
            background(client, b"visit", b"%d" % number)

    visitors = [threading.Thread(target=visit, args=(each,)) for each in range(20)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert threading.active_count() <= before
    assert {each.workload for each in server.submitted("visit")} == {
        b"%d" % number for number in range(20)
    }


def test_a_moved_clock_makes_delayed_jobs_ready(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client, Wire(server.connect(10)) as worker:
        delayed(client, b"close-order", 1200)
        server.clock.move(1100)
        assert [each.state for each in server.submitted()] == ["scheduled"]
        server.clock.move(101)
        assert [each.state for each in server.submitted()] == ["ready"]
        worker.register(b"close-order")
        assert worker.grab()[1] == b"later"


def test_a_delay_is_as_long_after_the_clock_was_moved(server: LocalServer) -> None:
    server.clock.move(10_000)
    assert abs(server.clock.time() - time.time() - 10_000) < 5
    with Wire(server.connect(10)) as client:
        delayed(client, b"mail", 60)
        (record,) = server.submitted()
        assert record.due is not None
        assert 55 < record.due - server.clock.time() <= 60.001
        assert record.state == "scheduled"
        server.clock.move(61)
        assert server.submitted()[0].state == "ready"


def test_a_moved_clock_wakes_a_sleeping_worker(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client, Wire(server.connect(10)) as worker:
        worker.register(b"mail")
        worker.sleep()
        delayed(client, b"mail", 3600)
        server.clock.move(3601)
        worker.expect(PacketType.NOOP, 0)


def test_a_moved_clock_makes_time_outs_happen() -> None:
    policies = {"slow": {"timeout": 30.0, "max_attempts": 1}}
    server = LocalServer(policies=policies)
    with server, Wire(server.connect(10)) as client, Wire(server.connect(10)) as worker:
        background(client, b"slow")
        worker.register(b"slow")
        worker.grab()
        server.clock.move(29)
        assert [each.state for each in server.submitted()] == ["running"]
        server.clock.move(2)
        assert [each.state for each in server.submitted()] == ["dead"]


def test_a_moved_clock_lets_jobs_outlive_their_time() -> None:
    server = LocalServer(policies={"news": {"ttl": 60.0}})
    with server, Wire(server.connect(10)) as client, Admin(server) as admin:
        background(client, b"news")
        server.clock.move(61)
        (row,) = admin.counters()
        assert row.counts["expired"] == 1
        assert list(admin.jobs()) == []


def test_recurring_jobs_come_one_by_one_as_the_clock_is_moved(
    server: LocalServer,
) -> None:
    with Wire(server.connect(10)) as client, Wire(server.connect(10)) as worker:
        fields = (b"0", b"*", b"*", b"*", b"*")
        client.send(PacketType.SUBMIT_JOB_SCHED, b"report", b"hourly", *fields, b"")
        client.expect(PacketType.JOB_CREATED)
        worker.register(b"report")
        for _ in range(3):
            server.clock.move(3600)
            handle, _ = worker.grab()
            worker.send(PacketType.WORK_COMPLETE, handle, b"")
        assert [each.schedule for each in server.submitted()] == ["0 * * * *"]
        assert [each.state for each in server.submitted()] == ["recurring"]


def test_a_moved_clock_reaches_jobs_that_only_the_store_has(tmp_path: Path) -> None:
    server = LocalServer(store=tmp_path / "jobs.db")
    with server, Wire(server.connect(10)) as client:
        delayed(client, b"mail", 1200)
    with LocalServer(store=tmp_path / "jobs.db") as server:
        server.clock.move(1201)
        with Wire(server.connect(10)) as worker:
            worker.register(b"mail")
            assert worker.grab()[1] == b"later"


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_clock_only_goes_on(server: LocalServer, seconds: float) -> None:
    with pytest.raises(OptionError, match="only goes on"):
        server.clock.move(seconds)


def test_idle_is_when_the_last_job_has_ended(server: LocalServer) -> None:
    server.wait_idle(1)
    with Wire(server.connect(10)) as client, Wire(server.connect(10)) as worker:
        handle = background(client, b"mail").encode()
        worker.register(b"mail")
        worker.grab()
        with pytest.raises(
            JobTimeoutError, match="mail has 0 ready and 1 running jobs and 1 workers"
        ):
            server.wait_idle(0.05)
        done = threading.Thread(
            target=worker.send, args=(PacketType.WORK_COMPLETE, handle, b"")
        )
        done.start()
        server.wait_idle()
        done.join()
    assert [each.state for each in server.submitted()] == ["done"]


def test_delayed_jobs_do_not_keep_it_from_being_idle(server: LocalServer) -> None:
    with Wire(server.connect(10)) as client:
        delayed(client, b"mail", 60)
        server.wait_idle(5)


def test_idle_can_be_awaited_on_an_event_loop(server: LocalServer) -> None:
    async def wait() -> None:
        await asyncio.to_thread(server.wait_idle, 5)

    asyncio.run(wait())
