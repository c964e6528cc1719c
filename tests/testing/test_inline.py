"""Jobs that are run by who submits them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from geartrain import AsyncClient, AsyncWorker, Client, Retry, Worker
from geartrain.admin import Admin
from geartrain.errors import JobExceptionError, JobFailedError, OptionError
from geartrain.testing import InlineServer
from geartrain.worker import AsyncWorkerJob, WorkerJob
from tests.support.wire import Wire

COVERS = (
    "testing/awaiting",
    "testing/bench",
    "testing/direct",
    "testing/socket",
)

MIB = 1024 * 1024


@pytest.fixture
def worker() -> Worker:
    return Worker("127.0.0.1:1", context={"a": 1})


@pytest.fixture
def server(worker: Worker) -> InlineServer:
    return InlineServer(worker)


@pytest.fixture
def client(server: InlineServer) -> Iterator[Client]:
    with server.client() as client:
        yield client


def states(server: InlineServer) -> list[str]:
    return [each.state for each in server.submitted()]


def test_a_job_is_run_in_the_thread_that_submits_it(
    worker: Worker, client: Client
) -> None:
    @worker.function("thread")
    def thread(job: WorkerJob) -> str:
        return str(threading.get_ident())

    before = threading.active_count()
    assert client.do("thread") == str(threading.get_ident()).encode()
    assert threading.active_count() <= before


def test_a_background_job_is_done_when_its_submission_returns(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    mailed: list[bytes] = []
    worker.register("mail", mailed.append)
    client.do_background("mail", b"hello", unique="order-17")
    assert mailed == [b"hello"]
    (record,) = server.assert_submitted("mail", workload="hello", background=True)
    assert (record.unique, record.state) == ("order-17", "done")


def test_a_job_is_what_it_is_to_any_worker(worker: Worker, client: Client) -> None:
    seen = []

    @worker.function("look", timeout=5)
    def look(job: WorkerJob) -> None:
        seen.append((job.unique, job.workload, job.context, job.timeout, job.attempt))

    client.do("look", b"work", unique="u")
    assert seen == [("u", b"work", {"a": 1}, 5, 1)]


def test_data_warnings_and_status_come_in_their_order(
    worker: Worker, client: Client
) -> None:
    @worker.function("long")
    def long(job: WorkerJob) -> bytes:
        job.send_status(1, 2)
        job.send_warning(b"careful")
        job.send_data(b"one ")
        return b"two"

    updates = [each.kind for each in client.submit("long")]
    assert updates == ["status", "warning", "data"]
    assert client.do("long") == b"one two"


def test_an_exception_is_told_as_by_any_worker(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    @worker.function("wrong")
    def wrong(job: WorkerJob) -> None:
        raise ValueError("no such picture")

    with pytest.raises(JobExceptionError, match="no such picture"):
        client.do("wrong")
    client.do_background("wrong")
    assert states(server) == ["failed", "dead"]
    with Admin(server) as admin:
        (letter,) = admin.dead_list()
    assert letter.error is not None
    assert "no such picture" in letter.error


def test_a_job_that_fails_is_tried_again_as_its_policy_says(worker: Worker) -> None:
    server = InlineServer(worker, policies={"f": {"max_attempts": 3}})
    attempts = []

    @worker.function("f")
    def fail(job: WorkerJob) -> None:
        attempts.append(job.attempt)
        if len(attempts) < 3:
            job.send_fail()

    with server.client() as client:
        client.do_background("f")
        assert attempts == [1]
        server.clock.move(60)
        assert attempts == [1, 2, 3]
        assert states(server) == ["done"]


def test_a_retry_waits_for_the_clock(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    attempts = []

    @worker.function("f")
    def again(job: WorkerJob) -> None:
        attempts.append(job.attempt)
        if len(attempts) < 3:
            raise Retry(delay=60 * (len(attempts) - 1))

    client.do_background("f")
    assert (attempts, states(server)) == ([1, 2], ["scheduled"])
    server.clock.move(59)
    assert len(attempts) == 2
    server.clock.move(2)
    assert (attempts, states(server)) == ([1, 2, 3], ["done"])


def test_a_delayed_job_is_run_as_the_clock_passes_its_time(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    closed: list[bytes] = []
    worker.register("close-order", closed.append)
    client.do_background("close-order", b"17", delay=1200)
    server.clock.move(1198)
    assert closed == []
    server.clock.move(3)
    assert closed == [b"17"]


def test_a_function_submits_jobs_by_the_same_client_or_another(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    worker.register("double", lambda data: data * 2)

    @worker.function("outer")
    def outer(data: bytes) -> bytes:
        with server.client() as other:
            other.do_background("double", b"x")
            return bytes(client.do("double", data) + other.do("double", data))

    assert client.do("outer", b"ab") == b"abababab"
    assert states(server) == ["done"] * 4


def test_jobs_that_submit_themselves_end_with_an_error(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    @worker.function("endless")
    def endless(job: WorkerJob) -> bytes:
        with server.client() as other:
            return bytes(other.do("endless"))

    with pytest.raises(JobFailedError, match="jobs submit jobs 30 deep"):
        client.do("endless")


def test_a_job_of_a_function_that_nobody_has_waits(
    worker: Worker, server: InlineServer, client: Client
) -> None:
    client.do_background("mail")
    assert states(server) == ["ready"]
    mailed: list[bytes] = []
    worker.register("mail", mailed.append)
    client.do_background("mail")
    assert len(mailed) == 2
    worker.unregister("mail")
    client.do_background("mail")
    assert (len(mailed), states(server)[-1]) == (2, "ready")


def test_large_workloads_and_results_pass(worker: Worker, client: Client) -> None:
    worker.register("same", lambda data: data)
    workload = bytes(range(256)) * 20_000
    assert client.do("same", workload) == workload


def test_many_jobs_pass(worker: Worker, server: InlineServer, client: Client) -> None:
    worker.register("same", lambda data: data)
    workloads = [b"%d" % number for number in range(1000)]
    assert list(client.map("same", workloads)) == workloads
    assert len(list(client.submit_many("same", workloads))) == 1000
    assert set(states(server)) == {"done"}


def test_map_and_reduce(worker: Worker, client: Client) -> None:
    def gather(results: Iterator[bytes]) -> bytes:
        return b"%d" % sum(map(int, results))

    @worker.partitioner("count", aggregator=gather)
    def split(data: bytes) -> list[bytes]:
        return data.splitlines()

    worker.register("words", lambda line: b"%d" % len(line.split()))
    assert client.do("count", b"a b\nc\n\nd e f", reduce_with="words") == b"6"


def test_coroutines_are_run_to_their_end() -> None:
    worker = AsyncWorker()
    server = InlineServer(worker)

    @worker.function("slow")
    async def slow(job: AsyncWorkerJob) -> bytes:
        await asyncio.sleep(0.001)
        return b"attempt %d" % await job.attempt

    @worker.function("pieces")
    async def pieces(data: bytes) -> AsyncIterator[bytes]:
        for piece in data.split():
            yield piece

    @worker.function("nested")
    async def nested(data: bytes) -> bytes:
        async with AsyncClient(server) as other:
            return bytes(await other.do("upper", data))

    worker.register("upper", lambda data: data.upper())
    with server.client() as client:
        assert client.do("slow") == b"attempt 1"
        assert client.do("pieces", b"a b c") == b"abc"
        assert client.do("nested", b"abc") == b"ABC"


def test_an_asyncio_client_has_plain_functions_run_but_no_coroutines() -> None:
    worker = AsyncWorker()
    server = InlineServer(worker)

    async def submit() -> None:
        async with AsyncClient(server) as client:
            assert await client.do("upper", b"abc") == b"ABC"
            with pytest.raises(JobExceptionError, match="use LocalServer"):
                await client.do("coroutine")

    async def coroutine(data: bytes) -> None:
        pass

    worker.register("upper", lambda data: data.upper())
    worker.register("coroutine", coroutine)
    asyncio.run(submit())


def test_threads_take_turns(worker: Worker, server: InlineServer) -> None:
    running = []
    most = []

    @worker.function("f")
    def f(job: WorkerJob) -> None:
        running.append(job)
        most.append(len(running))
        running.pop()

    def submit() -> None:
        with server.client() as client:
            for _ in range(20):
                client.do("f")

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 80


def test_what_breaks_the_protocol_is_closed_as_by_any_job_server(
    server: InlineServer,
) -> None:
    with Wire(server.connect(10)) as wire:
        wire.send_bytes(b"\0WHAT" + bytes(20))
        wire.read()
        wire.expect_end()


def test_who_leaves_is_forgotten(server: InlineServer) -> None:
    connection = server.connect(1)
    connection.close()
    connection.close()
    with Admin(server) as admin:
        assert len(admin.command("workers")) == 2, "the worker and this operator"


def test_a_socket_can_be_polled_until_all_is_read(
    worker: Worker, server: InlineServer
) -> None:
    connection = server.connect(10)
    assert isinstance(connection, socket.socket)
    with Wire(connection) as wire:
        wire.send_bytes(b"\0REQ\0\0\0\x10\0\x20\0\0" + bytes(2 * MIB))
        assert len(wire.read().payload) == 2 * MIB


def test_a_policy_that_means_nothing_is_an_error(worker: Worker) -> None:
    with pytest.raises(OptionError, match="max_atempts"):
        InlineServer(worker, policies={"mail": {"max_atempts": 3}})


def test_the_clock_only_goes_on(server: InlineServer) -> None:
    with pytest.raises(OptionError, match="only goes on"):
        server.clock.move(-1)
