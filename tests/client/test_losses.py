"""Job servers that stop, start again, hang or never were: in the middle of calls."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvloop

from geartrain.client import Client
from geartrain.errors import (
    AmbiguousError,
    ClientError,
    ConnectError,
    JobTimeoutError,
    LostError,
)
from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.packets import encode
from tests.support.client_faces import Face, Place
from tests.support.descriptors import open_descriptors
from tests.support.raw_workers import reverse, worker
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
)
from tests.support.suspending import suspend
from tests.support.wire import Wire

COVERS = (
    "client/aio_connections",
    "client/aio_link",
    "client/aio_pool",
    "client/link",
    "client/sharing",
)


@contextmanager
def serving(port: int) -> Iterator[RunningServer]:
    """Run a Geartrain on a port."""
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server([*command, "--port", str(port)], port) as server:
        yield server


# A client asks for exceptions and for reasons.
OPTIONS = 3


@contextmanager
def impostor(*replies: bytes) -> Iterator[str]:
    """Accept connections; answer one after the other with bytes, and end it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            for number in range(1000):
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.settimeout(10)
                received = b""
                # Options are asked for first: what answers comes after the call.
                while received.count(b"\0REQ") <= OPTIONS:
                    data = connection.recv(65536)
                    received += data or b"\0REQ"
                if number < len(replies):
                    connection.sendall(replies[number])
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.fixture(autouse=True, scope="module")
def _first_loop() -> None:
    """Open the pipe for signals that uvloop opens once a process, and keeps."""
    uvloop.new_event_loop().close()


@pytest.fixture(params=["blocking", "asyncio", "uvloop"])
def face(request: pytest.FixtureRequest) -> Face:
    nowhere = Place("nowhere", "127.0.0.1:1", lambda: socket.socket())
    return Face(request.param, nowhere)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10)


def test_no_job_server_is_an_error_that_names_all(face: Face) -> None:
    async def scenario(client: Any) -> None:
        began = time.monotonic()
        with pytest.raises(ConnectError) as caught:
            await client.do("f", b"x")
        assert 0.2 < time.monotonic() - began < 5
        assert "127.0.0.1:1 (" in str(caught.value)
        assert "unix:/nowhere (No such file or directory)" in str(caught.value)

    servers = ["127.0.0.1:1", "unix:/nowhere"]
    face.run(scenario, servers, connect_timeout=0.3)


def test_a_job_server_that_starts_late_is_waited_for(face: Face) -> None:
    port = free_port()

    async def scenario(client: Any) -> None:
        with ExitStack() as stack:
            started = threading.Thread(
                target=lambda: stack.enter_context(serving(port)), daemon=True
            )
            started.start()
            assert await client.do_background("f", b"x")
            started.join()

    face.run(scenario, f"127.0.0.1:{port}", connect_timeout=20)


def test_a_restart_between_two_calls_goes_unnoticed(face: Face) -> None:
    port = free_port()

    async def scenario(client: Any) -> None:
        with serving(port):
            assert await client.do_background("f", b"x")
        with serving(port):
            assert await client.do_background("f", b"x")
            with worker(lambda: connected(port), "g", reverse):
                assert await client.do("g", b"ab") == b"ba"

    face.run(scenario, f"127.0.0.1:{port}")


def test_an_acknowledged_job_without_a_unique_is_lost_with_its_handle(
    face: Face,
) -> None:
    port = free_port()

    async def scenario(client: Any) -> None:
        with serving(port):
            job = await client.submit("f", b"x")
        with pytest.raises(LostError, match=f"job {job.handle} was awaited") as caught:
            await job.result()
        assert not isinstance(caught.value, AmbiguousError)
        assert caught.value.handle == job.handle
        assert job.done

    face.run(scenario, f"127.0.0.1:{port}")


def test_a_job_with_a_unique_is_submitted_again(face: Face) -> None:
    port = free_port()

    async def scenario(client: Any) -> None:
        with serving(port):
            job = await client.submit("f", b"abc", unique="u")
        with serving(port), worker(lambda: connected(port), "f", reverse):
            assert await job.result() == b"cba"

    face.run(scenario, f"127.0.0.1:{port}")


def test_a_submission_without_a_unique_that_is_not_answered_is_ambiguous(
    face: Face,
) -> None:
    async def scenario(client: Any) -> None:
        for call in (client.do, client.do_background, client.submit):
            with pytest.raises(AmbiguousError, match="may be queued or not"):
                await call("f", b"x")

    with impostor() as where:
        face.run(scenario, where)


def test_a_job_server_that_ends_the_connection_unheard_may_want_tls(face: Face) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(AmbiguousError, match="or wants TLS or a certificate"):
            await client.do("f", b"x")

    with impostor() as where:
        face.run(scenario, where)


def test_a_job_server_that_has_answered_wants_no_tls(face: Face) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(AmbiguousError) as caught:
            await client.do("f", b"x")
        assert "TLS" not in str(caught.value)

    with impostor(encode(P.OPTION_RES, b"exceptions")) as where:
        face.run(scenario, where)


def test_a_submission_with_a_unique_that_is_not_answered_is_sent_again(
    face: Face,
) -> None:
    async def scenario(client: Any) -> None:
        assert await client.do_background("f", b"x", unique="u") == "H:1"

    # It ends two connections, and answers on the third.
    options = [
        encode(P.OPTION_RES, each)
        for each in (b"exceptions", b"reasons", b"warn_without_worker")
    ]
    created = b"".join(options) + encode(P.JOB_CREATED, b"H:1")
    with impostor(b"", b"", created) as where:
        face.run(scenario, where)


def test_a_job_server_that_ends_every_connection_is_given_up(face: Face) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(LostError, match="so were others before"):
            await client.do_background("f", b"x", unique="u")

    with impostor() as where:
        face.run(scenario, where)


def test_what_is_no_job_server_is_quoted(face: Face) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(AmbiguousError, match="no Gearman job server: it said"):
            await client.do("f", b"x")

    with impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n") as where:
        face.run(scenario, where)


def test_a_hung_job_server_is_noticed_by_its_silence(face: Face) -> None:
    port = free_port()

    async def scenario(client: Any) -> None:
        with serving(port) as server:
            job = await client.submit("f", b"x")
            suspend(server.process)
            try:
                began = time.monotonic()
                with pytest.raises(LostError, match=r"silent for 0\.4 seconds"):
                    await job.result()
                assert 0.3 < time.monotonic() - began < 5
            finally:
                server.process.send_signal(signal.SIGCONT)

    face.run(scenario, f"127.0.0.1:{port}", heartbeat=0.4)


def test_a_long_job_outlives_many_heartbeats(
    plain_face: Face, geartrain: Place
) -> None:
    function = next(geartrain.functions)

    def slowly(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        time.sleep(1.0)
        wire.send(P.WORK_COMPLETE, handle, b"at last")

    async def scenario(client: Any) -> None:
        assert await client.do(function, b"x") == b"at last"

    with worker(geartrain.connect, function, slowly):
        plain_face.run(scenario, heartbeat=0.2)


def test_one_of_two_job_servers_takes_over(face: Face) -> None:
    first, second = free_port(), free_port()

    async def scenario(client: Any) -> None:
        with serving(second), worker(lambda: connected(second), "f", reverse):
            with serving(first):
                handle = await client.do_background("b", b"x")
                with Wire(connected(first)) as wire:
                    assert wire.command(b"cancel job " + handle.encode()) == b"OK\r\n"
                job = await client.submit("f", b"abc", unique="u")
            assert await job.result() == b"cba"
            assert await client.do("f", b"xy") == b"yx"

    face.run(scenario, f"127.0.0.1:{first},127.0.0.1:{second}")


def test_jobs_with_the_same_unique_meet_on_one_of_two_job_servers(face: Face) -> None:
    first, second = free_port(), free_port()

    async def scenario(client: Any) -> None:
        found: dict[int, set[str]] = {}
        for number in range(20):
            handle = await client.do_background("f", b"x", unique=f"u{number}")
            again = await client.do_background("f", b"y", unique=f"u{number}")
            assert again == handle
        for port in (first, second):
            with Wire(connected(port)) as wire:
                names = wire.listing(b"show unique jobs")
                found[port] = {name.decode() for name in names}
        assert found[first] | found[second] == {f"u{n}" for n in range(20)}
        assert found[first]
        assert found[second]
        assert not found[first] & found[second]
        unique = found[second].pop()
        assert (await client.status_by_unique(unique)).known

    with serving(first), serving(second):
        servers = [f"127.0.0.1:{first}", f"127.0.0.1:{second}"]
        face.run(scenario, servers, by="unique")


def test_a_killed_server_in_the_middle_of_many_submissions(face: Face) -> None:
    port = free_port()

    async def scenario(client: Any) -> None:
        names = iter(range(3000))
        submitted = client.submit_many(
            "f", map(str, names), unique=lambda name: f"u{name}", window=200
        )
        with ExitStack() as stack:
            server = stack.enter_context(serving(port))
            handles = []
            async for handle in submitted:
                handles.append(handle)
                if len(handles) == 1000:
                    server.process.kill()
                    server.process.wait()
                    # One at a time may be on a port.
                    stack.close()
                    stack.enter_context(serving(port))
            assert len(handles) == 3000
            with Wire(connected(port)) as wire:
                uniques = set(wire.listing(b"show unique jobs"))
        # Those that were acknowledged by the killed one were in its memory.
        assert {b"u%d" % number for number in range(1400, 3000)} <= uniques

    face.run(scenario, f"127.0.0.1:{port}")


def test_no_descriptor_is_left_behind_by_restarts(face: Face) -> None:
    port = free_port()
    before = open_descriptors()

    async def scenario(client: Any) -> None:
        for _ in range(3):
            with serving(port) as server:
                job = await client.submit("f", b"x")
                assert await client.ping() > 0
                server.process.kill()
                server.process.wait()
                with pytest.raises(LostError):
                    await job.result()
        with pytest.raises(ConnectError):
            await client.ping()

    face.run(scenario, f"127.0.0.1:{port}", connect_timeout=1)
    assert open_descriptors() <= before


def test_time_outs_leave_no_descriptor_behind(
    plain_face: Face, geartrain: Place
) -> None:
    before = open_descriptors()

    async def scenario(client: Any) -> None:
        for _ in range(20):
            with pytest.raises(JobTimeoutError):
                await client.do(next(geartrain.functions), timeout=0.01)

    plain_face.run(scenario)
    assert open_descriptors() <= before


def test_a_closed_client_says_so(plain_face: Face) -> None:
    async def scenario(client: Any) -> None:
        assert await client.ping() > 0
        await client.close()
        await client.close()
        with pytest.raises(ClientError, match="closed"):
            await client.ping()

    plain_face.run(scenario)


def test_a_forked_child_has_connections_of_its_own(geartrain: Place) -> None:
    function = next(geartrain.functions)
    with Client(geartrain.servers) as client:
        client.do_background(function, b"parent")
        child = os.fork()
        if child == 0:
            # Whatever happens, the child must not go on with the tests.
            status = 1
            try:
                client.do_background(function, b"child")
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        client.do_background(function, b"parent")
        with Wire(geartrain.connect()) as wire:
            wire.register(function.encode())
            assert [wire.grab()[1] for _ in range(3)] == [
                b"parent",
                b"child",
                b"parent",
            ]


def test_threads_share_a_client(geartrain: Place) -> None:
    function = next(geartrain.functions)
    results: dict[int, bytes] = {}
    with (
        Client(geartrain.servers) as client,
        worker(geartrain.connect, function, reverse),
    ):

        def run(number: int) -> None:
            for _ in range(20):
                results[number] = client.do(function, b"%03d" % number)

        threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert results == {n: (b"%03d" % n)[::-1] for n in range(8)}
