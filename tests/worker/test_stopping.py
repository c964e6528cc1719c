"""How a worker ends: graceful, at a deadline, by signals."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.worker import AsyncWorker, Worker
from tests.support.servers import RunningServer
from tests.support.silence import stopped
from tests.support.waiting import wait_until
from tests.support.worker_faces import Script, client, complete, outcome, rest, running
from tests.support.worker_programs import program

COVERS = (
    "worker/aio",
    "worker/aio_signals",
    "worker/keeper",
    "worker/observer",
    "worker/signals",
    "worker/sync",
)


def test_stop_before_run_has_it_return_at_once(
    script: Script, server: RunningServer
) -> None:
    worker = script.make(server.address)
    worker.stop()
    script.run(worker)
    assert worker.jobs_done == 0


def test_the_job_at_hand_is_finished_and_no_other_taken(
    script: Script, server: RunningServer
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(job: Any) -> bytes:
        begun.set()
        go_on.wait(10)
        return b"done"

    worker = script.make(server.address)
    worker.register("hold", hold)
    with client(server) as one, client(server) as other:
        with running(script, worker) as thread:
            one.submit(b"hold")
            assert begun.wait(10)
            worker.stop()
            other.submit(b"hold")
            go_on.set()
            assert rest(one) == complete(b"done")
            thread.join(10)
            assert not thread.is_alive()
        assert worker.jobs_done == 1


def test_stop_in_a_handler_ends_the_worker(
    script: Script, server: RunningServer
) -> None:
    worker = script.make(server.address)

    def last(job: Any) -> bytes:
        worker.stop()
        return b"last"

    worker.register("f", script.handler(last))
    with running(script, worker) as thread, client(server) as wire:
        assert outcome(wire, b"f") == complete(b"last")
        thread.join(10)
        assert not thread.is_alive()


def test_a_job_past_the_deadline_goes_back_without_costing_an_attempt(
    script: Script, geartrain: RunningServer
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    ends: list[str] = []

    class Observer:
        def on_connect(self, connection: Any, connector: Any) -> None:
            assert connection.fileno() >= 0

        def on_disconnect(self, connection: Any, connector: Any) -> None:
            assert connection.fileno() >= 0

        def on_begin(self, job: Any) -> None:
            begun.set()

        def on_end(self, job: Any, outcome: str) -> None:
            ends.append(outcome)

    def hold(job: Any) -> bytes:
        go_on.wait(10)
        return b"too late"

    worker = script.make(geartrain.address, concurrency=2)
    worker.observer = Observer()
    worker.register("hold", hold)
    with client(geartrain) as wire:
        handle = wire.submit(b"hold").decode()
        with running(script, worker) as thread:
            assert begun.wait(10)
            worker.stop(deadline=0.1)
            thread.join(10)
            assert not thread.is_alive()
            with Admin(geartrain.address) as admin:
                (row,) = admin.job(handle)
            assert (row.state, row.attempts, row.crashes) == ("ready", 0, 0)
        go_on.set()
        assert ends == ["release"]
        second = script.make(geartrain.address)
        second.register("hold", script.handler(lambda job: b"in time"))
        with running(script, second):
            assert rest(wire) == complete(b"in time")


def test_gearmand_has_the_job_back_when_the_connection_is_closed(
    script: Script, gearmand: RunningServer
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(job: Any) -> bytes:
        begun.set()
        go_on.wait(10)
        return b"too late"

    worker = script.make(gearmand.address, concurrency=2)
    worker.register("hold", hold)
    with client(gearmand) as wire:
        wire.submit(b"hold")
        with running(script, worker) as thread:
            assert begun.wait(10)
            worker.stop(deadline=0)
            thread.join(10)
            assert not thread.is_alive()
        go_on.set()
        second = script.make(gearmand.address)
        second.register("hold", script.handler(lambda job: b"in time"))
        with running(script, second):
            assert rest(wire) == complete(b"in time")


PROGRAM = """
import asyncio, sys, time
from geartrain.worker import AsyncWorker, Worker
name, server = sys.argv[1:]
def nap(job):
    job.send_data(b"begun")
    time.sleep(float(job.workload))
    return b"rested"
async def doze(job):
    job.send_data(b"begun")
    await asyncio.sleep(float(job.workload))
    return b"rested"
if name == "blocking":
    worker = Worker(server)
    worker.register("nap", nap)
    worker.run()
else:
    worker = AsyncWorker(server)
    worker.register("nap", doze)
    asyncio.run(worker.run())
print("ended in order")
"""


@pytest.mark.parametrize(
    ("nap", "signals", "last"),
    [("0.5", 1, b"rested"), ("60", 2, None)],
    ids=["once: finish", "twice: give back"],
)
def test_sigterm(
    script: Script, geartrain: RunningServer, nap: str, signals: int, last: bytes | None
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, script.name, geartrain.address],
        stdout=subprocess.PIPE,
    )
    try:
        with client(geartrain) as wire:
            handle = wire.submit(b"nap", nap.encode()).decode()
            assert wire.read().payload.endswith(b"begun")
            for _ in range(signals):
                process.send_signal(signal.SIGTERM)
                time.sleep(0.1)
            output, _ = process.communicate(timeout=15)
            if last is not None:
                assert rest(wire) == complete(last)
            else:
                with Admin(geartrain.address) as admin:
                    (row,) = admin.job(handle)
                assert (row.state, row.attempts, row.crashes) == ("ready", 0, 0)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, output) == (0, b"ended in order\n")


def test_work_takes_one_job_a_call(server: RunningServer) -> None:
    with Worker(server.address) as worker, client(server) as wire:
        worker.register("f", lambda job: job.workload)
        assert not worker.work(timeout=0.05)
        handles = [wire.submit(b"f", b"%d" % number) for number in range(3)]
        assert all(worker.work(timeout=10) for _ in handles[:2])
        # gearmand may answer before it has read what came on another connection.
        wait_until(lambda: b"f\t1\t0\t1" in wire_rows(server))
        assert worker.work()
        assert not worker.work(timeout=0.05)
        assert worker.jobs_done == 3


def wire_rows(server: RunningServer) -> list[bytes]:
    with client(server) as wire:
        return wire.listing(b"status")


def test_work_of_asyncio_takes_one_job_a_call(server: RunningServer) -> None:
    async def work() -> list[bool]:
        async with AsyncWorker(server.address) as worker:

            @worker.function("f")
            async def echo(job: Any) -> Any:
                return job.workload

            done = [await worker.work(timeout=0.05)]
            with client(server) as wire:
                for number in range(2):
                    wire.submit(b"f", b"%d" % number)
                done += [await worker.work(timeout=10) for _ in range(2)]
                done.append(await worker.work(timeout=0.05))
            return done

    assert asyncio.run(work()) == [False, True, True, False]


def test_what_is_taken_ahead_of_a_slow_job_goes_to_another_worker(
    script: Script, geartrain: RunningServer
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(job: Any) -> bytes:
        begun.set()
        go_on.wait(10)
        return b"slow"

    worker = script.make(geartrain.address, prefetch=4)
    worker.register("f", hold)
    with client(geartrain) as slow, client(geartrain) as quick:
        slow.submit(b"f")
        with running(script, worker):
            assert begun.wait(10)
            quick.submit(b"f")
            wait_until(lambda: running_jobs(geartrain) == 2)
            wait_until(lambda: running_jobs(geartrain) == 1)
            second = script.make(geartrain.address)
            second.register("f", script.handler(lambda job: b"quick"))
            with running(script, second):
                assert rest(quick) == complete(b"quick")
            go_on.set()
            assert rest(slow) == complete(b"slow")


def running_jobs(server: RunningServer) -> int:
    with client(server) as wire:
        rows = [row.split(b"\t") for row in wire.listing(b"status")]
    return next((int(row[2]) for row in rows if row[0] == b"f"), 0)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_many_small_jobs_taken_ahead(
    script: Script, server: RunningServer, concurrency: int
) -> None:
    worker = script.make(server.address, prefetch=8, concurrency=concurrency)
    worker.register("f", script.handler(lambda job: job.workload[::-1]))
    with client(server) as wire:
        handles = [wire.submit(b"f", b"%d" % number) for number in range(500)]
        with running(script, worker):
            found = dict(wire.read().split(2) for _ in handles)
    expected = [str(number)[::-1].encode() for number in range(500)]
    assert [found[handle] for handle in handles] == expected


def test_a_handler_that_goes_on_after_its_job_does_not_keep_the_worker(
    geartrain: RunningServer,
) -> None:
    told = threading.Event()

    def tell(job: Any) -> None:
        job.send_complete(b"told")
        told.set()
        # Jobs that wait behind a handler are given back after one second.
        time.sleep(2.2)

    worker = Worker(geartrain.address, concurrency=2)
    worker.register("told", tell)
    script = Script("blocking")
    with client(geartrain) as wire, running(script, worker) as thread:
        assert outcome(wire, b"told") == complete(b"told")
        assert told.wait(10)
        worker.stop()
        thread.join(15)
        assert not thread.is_alive()


def test_a_job_server_that_hangs_does_not_keep_a_worker_that_stops(
    script: Script, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.worker.session.UNANSWERED", 0.5)
    begun, go_on = threading.Event(), threading.Event()

    def hold(job: Any) -> bytes:
        begun.set()
        go_on.wait(10)
        return b"done"

    worker = script.make(server.address)
    worker.register("hold", hold)
    with client(server) as one, running(script, worker) as thread:
        one.submit(b"hold")
        assert begun.wait(10)
        with stopped(server):
            # It grabs the next job as it sends the result, and hears nothing.
            go_on.set()
            wait_until(lambda: worker.jobs_done == 1)
            worker.stop()
            thread.join(10)
            assert not thread.is_alive()


UVLOOP = """
import uvloop
worker = AsyncWorker()
worker.register("on-uvloop", lambda job: b"done")
uvloop.run(worker.run())
"""


def test_a_worker_on_uvloop_ends_at_a_signal(server: RunningServer) -> None:
    with program(UVLOOP, server) as found, client(server) as wire:
        assert outcome(wire, b"on-uvloop") == complete(b"done")
        found.process.send_signal(signal.SIGTERM)
        assert found.process.wait(20) == 0
        assert "Error" not in found.said()
