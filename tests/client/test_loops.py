"""An AsyncClient outlives the event loop it was used on."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from geartrain.client import AsyncClient
from geartrain.errors import ClientError, JobTimeoutError, LostError
from tests.support.client_faces import Place
from tests.support.raw_workers import reverse, worker

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    found: Run = request.param
    return found


@pytest.fixture(params=["geartrain", "tls", "unix"])
def where(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """Expect nothing to be left open, nor said about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        gc.collect()


def client_of(place: Place, **options: Any) -> AsyncClient:
    return AsyncClient(place.servers, tls=place.tls, timeout=20, **options)


def test_one_client_for_several_loops(where: Place, run: Run) -> None:
    function = next(where.functions)
    client = client_of(where)

    async def main() -> list[Any]:
        calls = [client.do(function, b"%d!" % number) for number in range(20)]
        return await asyncio.gather(*calls)

    with worker(where.connect, function, reverse):
        for _ in range(3):
            assert run(main()) == [(b"%d!" % n)[::-1] for n in range(20)]
        run(client.close())
        with pytest.raises(ClientError, match="closed"):
            run(client.ping())


def test_what_was_awaited_on_a_loop_ends_with_it(where: Place, run: Run) -> None:
    function, named = next(where.functions), next(where.functions)
    client = client_of(where)

    async def begin() -> list[Any]:
        await client.ping()
        client.add_task(function, b"task")
        with pytest.raises(JobTimeoutError):
            await client.run_tasks(timeout=0.3)
        left = asyncio.ensure_future(client.do(function, b"left behind"))
        await asyncio.sleep(0.05)
        assert not left.done()
        return [
            await client.submit(function, b"plain"),
            await client.submit(named, b"named", unique="named"),
        ]

    async def go_on(plain: Any, known: Any) -> None:
        with pytest.raises(LostError, match="event loop has ended"):
            await plain
        assert await known == b"deman"
        assert await client.run_tasks(timeout=10)
        await client.close()

    jobs = run(begin())
    with worker(where.connect, named, reverse):
        run(go_on(*jobs))


def test_a_loop_that_is_closed_without_notice(geartrain: Place) -> None:
    client = client_of(geartrain)
    for _ in range(2):
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(client.ping()) > 0
        loop.close()
    asyncio.run(client.close())


def test_loops_that_take_turns_and_loops_side_by_side(geartrain: Place) -> None:
    client = client_of(geartrain)
    loops = [asyncio.new_event_loop() for _ in range(2)]
    for _ in range(3):
        for loop in loops:
            assert loop.run_until_complete(client.ping()) > 0
    pinged: list[float] = []

    async def ping() -> None:
        pinged.extend([await client.ping() for _ in range(20)])

    threads = [threading.Thread(target=asyncio.run, args=(ping(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(pinged) == 80
    for loop in loops:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    asyncio.run(client.close())


def test_a_loop_does_not_wait_for_a_name_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()

    def hang(*arguments: Any, **options: Any) -> Any:
        ended.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    before = threading.active_count()

    async def main() -> None:
        for number in range(40):
            async with AsyncClient(f"n{number}.hangs", timeout=0.02) as client:
                with pytest.raises(ClientError):
                    await client.ping()

    try:
        asyncio.run(main())
        assert threading.active_count() - before <= 16
    finally:
        ended.set()


@pytest.mark.parametrize("moment", [0, 0.005])
def test_a_cancelled_call_leaves_the_connection_as_it_was(
    where: Place, run: Run, moment: float
) -> None:
    function = next(where.functions)

    async def main() -> None:
        async with client_of(where) as client:
            for number in range(5):
                calls = [
                    client.do(function, b"%d" % number),
                    client.do_background("f", bytes(2_000_000)),
                    client.status("H:1"),
                    client.submit(function, b"%d" % number),
                ]
                tasks = [asyncio.ensure_future(call) for call in calls]
                kept = asyncio.ensure_future(client.do(function, b"kept"))
                await asyncio.sleep(moment)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                assert await kept == b"tpek"

    with worker(where.connect, function, reverse):
        run(main())


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8, 12])
def test_a_call_that_is_cancelled_while_it_connects_leaves_nothing_open(
    where: Place, run: Run, turns: int
) -> None:
    async def main() -> None:
        async with client_of(where) as client:
            first = asyncio.ensure_future(client.ping())
            for _ in range(turns):
                await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            assert await client.ping() > 0
        async with client_of(where) as another:
            assert await another.ping() > 0

    run(main())
