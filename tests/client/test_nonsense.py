"""Job servers that answer nonsense or without end, and jobs that never stop sending."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from geartrain.client import AsyncClient, Client, waiting
from geartrain.errors import ClientError, GeartrainError
from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.packets import encode
from tests.support.client_faces import Face, Place
from tests.support.raw_workers import reverse, worker
from tests.support.wire import MIB, Wire

OPTIONS = b"".join(
    encode(P.OPTION_RES, each)
    for each in (b"exceptions", b"reasons", b"warn_without_worker")
)
CREATED = OPTIONS + encode(P.JOB_CREATED, b"H:1")

NONSENSE = {
    "another answer": encode(P.ECHO_RES, b"x"),
    "an answer too many": CREATED + encode(P.JOB_CREATED, b"H:2"),
    "a request": b"\0REQ\0\0\0\x07\0\0\0\0",
    "an unknown type": b"\0RES\0\0\xff\xff\0\0\0\0",
    "text": b"OK\r\n.\r\n",
    "arguments missing": b"\0RES\0\0\0\x0c\0\0\0\3a\0b",
    "an error without a text": b"\0RES\0\0\0\x13\0\0\0\1x",
    "errors out of order": encode(P.ERROR, b"a\0b") * 5 + b"junk",
    "a job for a worker": encode(P.JOB_ASSIGN, b"H:1\0f\0x"),
    "results of other jobs": encode(P.WORK_COMPLETE, b"H:9\0x") * 3,
    "half a packet": b"\0RES\0\0\0\x08\0\0\0\x09H:1",
    "nothing": b"",
    "a packet of 4 GiB": b"\0RES\0\0\0\x0d\xff\xff\xff\xffH:1\0" + bytes(100_000),
}


@contextmanager
def liar(answer: bytes) -> Iterator[str]:
    """Answer the first connection with some bytes, all others rightly."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            first = True
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(
                    target=converse, args=(connection, answer if first else None)
                ).start()
                first = False

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def converse(connection: socket.socket, lie: bytes | None) -> None:
    connection.settimeout(20)
    with connection, connection.makefile("rb") as reader:
        while len(head := reader.read(12)) == 12:
            kind, size = struct.unpack(">II", head[4:])
            body = reader.read(size)
            if lie is not None:
                if kind != P.OPTION_REQ:
                    connection.sendall(lie)
                    return
            elif kind == P.OPTION_REQ:
                connection.sendall(encode(P.OPTION_RES, body))
            elif kind == P.ECHO_REQ:
                connection.sendall(encode(P.ECHO_RES, body))
            else:
                connection.sendall(encode(P.JOB_CREATED, b"H:1"))


@pytest.fixture(params=["blocking", "asyncio", "uvloop"])
def face(request: pytest.FixtureRequest) -> Face:
    nowhere = Place("nowhere", "127.0.0.1:1", lambda: socket.socket())
    return Face(request.param, nowhere)


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=list(NONSENSE))
def test_nonsense_is_an_error_and_the_next_call_has_a_new_connection(
    face: Face, answer: bytes
) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(ClientError):
            await client.do("f", b"x")
        assert await client.do_background("f", b"x") == "H:1"
        assert await client.ping() > 0

    with liar(answer) as where:
        face.run(scenario, where, timeout=10, heartbeat=1)


@pytest.mark.parametrize("answer", [b"inf", b"nan", b"-inf", b"1e999", b"9" * 5000])
def test_a_status_that_is_no_number(face: Face, answer: bytes) -> None:
    status = b"\0".join([b"u", b"1", b"1", *[answer] * 3])
    lie = OPTIONS + encode(P.STATUS_RES_UNIQUE, status)

    async def scenario(client: Any) -> None:
        found = await client.status_by_unique("u")
        assert found.known
        assert found.fraction is None or found.fraction >= 0

    with liar(lie) as where:
        face.run(scenario, where, timeout=10)


def endless(place: Place, function: str, ended: threading.Event) -> Any:
    """Return a worker whose job sends data until the event is set."""

    def stream(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        # The job server gives up a client that reads nothing; so may this one.
        while not ended.is_set():
            wire.send(P.WORK_DATA, handle, bytes(MIB // 4))
            time.sleep(0.001)
        wire.send(P.WORK_COMPLETE, handle, b"")

    return worker(place.connect, function, stream)


def test_a_job_that_sends_for_ever_fails_at_a_bound(
    plain_face: Face, geartrain: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_UNREAD", 8 * MIB)
    function, quick = next(geartrain.functions), next(geartrain.functions)
    ended = threading.Event()

    async def scenario(client: Any) -> None:
        with pytest.raises(ClientError, match="that nobody has taken"):
            await client.do(function)
        ended.set()
        assert await client.do(quick, b"ab") == b"ba"

    with (
        endless(geartrain, function, ended),
        worker(geartrain.connect, quick, reverse),
    ):
        plain_face.run(scenario)


def test_what_nobody_takes_is_not_read(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)
    ended = threading.Event()

    async def scenario(client: Any) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        job = await client.submit(function)
        updates = aiter(job)
        assert len((await anext(updates)).data) == MIB // 4
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            await asyncio.sleep(0.05)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 100_000
        for _ in range(40):
            await anext(updates)
        ended.set()

    with endless(geartrain, function, ended):
        plain_face.run(scenario)


def test_text_of_a_worker_is_cut_in_errors(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)

    def complain(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        wire.send(P.WORK_EXCEPTION, handle, b"begin" + bytes(MIB) + b"the end")

    async def scenario(client: Any) -> None:
        with pytest.raises(GeartrainError) as caught:
            await client.do(function)
        text = str(caught.value)
        assert "begin" in text
        assert text.endswith("the end")
        assert len(text) < 10_000
        assert len(caught.value.data) > MIB  # type: ignore[attr-defined]

    with worker(geartrain.connect, function, complain):
        plain_face.run(scenario)


def test_tasks_are_read_while_a_job_beside_them_is_not(
    plain_face: Face, geartrain: Place
) -> None:
    streaming, function = next(geartrain.functions), next(geartrain.functions)
    ended = threading.Event()

    def generous(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        for _ in range(40):
            wire.send(P.WORK_DATA, handle, bytes(MIB // 4))
        wire.send(P.WORK_COMPLETE, handle, b"done")

    async def scenario(client: Any) -> None:
        job = await client.submit(streaming)
        assert (await anext(aiter(job))).data
        await asyncio.sleep(0.2)
        task = client.add_task(function)
        assert await client.run_tasks(timeout=20)
        assert len(task.result) == 10 * MIB + 4
        ended.set()

    with (
        endless(geartrain, streaming, ended),
        worker(geartrain.connect, function, generous),
    ):
        plain_face.run(scenario)


def test_two_may_run_the_tasks_at_once(geartrain: Place) -> None:
    function = next(geartrain.functions)

    async def main() -> None:
        async with AsyncClient(geartrain.servers) as client:
            for number in range(10):
                client.add_task(function, b"%d" % number)
            runs = [client.run_tasks() for _ in range(3)]
            assert await asyncio.gather(*runs) == [True] * 3

    with worker(geartrain.connect, function, reverse):
        asyncio.run(main())
    with (
        worker(geartrain.connect, function, reverse),
        Client(geartrain.servers) as client,
    ):
        for number in range(10):
            client.add_task(function, b"%d" % number)
        threads = [threading.Thread(target=client.run_tasks) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert client.run_tasks()
