"""What handlers say of their jobs, and what clients are told, in both faces."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.errors import WorkerError
from geartrain.protocol.constants import PacketType as P
from geartrain.worker import AsyncWorker, Retry, Worker
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import Received
from tests.support.worker_faces import Script, client, complete, outcome, rest, running

COVERS = (
    "worker/aio_calls",
    "worker/asking",
    "worker/calls",
)


@pytest.mark.parametrize(
    ("returned", "sent"),
    [
        pytest.param(b"\0a\0", b"\0a\0", id="bytes"),
        pytest.param("köszönöm", "köszönöm".encode(), id="text"),
        pytest.param(None, b"", id="nothing"),
        pytest.param(bytearray(b"ab"), b"ab", id="bytearray"),
        pytest.param(b"x" * 3_000_000, b"x" * 3_000_000, id="three megabytes"),
    ],
)
def test_what_a_handler_returns_is_the_result(
    script: Script, server: RunningServer, returned: object, sent: bytes
) -> None:
    worker = script.make(server.address)
    worker.register("f", script.handler(lambda job: returned))
    with running(script, worker), client(server) as wire:
        assert outcome(wire, b"f") == complete(sent)


def test_all_that_a_job_knows(script: Script, server: RunningServer) -> None:
    seen: list[Any] = []

    def look(job: Any) -> None:
        seen.append([job.function, job.unique, job.workload, job.value, job.context])
        seen.append([job.handle, job.server, job.timeout, job.reducer])

    worker = script.make(server.address, context="mine")
    worker.register("f", script.handler(look), timeout=5)
    with running(script, worker), client(server) as wire:
        wire.send(P.SUBMIT_JOB, b"f", b"unique", b"\0in")
        (handle,) = wire.expect(P.JOB_CREATED)
        wire.expect(P.WORK_COMPLETE, 2)
    assert seen == [
        ["f", "unique", b"\0in", b"\0in", "mine"],
        [handle.decode(), server.address, 5, ""],
    ]


def test_data_status_and_warning(script: Script, server: RunningServer) -> None:
    def tell(job: Any) -> str:
        assert job.send_status(1, 2)
        assert job.send_data(b"some")
        assert job.send_warning("careful")
        return "end"

    worker = script.make(server.address)
    worker.register("f", script.handler(tell))
    with running(script, worker), client(server) as wire:
        assert outcome(wire, b"f") == [
            Received(P.WORK_STATUS, b"1\x002"),
            Received(P.WORK_DATA, b"some"),
            Received(P.WORK_WARNING, b"careful"),
            Received(P.WORK_COMPLETE, b"end"),
        ]


def test_a_generator_streams(geartrain: RunningServer) -> None:
    worker = Worker(geartrain.address)

    @worker.function("f")
    def pieces(workload: bytes) -> Any:
        yield from (bytes([each]) for each in workload)
        return "end"

    with running(Script("blocking"), worker), client(geartrain) as wire:
        assert outcome(wire, b"f", b"ab") == [
            Received(P.WORK_DATA, b"a"),
            Received(P.WORK_DATA, b"b"),
            Received(P.WORK_COMPLETE, b"end"),
        ]


def test_an_asynchronous_generator_streams(geartrain: RunningServer) -> None:
    worker = AsyncWorker(geartrain.address)

    @worker.function("f")
    async def pieces(workload: bytes) -> Any:
        for each in workload:
            await asyncio.sleep(0)
            yield bytes([each])

    with running(Script("asyncio"), worker), client(geartrain) as wire:
        assert outcome(wire, b"f", b"ab") == [
            Received(P.WORK_DATA, b"a"),
            Received(P.WORK_DATA, b"b"),
            Received(P.WORK_COMPLETE, b""),
        ]


def test_a_plain_handler_of_an_asyncio_worker_may_block(server: RunningServer) -> None:
    worker = AsyncWorker(server.address, concurrency=2)
    meeting = threading.Barrier(2, timeout=10)

    @worker.function("f")
    def meet(job: Any) -> bytes:
        job.send_data(b"here")
        meeting.wait()
        return b"met"

    with (
        running(Script("asyncio"), worker),
        client(server) as one,
        client(server) as other,
    ):
        one.submit(b"f")
        assert outcome(other, b"f")[-1].payload == b"met"


@pytest.mark.parametrize(
    ("say", "found"),
    [
        ("send_fail", Received(P.WORK_FAIL, b"")),
        ("send_exception", Received(P.WORK_EXCEPTION, b"why")),
        ("send_complete", Received(P.WORK_COMPLETE, b"why")),
    ],
)
def test_a_handler_that_ends_its_job_itself(
    script: Script, server: RunningServer, say: str, found: Received
) -> None:
    refused: list[str] = []

    def end(job: Any) -> bytes:
        getattr(job, say)(*([] if say == "send_fail" else ["why"]))
        with pytest.raises(WorkerError, match="has ended") as error:
            job.send_data(b"more")
        refused.append(str(error.value))
        return b"not sent"

    worker = script.make(server.address)
    worker.register("f", script.handler(end))
    with running(script, worker), client(server, exceptions=True) as wire:
        assert outcome(wire, b"f") == [found]
        assert outcome(wire, b"f") == [found]
    assert len(refused) == 2


def test_an_exception_is_told_with_its_traceback(
    script: Script, server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(job: Any) -> None:
        raise ValueError("no such thing")

    worker = script.make(server.address)
    worker.register("f", script.handler(break_down))
    with caplog.at_level(logging.ERROR, "geartrain.worker"), running(script, worker):
        with client(server, exceptions=True) as wire:
            (found,) = outcome(wire, b"f")
        with client(server) as wire:
            handle = wire.submit(b"f").decode()
            assert rest(wire)[0].type == P.WORK_FAIL
    assert f"job {handle} of 'f': the handler raised" in caplog.messages
    text = found.payload.decode()
    assert found.type == P.WORK_EXCEPTION
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: no such thing\n")
    assert "break_down" in text
    assert "geartrain/worker" not in text
    assert caplog.text.count("ValueError: no such thing") == 2


def test_a_result_that_is_no_bytes_is_an_exception(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address)
    worker.register("f", script.handler(lambda job: 42))
    with running(script, worker), client(geartrain, exceptions=True) as wire:
        (found,) = outcome(wire, b"f")
    assert b"a result is bytes, str or None, not int: convert it" in found.payload


def test_retry_counts_the_attempt_and_waits(
    script: Script, geartrain: RunningServer
) -> None:
    seen: list[int] = []

    def plain(job: Any) -> str:
        seen.append(job.attempt)
        if job.attempt < 3:
            raise Retry(delay=0.05, error="not yet")
        return "at last"

    async def coroutine(job: Any) -> str:
        attempt = await job.attempt
        seen.append(attempt)
        if attempt < 3:
            raise Retry(delay=0.05, error="not yet")
        return "at last"

    worker = script.make(geartrain.address)
    worker.register("f", plain if script.name == "blocking" else coroutine)
    with running(script, worker), client(geartrain) as wire:
        assert outcome(wire, b"f") == complete(b"at last")
    assert seen == [1, 2, 3]


def test_retry_fails_the_job_where_the_job_server_knows_none(
    script: Script, gearmand: RunningServer
) -> None:
    def give_up(job: Any) -> None:
        raise Retry(delay=60)

    worker = script.make(gearmand.address)
    worker.register("f", script.handler(give_up))
    with running(script, worker), client(gearmand) as wire:
        assert outcome(wire, b"f")[0].type == P.WORK_FAIL


def test_json_in_and_out(script: Script, geartrain: RunningServer) -> None:
    worker = script.make(geartrain.address, codec="json")

    def add(left: int, right: int = 10) -> dict[str, int]:
        return {"sum": left + right}

    async def add_later(left: int, right: int = 10) -> dict[str, int]:
        return add(left, right)

    worker.register("add", add if script.name == "blocking" else add_later)
    with running(script, worker), client(geartrain, exceptions=True) as wire:
        assert outcome(wire, b"add", b"[1,2]") == complete(b'{"sum":3}')
        assert outcome(wire, b"add", b'{"left":1}') == complete(b'{"sum":11}')
        assert outcome(wire, b"add", b"5") == complete(b'{"sum":15}')
        (refused,) = outcome(wire, b"add", b"no json")
        assert refused.type == P.WORK_EXCEPTION
        assert b"this is no JSON" in refused.payload


def test_a_coroutine_is_cancelled_after_its_timeout(geartrain: RunningServer) -> None:
    worker = AsyncWorker(geartrain.address, concurrency=2)
    cancelled = threading.Event()

    @worker.function("late", timeout=1)
    async def sleep(job: Any) -> str:
        if await job.attempt > 1:
            return "second"
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()
        return "first"

    with Admin(geartrain.address) as admin:
        admin.set_policy("late", {"max_attempts": 2, "backoff_delay": 0})
    with running(Script("asyncio"), worker), client(geartrain) as wire:
        assert outcome(wire, b"late") == complete(b"second")
        assert cancelled.is_set()


def test_a_thread_reports_beside_the_handler(geartrain: RunningServer) -> None:
    worker = Worker(geartrain.address)

    @worker.function("f")
    def shout(job: Any) -> bytes:
        helper = threading.Thread(target=job.send_warning, args=(b"from aside",))
        helper.start()
        helper.join()
        return b"done"

    with running(Script("blocking"), worker), client(geartrain) as wire:
        assert outcome(wire, b"f") == [
            Received(P.WORK_WARNING, b"from aside"),
            Received(P.WORK_COMPLETE, b"done"),
        ]
    wait_until(lambda: worker.jobs_done == 1)
