"""Python clients and workers, blocking and asyncio, of the in-process job server."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geartrain import AsyncClient, AsyncWorker, Client, Retry, Worker
from geartrain.errors import ConnectError, JobFailedError
from geartrain.testing import LocalServer
from geartrain.worker import WorkerJob
from tests.support.waiting import wait_until


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@contextmanager
def at_work(worker: Worker) -> Iterator[None]:
    """Have a worker run on a thread for the length of the block."""
    thread = threading.Thread(target=worker.run, kwargs={"signals": False})
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def reversing(worker: Worker | AsyncWorker) -> None:
    worker.register("reverse", lambda data: data[::-1])


def test_a_blocking_client_and_worker(server: LocalServer) -> None:
    worker = server.worker()
    reversing(worker)
    with at_work(worker), server.client() as client:
        assert client.do("reverse", b"abc") == b"cba"
        assert list(client.map("reverse", [b"ab", b"cd"])) == [b"ba", b"dc"]
        handles = list(client.submit_many("reverse", [b"%d" % i for i in range(500)]))
        server.wait_idle()
    assert len(set(handles)) == 500
    assert {each.state for each in server.submitted("reverse")} == {"done"}


def test_an_asyncio_client_and_worker_on_one_event_loop(server: LocalServer) -> None:
    async def meet() -> list[bytes]:
        worker = AsyncWorker(server, concurrency=4)

        @worker.function("reverse")
        async def reverse(data: bytes) -> bytes:
            await asyncio.sleep(0)
            return data[::-1]

        working = asyncio.create_task(worker.run(signals=False))
        async with AsyncClient(server) as client:
            results = [client.do("reverse", b"%d!" % each) for each in range(20)]
            found: list[bytes] = await asyncio.gather(*results)
            await client.do_background("reverse")
        await asyncio.to_thread(server.wait_idle)
        worker.stop()
        await working
        return found

    assert asyncio.run(meet()) == [b"!" + (b"%d" % each)[::-1] for each in range(20)]
    assert {each.state for each in server.submitted()} == {"done"}


def test_a_blocking_worker_does_one_job_in_the_thread_of_the_test(
    server: LocalServer,
) -> None:
    done: list[bytes] = []
    with server.worker() as worker, server.client() as client:
        worker.register("mail", done.append)
        client.do_background("mail", b"hello")
        assert worker.work(timeout=5)
        assert not worker.work(timeout=0)
    assert done == [b"hello"]


def test_a_delay_and_a_retry_go_by_the_clock(server: LocalServer) -> None:
    attempts = []
    with server.worker() as worker, server.client() as client:

        @worker.function("close-order")
        def close(job: WorkerJob) -> None:
            attempts.append(job.attempt)
            if len(attempts) == 1:
                raise Retry(delay=300)

        client.do_background("close-order", b"17", delay=1200)
        server.clock.move(1190)
        assert not worker.work(timeout=0)
        server.clock.move(11)
        assert worker.work(timeout=5)
        assert server.submitted()[0].state == "scheduled"
        server.clock.move(301)
        assert worker.work(timeout=5)
    assert attempts == [1, 2]
    assert server.submitted()[0].state == "done"


def test_a_client_cancels_and_asks(server: LocalServer) -> None:
    with server.client() as client:
        handle = client.do_background("mail", unique="order-17", delay=60)
        assert client.status_by_unique("order-17").known
        client.cancel(handle)
    assert server.submitted()[0].state == "cancelled"


def test_a_timed_out_job_fails_its_client(server: LocalServer) -> None:
    server.stop()
    server = LocalServer(policies={"slow": {"timeout": 60.0, "max_attempts": 1}})
    with server, server.client() as client, server.worker() as worker:

        @worker.function("slow")
        def slow(job: WorkerJob) -> None:
            server.clock.move(61)

        job = client.submit("slow")
        worker.work(timeout=5)
        with pytest.raises(JobFailedError):
            job.result(timeout=5)


def test_peers_find_a_job_server_that_starts_again(tmp_path: Path) -> None:
    server = LocalServer(store=tmp_path / "jobs.db")
    server.start()
    worker = server.worker()
    reversing(worker)
    with at_work(worker), server.client(connect_timeout=5) as client:
        assert client.do("reverse", b"abc") == b"cba"
        server.stop()
        server.start()
        assert client.do("reverse", b"abc", unique="u", timeout=10) == b"cba"
    server.stop()


def test_a_job_server_that_does_not_run_is_an_error() -> None:
    with (
        Client(LocalServer(), connect_timeout=0.1) as client,
        pytest.raises(ConnectError, match=r"in-process job server.*does not run"),
    ):
        client.do("reverse")


def test_nothing_is_left_behind() -> None:
    def visit() -> None:
        with LocalServer() as server:
            worker = server.worker()
            reversing(worker)
            with at_work(worker), server.client() as client:
                client.do("reverse", b"abc")

    def held() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    visit()
    before = held()
    for _ in range(3):
        visit()
    # A thread that connected for the worker may be at its end only now.
    wait_until(lambda: all(a <= b for a, b in zip(held(), before, strict=True)))
