"""Processes that fork: connections stay with the one that opened them."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.client import AsyncClient, Client, Executor
from geartrain.errors import JobTimeoutError
from geartrain.protocol.constants import PacketType as P
from tests.support.client_faces import Place
from tests.support.forking import in_child
from tests.support.raw_workers import reverse, worker
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("transport/forks",)


@pytest.fixture(params=["geartrain", "tls", "unix"])
def where(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


def client_of(place: Place, **options: Any) -> Client:
    return Client(place.servers, tls=place.tls, timeout=20, **options)


def connections(place: Place) -> int:
    """Return how many connections the job server has besides the one that asks."""
    with Wire(place.connect()) as wire:
        return len(wire.listing(b"workers")) - 1


def test_both_sides_go_on_and_do_not_disturb_each_other(where: Place) -> None:
    function = next(where.functions)

    def child() -> list[bytes]:
        found = [client.do(function, b"in the child")]
        found.append(eval(in_child(lambda: client.do(function, b"in its child"))))
        client.close()
        gc.collect()
        return found

    with worker(where.connect, function, reverse), client_of(where) as client:
        job = client.submit(function, b"before")
        assert client.do(function, b"parent") == b"tnerap"
        before = connections(where)
        assert in_child(child) == "[b'dlihc eht ni', b'dlihc sti ni']"
        assert client.do(function, b"again") == b"niaga"
        assert job.result() == b"erofeb"
        assert connections(where) == before


def test_a_child_that_lives_on_does_not_keep_the_parents_connections(
    where: Place,
) -> None:
    client = client_of(where)
    client.ping()
    before = connections(where)
    release, wait = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(release, 1)
        finally:
            os._exit(0)
    try:
        client.close()
        wait_until(lambda: connections(where) == before - 1)
    finally:
        os.write(wait, b"x")
        os.close(release)
        os.close(wait)
        os.waitpid(child, 0)


def test_a_fork_in_the_middle_of_other_threads_calls(geartrain: Place) -> None:
    function = next(geartrain.functions)
    release = threading.Event()

    def hold(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        release.wait(20)
        wire.send(P.WORK_COMPLETE, handle, b"held")

    results = []
    with (
        worker(geartrain.connect, function, hold),
        client_of(geartrain) as client,
        Executor(geartrain.servers) as executor,
    ):
        thread = threading.Thread(target=lambda: results.append(client.do(function)))
        thread.start()
        future = executor.submit(function)
        wait_until(lambda: connections(geartrain) >= 2)

        def child() -> list[str]:
            found = [client.do_background(next(geartrain.functions))]
            quick = Executor(geartrain.servers, timeout=0.1)
            for each in (quick, executor):
                with pytest.raises(JobTimeoutError):
                    each.submit("nobody serves this", timeout=0.1).result(10)
            try:
                future.result(10)
            except Exception as error:
                found.append(type(error).__name__)
            return found

        said = in_child(child)
        assert said.startswith("['H:")
        assert said.endswith("'LostError']")
        release.set()
        thread.join(20)
        assert results == [b"held"]
        assert future.result(20) == b"held"


def test_what_was_awaited_before_the_fork_is_the_parents(geartrain: Place) -> None:
    function = next(geartrain.functions)
    served = next(geartrain.functions)
    with client_of(geartrain) as client, worker(geartrain.connect, served, reverse):
        plain = client.submit(function, b"plain")
        named = client.submit(served, b"named", unique="named")
        results = client.map(served, [b"ab", b"cd", b"ef"], window=1)
        assert next(results) == b"ba"
        client.add_task(function, b"task")
        with pytest.raises(JobTimeoutError):
            client.run_tasks(timeout=0.05)

        def child() -> list[str]:
            calls: list[Callable[[], Any]] = [
                plain.result,
                named.result,
                lambda: list(results),
                lambda: client.run_tasks(timeout=5),
                lambda: list(client.map(served, [b"gh"])),
            ]
            found = []
            for call in calls:
                try:
                    found.append(repr(call()))
                except Exception as error:
                    found.append(type(error).__name__)
            return found

        assert eval(in_child(child)) == [
            "LostError",
            "b'deman'",
            "[b'dc', b'fe']",
            "True",
            "[b'hg']",
        ]
        assert list(results) == [b"dc", b"fe"]
        assert named.result() == b"deman"


def test_an_event_loop_that_forks(where: Place) -> None:
    function = next(where.functions)
    client = AsyncClient(where.servers, tls=where.tls)

    async def one(workload: bytes) -> Any:
        return await client.do(function, workload)

    async def main() -> list[Any]:
        waiting = asyncio.ensure_future(one(b"waiting"))
        found = [await one(b"first")]
        found.append(in_child(lambda: asyncio.run(one(b"child"))))
        found.append(await one(b"after"))
        found.append(await waiting)
        await client.close()
        return found

    with worker(where.connect, function, reverse):
        assert asyncio.run(main()) == [b"tsrif", "b'dlihc'", b"retfa", b"gnitiaw"]


def test_an_admin_connects_anew(geartrain: Place) -> None:
    with Admin(str(geartrain.servers)) as admin:
        version = admin.version()
        assert in_child(admin.version) == repr(version)
        assert admin.version() == version


def test_a_lock_that_is_held_at_the_fork_does_not_hang_the_child(
    geartrain: Place,
) -> None:
    with client_of(geartrain) as client:
        stop = threading.Event()

        def busy() -> None:
            while not stop.is_set():
                client.ping()

        threads = [threading.Thread(target=busy) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                assert in_child(lambda: client.ping() > 0) == "True"
        finally:
            stop.set()
            for thread in threads:
                thread.join(20)
