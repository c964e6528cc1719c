"""Whatever a handler does, its attempt ends and the worker goes on."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from geartrain.protocol.constants import PacketType as P
from geartrain.worker import AsyncWorker, Retry, Worker
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import Wire
from tests.support.worker_faces import Script, client, complete, outcome, rest, running

COVERS = (
    "worker/aio_tasks",
    "worker/log",
    "worker/returns",
)


class Odd(BaseException):
    """No Exception."""


class UnprintableError(Exception):
    """Raises when it is looked at."""

    def __str__(self) -> str:
        raise Odd

    __repr__ = __str__


class UntraceableError(Exception):
    """Cannot even be formatted."""

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise ValueError("no notes")


def recurse(job: Any) -> Any:
    return recurse(job)


def raising(error: BaseException) -> Callable[[Any], Any]:
    def handler(job: Any) -> Any:
        raise error

    return handler


RAISED: dict[str, tuple[Callable[[Any], Any], bytes]] = {
    "base": (raising(Odd("very odd")), b"very odd"),
    "cancelled": (raising(asyncio.CancelledError("mine")), b"CancelledError: mine"),
    "exit": (raising(SystemExit(3)), b"SystemExit: 3"),
    "interrupt": (raising(KeyboardInterrupt("mine")), b"KeyboardInterrupt: mine"),
    "generator-exit": (raising(GeneratorExit("mine")), b"GeneratorExit: mine"),
    "stop-iteration": (raising(StopIteration("mine")), b"StopIteration"),
    "timeout": (raising(TimeoutError("mine")), b"TimeoutError: mine"),
    "memory": (raising(MemoryError("mine")), b"MemoryError: mine"),
    "recursion": (recurse, b"RecursionError"),
    "unprintable": (raising(UnprintableError()), b"UnprintableError"),
    "untraceable": (raising(UntraceableError("mine")), b"UntraceableError"),
    "huge": (raising(ValueError("x" * 10_000_000)), b"xxxx"),
    "surrogates": (raising(ValueError("\ud800")), b"ValueError: ?"),
    "group": (
        raising(BaseExceptionGroup("many", [Odd("one"), ValueError("two")])),
        b"ValueError: two",
    ),
    "retry": (lambda job: Retry(delay=float("nan")), b"give seconds from 0 on"),
    "result": (lambda job: object(), b"TypeError: a result is bytes, str or None"),
    "data": (lambda job: job.send_data(7), b"TypeError: a result is bytes"),
    "status": (lambda job: job.send_status("x", 1), b"TypeError"),
}


@pytest.mark.parametrize("concurrency", [1, 2])
def test_whatever_a_handler_raises_ends_its_attempt(
    script: Script, geartrain: RunningServer, concurrency: int
) -> None:
    worker = script.make(geartrain.address, concurrency=concurrency)
    for name, (handler, _) in RAISED.items():
        worker.register(f"{name}{concurrency}", script.handler(handler))
        worker.register(f"plain-{name}{concurrency}", handler)
    worker.register(f"good{concurrency}", script.handler(lambda job: b"fine"))
    with running(script, worker), client(geartrain, exceptions=True) as wire:
        for name, (_, told) in RAISED.items():
            for function in (f"{name}{concurrency}", f"plain-{name}{concurrency}"):
                (end,) = outcome(wire, function.encode())
                assert (end.type, told in end.payload) == (P.WORK_EXCEPTION, True), (
                    function,
                    end.payload[-300:],
                )
                assert len(end.payload) <= 64 * 1024
        assert outcome(wire, b"good%d" % concurrency) == complete(b"fine")


def test_a_task_that_a_handler_cancels_ends_its_job(geartrain: RunningServer) -> None:
    worker = AsyncWorker(geartrain.address, concurrency=1)

    @worker.function("cancels-task")
    async def cancels_task(job: Any) -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        await task

    @worker.function("cancels-itself")
    async def cancels_itself(job: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(60)

    @worker.function("cancels-all")
    async def cancels_all(job: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        for _ in range(3):
            task.cancel()
        await asyncio.sleep(60)

    @worker.function("good-after-all")
    async def good(job: Any) -> bytes:
        return b"fine"

    with running(Script("asyncio"), worker), client(geartrain, exceptions=True) as wire:
        for name in (b"cancels-task", b"cancels-itself", b"cancels-all"):
            (end,) = outcome(wire, name)
            assert (end.type, b"CancelledError" in end.payload) == (
                P.WORK_EXCEPTION,
                True,
            )
            assert outcome(wire, b"good-after-all") == complete(b"fine")


def test_the_same_in_work(script: Script, geartrain: RunningServer) -> None:
    worker = script.make(geartrain.address)
    kinds = {"work-exit": SystemExit(3), "work-base": Odd(), "work-good": None}
    for name, error in kinds.items():
        handler = raising(error) if error is not None else lambda job: b"fine"
        worker.register(name, script.handler(handler))

    async def work_async() -> None:
        for _ in kinds:
            assert await worker.work(timeout=10)
        await worker.close()

    def work() -> None:
        if isinstance(worker, AsyncWorker):
            asyncio.run(work_async())
            return
        for _ in kinds:
            assert worker.work(timeout=10)
        worker.close()

    thread = threading.Thread(target=work)
    thread.start()
    with client(geartrain, exceptions=True) as wire:
        for name, error in kinds.items():
            (end,) = outcome(wire, name.encode())
            assert end.type == (P.WORK_COMPLETE if error is None else P.WORK_EXCEPTION)
    thread.join(10)
    assert not thread.is_alive()
    assert worker.jobs_done == 3


def test_an_interrupt_of_work_passes_and_leaves_no_job_running(
    geartrain: RunningServer,
) -> None:
    worker = Worker(geartrain.address)
    worker.register("ctrl-c", lambda job: signal.raise_signal(signal.SIGINT))
    with client(geartrain) as wire:
        wire.submit(b"ctrl-c")
        with pytest.raises(KeyboardInterrupt):
            worker.work(timeout=10)
        wait_until(lambda: b"ctrl-c\t1\t0\t0" in wire.listing(b"status"))
        worker.close()


def test_work_that_is_cancelled_leaves_no_job_running(geartrain: RunningServer) -> None:
    async def work() -> None:
        worker = AsyncWorker(geartrain.address)
        begun = asyncio.Event()

        @worker.function("wait-for")
        async def hold(job: Any) -> None:
            begun.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(worker.work())
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert worker.jobs_at_hand == []
        await worker.close()

    with client(geartrain) as wire:
        wire.submit(b"wait-for")
        asyncio.run(work())
        wait_until(lambda: b"wait-for\t1\t0\t0" in wire.listing(b"status"))


def test_work_that_is_cancelled_while_it_waits_takes_no_job(
    geartrain: RunningServer,
) -> None:
    async def work(wire: Wire) -> None:
        worker = AsyncWorker(geartrain.address)
        worker.register("nobodys", lambda job: b"done")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(worker.work(), 0.3)
        wire.submit(b"nobodys")
        await asyncio.sleep(0.3)
        assert b"nobodys\t1\t0\t0" in wire.listing(b"status")
        assert await worker.work(timeout=10)
        await worker.close()

    with client(geartrain) as wire:
        asyncio.run(work(wire))


@pytest.mark.parametrize("turns", range(12))
def test_a_worker_that_is_cancelled_twice_leaves_no_connection(
    geartrain: RunningServer, turns: int
) -> None:
    name = f"twice-{turns}"

    async def run(wire: Wire) -> None:
        worker = AsyncWorker(geartrain.address, id=name)
        begun = asyncio.Event()

        @worker.function(name)
        async def hold(job: Any) -> None:
            begun.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(worker.run(signals=False))
        wire.submit(name.encode())
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            if name.encode() not in b"".join(wire.listing(b"workers")):
                return
            await asyncio.sleep(0.05)
        pytest.fail("the job server still has it")

    with client(geartrain) as wire:
        asyncio.run(run(wire))


def test_a_generator_ends_when_its_job_has_gone(
    script: Script, geartrain: RunningServer
) -> None:
    server = geartrain
    worker = script.make(server.address)
    ended = threading.Event()
    pause = threading.Event()

    def forever(job: Any) -> Any:
        try:
            while True:
                pause.wait(0.02)
                yield b"piece"
        finally:
            ended.set()

    async def forever_async(job: Any) -> Any:
        try:
            while True:
                await asyncio.sleep(0.02)
                yield b"piece"
        finally:
            ended.set()

    asks: list[bool] = []

    def ask(job: Any) -> None:
        asks.append(job.is_wanted)
        job.send_data(b"asking")
        while job.is_wanted:
            pause.wait(0.02)
            job.send_status(0, 1)
        asks.append(job.is_wanted)

    is_plain = script.name == "blocking"
    worker.register("endless", forever if is_plain else forever_async)
    worker.register("asking", ask)
    worker.register("after-endless", script.handler(lambda job: b"fine"))
    with running(script, worker), client(server) as wire, client(server) as other:
        for function in (b"endless", b"asking"):
            handle = other.submit(function)
            assert other.read().type == P.WORK_DATA
            assert wire.command(b"cancel job " + handle).startswith(b"OK")
            assert rest(other)[-1].type == P.WORK_FAIL
        assert ended.wait(10)
        assert outcome(wire, b"after-endless") == complete(b"fine")
    assert asks == [True, False]


def test_gearmand_tells_it_too_when_something_is_sent(
    gearmand: RunningServer,
) -> None:
    script = Script("asyncio")
    ended, pause = threading.Event(), threading.Event()

    def forever(job: Any) -> Any:
        try:
            while True:
                pause.wait(0.02)
                yield b"piece"
        finally:
            ended.set()

    worker = script.make(gearmand.address)
    # Plain in both faces: an asynchronous one would be cancelled by the timeout.
    worker.register("endless-there", forever, timeout=1)
    with running(script, worker), client(gearmand) as wire:
        wire.submit(b"endless-there")
        assert ended.wait(10)
        worker.stop(deadline=0)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handler_uses_its_own_worker(
    script: Script, geartrain: RunningServer, concurrency: int
) -> None:
    worker = script.make(geartrain.address, concurrency=concurrency)

    def work_blocking(job: Any) -> None:
        worker.work()

    async def work_async(job: Any) -> None:
        await worker.work()

    def run_blocking(job: Any) -> None:
        worker.run()

    async def run_async(job: Any) -> None:
        await worker.run()

    is_plain = script.name == "blocking"
    worker.register("work-inside", work_blocking if is_plain else work_async)
    worker.register("run-inside", run_blocking if is_plain else run_async)
    with running(script, worker), client(geartrain, exceptions=True) as wire:
        for function in (b"work-inside", b"run-inside"):
            (end,) = outcome(wire, function)
            assert (end.type, b"at work already" in end.payload) == (
                P.WORK_EXCEPTION,
                True,
            )


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handler_closes_its_worker(
    script: Script, geartrain: RunningServer, concurrency: int
) -> None:
    worker = script.make(geartrain.address, concurrency=concurrency)

    def close_blocking(job: Any) -> None:
        worker.close()

    async def close_async(job: Any) -> None:
        await worker.close()

    is_plain = script.name == "blocking"
    function = f"close{concurrency}"
    worker.register(function, close_blocking if is_plain else close_async)
    with client(geartrain) as wire:
        with running(script, worker) as thread:
            wire.submit(function.encode())
            thread.join(10)
            assert not thread.is_alive()
        row = f"{function}\t1\t0\t0".encode()
        wait_until(lambda: row in wire.listing(b"status"))
