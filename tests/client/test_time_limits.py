"""A timeout covers all of a call, in both faces; ``close`` ends what has none."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.client import AsyncClient, Client, Executor
from geartrain.errors import (
    AdminError,
    ClientError,
    ConnectError,
    JobTimeoutError,
    OptionError,
)
from geartrain.protocol.constants import PacketType as P
from geartrain.transport.tls import Tls
from tests.support.client_faces import Face, Place, all_of
from tests.support.raw_workers import reverse, worker
from tests.support.servers import running_geartrain
from tests.support.silence import black_holes, hanging_names, stopped
from tests.support.waiting import wait_until
from tests.support.wire import MIB, Wire

COVERS = (
    "client/bells",
    "client/connections",
    "transport/dialling",
)

# What a call may take that is given a fraction of a second, on a busy machine.
SOON = 10.0

Call = Callable[[Any], Awaitable[Any]]


async def late(call: Awaitable[Any], *errors: type[Exception]) -> None:
    """Expect a call to end in time, and to say so."""
    began = time.monotonic()
    with pytest.raises(errors or JobTimeoutError):
        await call
    assert time.monotonic() - began < SOON


CALLS: dict[str, Call] = {
    "do": lambda client: client.do("f", b"x"),
    "do_background": lambda client: client.do_background("f", b"x"),
    "submit": lambda client: client.submit("f", b"x"),
    "large": lambda client: client.do_background("f", bytes(24 * MIB)),
    "chunked": lambda client: client.do_background("f", bytes(24 * MIB), chunked=True),
    "many large": lambda client: all_of(
        client.submit_many("f", (bytes(MIB) for _ in range(24)))
    ),
    "status": lambda client: client.status("H:1"),
    "status_by_unique": lambda client: client.status_by_unique("u"),
    "ping": lambda client: client.ping(),
    "submit_many": lambda client: all_of(client.submit_many("f", [b"x", b"y"])),
    "map": lambda client: all_of(client.map("f", [b"x", b"y"])),
    "cancel": lambda client: client.cancel("H:1"),
}


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """Give the address of a job server that takes connections and says nothing."""
    with running_geartrain() as server, stopped(server):
        yield server.address


@pytest.mark.parametrize("name", CALLS)
def test_a_job_server_that_takes_and_says_nothing(
    face: Face, name: str, silent: str
) -> None:
    face.run(lambda client: late(CALLS[name](client)), silent, timeout=0.2)


@pytest.fixture(params=["blocking", "asyncio"])
def face(request: pytest.FixtureRequest) -> Face:
    nowhere = Place("nowhere", "127.0.0.1:1", lambda: socket.socket())
    return Face(request.param, nowhere)


def test_a_job_server_that_falls_silent_while_jobs_are_followed(face: Face) -> None:
    async def scenario(client: Any) -> None:
        job = await client.submit("f", b"x")
        client.add_task("f", b"y")
        with stopped(server):
            await late(job.result(timeout=0.2))
            await late(all_of(job))
            await late(client.run_tasks())
            await late(client.run_tasks(timeout=0.1))
            await late(job.cancel())
            await late(job.status())

    with running_geartrain() as server:
        face.run(scenario, server.address, timeout=0.3)


@pytest.mark.parametrize("options", [{"timeout": 0.4}, {"connect_timeout": 0.4}])
def test_addresses_that_swallow_connections(
    face: Face, options: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: Any) -> None:
        await late(client.do("f", b"x"), ConnectError, JobTimeoutError)
        await late(client.cancel("H:1", timeout=0.3), JobTimeoutError)

    with (
        black_holes(4) as (hosts, port),
        hanging_names(monkeypatch, {"holes.test": hosts}),
    ):
        face.run(scenario, f"holes.test:{port}", **{"timeout": None, **options})
        with pytest.raises(AdminError):
            Admin(f"holes.test:{port}", 0.3)


def test_an_address_that_answers_is_not_kept_waiting_by_others(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: Any) -> None:
        assert await client.ping() > 0

    with black_holes(3) as (hosts, port), socket.socket() as relay:
        relay.bind(("127.7.0.9", port))
        relay.listen()
        threading.Thread(target=echoes, args=(relay,), daemon=True).start()
        names = {"holes.test": [*hosts, "127.7.0.9"]}
        with hanging_names(monkeypatch, names):
            face.run(scenario, f"holes.test:{port}")


def echoes(listener: socket.socket) -> None:
    """Answer the options that a client asks for, and one ping."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(20)
        received = b""
        while b"ping" not in received:
            received += connection.recv(1000)
        connection.sendall(
            b"\0RES\0\0\0\x1b\0\0\0\x0aexceptions\0RES\0\0\0\x1b\0\0\0\x07reasons"
            b"\0RES\0\0\0\x1b\0\0\0\x13warn_without_worker"
            b"\0RES\0\0\0\x11\0\0\0\4ping"
        )
        connection.recv(1000)


def test_a_second_job_server_has_its_share_of_the_time(
    face: Face, geartrain: Place
) -> None:
    async def scenario(client: Any) -> None:
        assert await client.do_background("f", b"x")

    with black_holes(1) as (hosts, port):
        servers = [f"{hosts[0]}:{port}", str(geartrain.servers)]
        face.run(scenario, servers, timeout=3)


def test_a_name_server_that_does_not_answer(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: Any) -> None:
        await late(client.do("f", b"x"), ConnectError, JobTimeoutError)
        await late(client.do("f", b"x"), ConnectError, JobTimeoutError)
        await late(client.cancel("H:1"), JobTimeoutError)

    with hanging_names(monkeypatch, {}):
        began = time.monotonic()
        face.run(scenario, "one.hangs", timeout=0.3)
        with pytest.raises(AdminError, match="looking up"):
            Admin("one.hangs:4730", 0.3)
        assert time.monotonic() - began < 3 * SOON


@pytest.mark.parametrize("drips", [False, True])
def test_tls_with_a_peer_that_says_too_little(face: Face, drips: bool) -> None:
    async def scenario(client: Any) -> None:
        await late(client.do("f", b"x"), ConnectError, JobTimeoutError)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=say_little, args=(listener, drips), daemon=True).start()
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        face.run(scenario, where, timeout=0.5, tls=Tls(verify=False))
        listener.shutdown(socket.SHUT_RDWR)


def say_little(listener: socket.socket, drips: bool) -> None:
    """Take a connection, and send a byte of a handshake now and then."""
    try:
        connection, _ = listener.accept()
        with connection:
            while drips:
                connection.sendall(b"\x16\x03\x03\x00\xc8"[:1])
                time.sleep(0.2)
            connection.settimeout(20)
            while connection.recv(1000):
                pass
    except OSError:
        return


def test_a_text_answer_that_comes_byte_by_byte_has_its_time() -> None:
    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.1)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        began = time.monotonic()
        with (
            Admin(f"127.0.0.1:{listener.getsockname()[1]}", 0.5) as admin,
            pytest.raises(AdminError, match="silent"),
        ):
            admin.version()
        assert time.monotonic() - began < SOON


def held(place: Place, function: str) -> tuple[Any, threading.Event]:
    """Return a worker whose jobs are done when the event is set."""
    release = threading.Event()

    def hold(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        release.wait(30)
        wire.send(P.WORK_COMPLETE, handle, b"held")

    return worker(place.connect, function, hold), release


def jobs_of(place: Place, function: str) -> int:
    """Return how many jobs of a function there are."""
    with Wire(place.connect()) as wire:
        rows = [row.split(b"\t") for row in wire.listing(b"status")]
    return sum(int(row[1]) for row in rows if row[0] == function.encode())


def test_a_long_call_of_another_thread_delays_nothing(geartrain: Place) -> None:
    function, quick = next(geartrain.functions), next(geartrain.functions)
    holding, release = held(geartrain, function)
    with (
        holding,
        worker(geartrain.connect, quick, reverse),
        Client(geartrain.servers, timeout=30) as client,
    ):
        job = client.submit(function)
        threads = [
            threading.Thread(target=client.do, args=(function,)),
            threading.Thread(target=job.result),
            threading.Thread(target=list, args=(client.map(function, [b"x"]),)),
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: jobs_of(geartrain, function) == 3)
        assert client.do_background(next(geartrain.functions))
        assert client.do(quick, b"ab") == b"ba"
        assert list(client.map(quick, [b"ab"])) == [b"ba"]
        assert client.status(job.handle).known
        with pytest.raises(JobTimeoutError):
            job.result(timeout=0.1)
        client.add_task(quick, b"cd")
        assert client.run_tasks()
        assert all(thread.is_alive() for thread in threads)
        release.set()
        for thread in threads:
            thread.join(30)
        assert job.result() == b"held"


def test_threads_wait_for_jobs_that_share_a_connection(geartrain: Place) -> None:
    function = next(geartrain.functions)
    results: dict[int, Any] = {}
    with Client(geartrain.servers, timeout=30) as client:
        jobs = [client.submit(function, b"%d" % number) for number in range(10)]

        def wait(number: int) -> None:
            results[number] = jobs[number].result()

        threads = [threading.Thread(target=wait, args=(n,)) for n in range(10)]
        for thread in threads:
            thread.start()
        with worker(geartrain.connect, function, reverse):
            for thread in threads:
                thread.join(30)
        assert results == {number: b"%d" % number for number in range(10)}


def test_a_call_waits_for_its_turn_no_longer_than_it_may(geartrain: Place) -> None:
    function = next(geartrain.functions)
    holding, release = held(geartrain, function)
    with holding, Client(geartrain.servers, max_connections=2) as client:
        threads = [
            threading.Thread(target=client.do, args=(function,)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: jobs_of(geartrain, function) == 2)
        with pytest.raises(JobTimeoutError, match="2 calls are under way"):
            client.ping(timeout=0.1)
        waiting: list[float] = []
        more = threading.Thread(target=lambda: waiting.append(client.ping()))
        more.start()
        release.set()
        for thread in [*threads, more]:
            thread.join(30)
        assert waiting


def test_connections_are_used_again_and_bounded(geartrain: Place) -> None:
    def count() -> int:
        with Wire(geartrain.connect()) as wire:
            return len(wire.listing(b"workers"))

    before = count()
    with Client(geartrain.servers, timeout=30, max_connections=3) as client:
        threads = [
            threading.Thread(target=lambda: [client.ping() for _ in range(20)])
            for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert 1 <= count() - before <= 3
        for _ in range(20):
            client.ping()
        assert 1 <= count() - before <= 3


def ends_when_closed(client: Client, *calls: Callable[[], Any]) -> None:
    """Expect calls in threads of their own to end when the client is closed."""
    errors: list[Exception] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(call,), daemon=True) for call in calls
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert not errors
    client.close()
    for thread in threads:
        thread.join(SOON)
    assert len(errors) == len(calls)
    assert all(isinstance(error, ClientError) for error in errors)


@pytest.mark.parametrize("kind", ["geartrain", "tls"])
def test_closing_a_client_wakes_its_threads(
    kind: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(kind)
    function = next(place.functions)
    client = Client(place.servers, tls=place.tls, max_connections=6)
    job, followed = client.submit(function), client.submit(function)
    client.add_task(function)
    ends_when_closed(
        client,
        lambda: client.do(function),
        job.result,
        lambda: list(followed),
        lambda: list(client.map(function, [b"x"])),
        client.run_tasks,
        client.run_tasks,
        *[lambda: client.do(function)] * 6,
    )


def test_closing_a_client_wakes_threads_that_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with black_holes(1) as (hosts, port), hanging_names(monkeypatch, {}):
        for where in (f"{hosts[0]}:{port}", "127.0.0.1:1", "two.hangs"):
            client = Client(where, connect_timeout=60)
            ends_when_closed(client, client.ping, partial(client.do, "f"))


def test_closing_an_async_client_wakes_its_tasks(geartrain: Place) -> None:
    async def main(where: Any) -> None:
        client = AsyncClient(where, connect_timeout=60)
        function = next(geartrain.functions)
        calls = [client.do(function), client.ping() if where is not servers else None]
        tasks = [asyncio.ensure_future(call) for call in calls if call is not None]
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in tasks)
        await client.close()
        done, left = await asyncio.wait(tasks, timeout=SOON)
        assert not left
        assert all(isinstance(task.exception(), ClientError) for task in done)

    servers = geartrain.servers
    with black_holes(1) as (hosts, port):
        for where in (servers, f"{hosts[0]}:{port}", "127.0.0.1:1"):
            asyncio.run(main(where))


@pytest.mark.parametrize(
    "timeout", [timedelta(milliseconds=100), Decimal("0.1"), Fraction(1, 10), 0]
)
def test_a_time_is_taken_as_it_is_given(plain_face: Face, timeout: Any) -> None:
    async def scenario(client: Any) -> None:
        assert await client.ping(timeout=20) > 0
        with pytest.raises(JobTimeoutError):
            await client.do("nobody does this", timeout=timeout)
        with pytest.raises(JobTimeoutError):
            await client.do("nobody does this")

    plain_face.run(scenario, timeout=timeout)


@pytest.mark.parametrize(
    "timeout", [-1, float("nan"), "1", True, timedelta(seconds=-1), Decimal("NaN"), []]
)
def test_what_is_no_time_is_refused(plain_face: Face, timeout: Any) -> None:
    async def scenario(client: Any) -> None:
        job = await client.submit("f", b"x", background=True)
        for call in (
            lambda: client.do("f", timeout=timeout),
            lambda: client.status("H:1", timeout=timeout),
            lambda: client.cancel("H:1", timeout=timeout),
            lambda: client.run_tasks(timeout=timeout),
            lambda: all_of(client.map("f", [b"x"], timeout=timeout)),
            lambda: job.status(timeout=timeout),
        ):
            with pytest.raises(OptionError, match="timeout="):
                await call()

    plain_face.run(scenario)
    for kind in (Client, AsyncClient, Executor):
        for name in ("timeout", "heartbeat", "connect_timeout"):
            with pytest.raises(OptionError, match=f"{name}="):
                kind(**{name: timeout})


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 10**400])
def test_a_time_without_end_is_no_timeout(plain_face: Face, timeout: Any) -> None:
    async def scenario(client: Any) -> None:
        assert await client.ping() > 0
        assert await client.ping(timeout=timeout) > 0

    plain_face.run(scenario, timeout=timeout, heartbeat=timeout)
