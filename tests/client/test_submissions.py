"""Many submissions that are cut off: what has become of each of them is known."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from geartrain.errors import (
    CodecError,
    ConnectError,
    CutOffError,
    JobFailedError,
    JobTimeoutError,
    LostError,
    ServerError,
)
from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.packets import encode
from tests.support.client_faces import Face, Place
from tests.support.raw_workers import worker
from tests.support.wire import Wire

COVERS = ("submissions",)

SUBMISSIONS = {P.SUBMIT_JOB, P.SUBMIT_JOB_BG}


class Quitter:
    """A job server that acknowledges some jobs, takes some more, and is gone."""

    def __init__(
        self, answered: int, taken: int, refused: int = -1, is_orderly: bool = True
    ) -> None:
        self.is_orderly = is_orderly
        self.answered, self.limit, self.refused = answered, taken, refused
        # Workloads of the jobs that arrived whole.
        self.received: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        # A client that was refused a job hangs up while others are being answered.
        with suppress(ConnectionError):
            self._talk()

    def _talk(self) -> None:
        connection, _ = self.listener.accept()
        self.listener.close()
        connection.settimeout(10)
        # What is held back for larger segments would be lost at the end.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as reader:
            while len(self.received) < self.limit:
                head = reader.read(12)
                if len(head) < 12:
                    return
                kind, size = struct.unpack(">II", head[4:])
                body = reader.read(size)
                if kind == P.OPTION_REQ:
                    connection.sendall(encode(P.OPTION_RES, body))
                elif kind in SUBMISSIONS:
                    self._take(connection, body.split(b"\0", 2)[2])
            if self.is_orderly:
                # Ended with something unread, the connection would lose what was sent.
                connection.shutdown(socket.SHUT_WR)
                while reader.read(65536):
                    pass

    def _take(self, connection: socket.socket, workload: bytes) -> None:
        number = len(self.received)
        self.received.append(workload)
        if number == self.refused:
            connection.sendall(encode(P.ERROR, b"queue_full\0too many jobs"))
            # What follows arrives by itself.
            time.sleep(0.1)
        elif number < self.answered:
            connection.sendall(encode(P.JOB_CREATED, b"H:%d" % number))


@contextmanager
def quitter(
    answered: int, taken: int, refused: int = -1, is_orderly: bool = True
) -> Iterator[Quitter]:
    server = Quitter(answered, taken, refused, is_orderly)
    try:
        yield server
    finally:
        server.listener.close()
        server.thread.join(20)


@pytest.fixture(params=["blocking", "asyncio", "uvloop"])
def face(request: pytest.FixtureRequest) -> Face:
    nowhere = Place("nowhere", "127.0.0.1:1", lambda: socket.socket())
    return Face(request.param, nowhere)


class Source:
    """Numbers as workloads; knows how many were taken."""

    def __init__(self, count: int, size: int = 0) -> None:
        self.count, self.size, self.taken = count, size, 0

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.count):
            self.taken += 1
            yield b"%d " % number + bytes(self.size)


async def cut_off(items: Any, kind: type[Exception]) -> tuple[list[Any], Any]:
    """Return what came, and the error that ended it."""
    given: list[Any] = []

    async def collect() -> None:
        async for item in items:
            given.append(item)

    with pytest.raises(kind) as caught:
        await collect()
    return given, caught.value


@pytest.mark.parametrize("is_orderly", [True, False])
@pytest.mark.parametrize(
    ("answered", "taken", "size"), [(0, 1, 0), (300, 500, 0), (5, 20, 500_000)]
)
def test_a_lost_connection_says_what_has_become_of_each_job(
    face: Face, answered: int, taken: int, size: int, is_orderly: bool
) -> None:
    source = Source(2000, size)

    async def scenario(client: Any) -> None:
        handles, error = await cut_off(client.submit_many("f", source), CutOffError)
        found = error.submissions
        assert handles == [f"H:{number}" for number in range(found.given)]
        known = found.given + len(found.acknowledged)
        assert known == answered if is_orderly else known <= answered
        assert found.acknowledged == {
            number: f"H:{number}" for number in range(found.given, known)
        }
        rest = sorted([*found.unknown, *found.not_queued])
        assert rest == list(range(known, found.taken))
        assert found.taken == source.taken
        received = {int(each.split()[0]) for each in server.received}
        assert received <= set(range(known)) | set(found.unknown)
        assert f"{known} are acknowledged" in str(error)

    with quitter(answered, taken, is_orderly=is_orderly) as server:
        face.run(scenario, server.address, connect_timeout=0.3)


def test_jobs_that_did_not_leave_are_not_queued() -> None:
    """Most of the bytes of a window do not fit into what the kernel holds.

    The blocking face alone can tell: event loops do not say what has left.
    """
    face = Face("blocking", Place("nowhere", "127.0.0.1:1", lambda: socket.socket()))
    source = Source(64, 1_000_000)

    async def scenario(client: Any) -> None:
        _, error = await cut_off(client.submit_many("f", source), CutOffError)
        found = error.submissions
        assert found.not_queued
        received = {int(each.split()[0]) for each in server.received}
        assert not received & set(found.not_queued)

    with quitter(0, 2, is_orderly=False) as server:
        face.run(scenario, server.address, connect_timeout=0.3)


def test_results_that_are_cut_off(face: Face) -> None:
    source = Source(50)

    async def scenario(client: Any) -> None:
        _, error = await cut_off(client.map("f", source), LostError)
        found = error.submissions
        assert (found.given, found.taken) == (0, source.taken)
        assert found.acknowledged == {number: f"H:{number}" for number in range(5)}
        assert sorted([*found.unknown, *found.not_queued]) == list(
            range(5, found.taken)
        )

    with quitter(5, 9) as server:
        face.run(scenario, server.address, connect_timeout=0.3)


def test_a_timeout_says_so_too(face: Face) -> None:
    async def scenario(client: Any) -> None:
        items = client.submit_many("f", [b"a", b"b", b"c"], timeout=0.3)
        handles, error = await cut_off(items, JobTimeoutError)
        assert handles == ["H:0"]
        assert error.submissions.unknown == [1, 2]

    with quitter(1, 100) as server:
        face.run(scenario, server.address)


def test_no_job_server_says_so_too(face: Face) -> None:
    async def scenario(client: Any) -> None:
        items = client.submit_many("f", [b"a", b"b", b"c"])
        _, error = await cut_off(items, ConnectError)
        assert error.submissions.not_queued == [0, 1, 2]
        assert error.submissions.unknown == []

    face.run(scenario, "127.0.0.1:1", connect_timeout=0.2)


def test_a_refused_job_is_not_queued_and_those_before_are_given(face: Face) -> None:
    async def scenario(client: Any) -> None:
        items = client.submit_many("f", [b"%d" % n for n in range(6)])
        handles, error = await cut_off(items, ServerError)
        assert handles == ["H:0", "H:1"]
        assert error.submissions.not_queued == [2]
        assert error.submissions.acknowledged == {3: "H:3", 4: "H:4", 5: "H:5"}
        assert error.submissions.unknown == []

    with quitter(6, 100, refused=2) as server:
        face.run(scenario, server.address)


@pytest.mark.parametrize("timeout", [None, 0.3])
def test_answers_that_do_not_come_after_a_refusal_are_not_waited_for(
    face: Face, timeout: float | None
) -> None:
    async def scenario(client: Any) -> None:
        source = [b"%d" % n for n in range(6)]
        items = client.submit_many("f", source, timeout=timeout)
        handles, error = await cut_off(items, ServerError)
        assert handles == ["H:0", "H:1"]
        assert error.submissions.not_queued == [2]
        assert error.submissions.acknowledged == {3: "H:3"}
        assert error.submissions.unknown == [4, 5]

    with quitter(4, 100, refused=2) as server:
        face.run(scenario, server.address, timeout=timeout, heartbeat=1.0)


@pytest.mark.parametrize("place", [0, 1, 200, 999])
def test_what_was_taken_before_a_bad_workload_is_submitted(
    plain_face: Face, place: int
) -> None:
    workloads: list[Any] = [{"n": number} for number in range(place)]
    workloads += [float("nan"), "never taken"]

    async def scenario(client: Any) -> None:
        source = iter(workloads)
        items = client.submit_many("f", source, codec="json")
        handles, error = await cut_off(items, CodecError)
        assert len(handles) == place
        assert error.submissions.given == place
        assert error.submissions.not_queued == [place]
        assert error.submissions.taken == place + 1
        assert list(source) == ["never taken"]

    plain_face.run(scenario)


def test_a_source_that_fails_fails_after_what_it_gave(plain_face: Face) -> None:
    def source() -> Iterator[bytes]:
        yield from [b"x"] * 150
        raise LookupError("the file has ended")

    async def scenario(client: Any) -> None:
        handles, _ = await cut_off(client.submit_many("f", source()), LookupError)
        assert len(handles) == 150

    plain_face.run(scenario)


def test_a_job_that_fails_ends_a_map_and_the_others_are_named(
    plain_face: Face, geartrain: Place
) -> None:
    function = next(geartrain.functions)

    def moody(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        if workload == b"bad":
            wire.send(P.WORK_FAIL, handle)
        else:
            wire.send(P.WORK_COMPLETE, handle, workload)

    async def scenario(client: Any) -> None:
        items = client.map(function, [b"good", b"bad", b"good"])
        results, error = await cut_off(items, JobFailedError)
        assert results == [b"good"]
        assert error.submissions.given == 1
        assert set(error.submissions.acknowledged) | {1} == {1, 2}
        assert await client.do(function, b"more") == b"more"

    with worker(geartrain.connect, function, moody):
        plain_face.run(scenario)


def test_many_iterators_in_one_thread(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)

    def same(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        wire.send(P.WORK_COMPLETE, handle, workload)

    async def scenario(client: Any) -> None:
        each = [
            aiter(client.map(function, [b"%d" % n for n in range(20)], window=8))
            for _ in range(10)
        ]
        for number in range(20):
            for results in each:
                assert await anext(results) == b"%d" % number

    with worker(geartrain.connect, function, same):
        plain_face.run(scenario, max_connections=3)
