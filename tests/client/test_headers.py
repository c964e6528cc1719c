"""Headers from a client to a worker: both faces, and every job server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from geartrain.client import Client
from geartrain.errors import OptionError
from geartrain.worker import Worker, WorkerJob
from tests.support.client_faces import Face
from tests.support.raw_workers import reverse, worker

HEADERS = {"traceparent": "00-0af7-01", "tenant": "ä b"}


@contextmanager
def telling(face: Face, function: str) -> Iterator[list[dict[str, str]]]:
    """Run a worker that collects the headers of its jobs, and returns workloads."""
    told: list[dict[str, str]] = []

    def handler(job: WorkerJob) -> bytes:
        told.append(job.headers)
        return job.workload

    running = Worker(face.place.servers, tls=face.place.tls)
    running.register(function, handler)
    thread = Thread(target=running.run)
    thread.start()
    try:
        yield told
    finally:
        running.stop()
        thread.join(20)


def test_a_worker_is_told_them_by_geartrain_alone(face: Face, function: str) -> None:
    expected = HEADERS if face.place.is_geartrain else {}

    async def scenario(client: Any) -> None:
        with telling(face, function) as told:
            for call in (client.do, client.do_high, client.do_low):
                assert await call(function, b"w", headers=HEADERS) == b"w"
            assert await client.do(function, b"w") == b"w"
            job = await client.submit(function, b"w", headers=HEADERS)
            assert await job.result() == b"w"
            task = client.add_task(function, b"w", headers=HEADERS)
            await client.run_tasks()
            assert task.result == b"w"
            given = client.map(function, [b"1", b"2"], headers=HEADERS)
            assert [each async for each in given] == [b"1", b"2"]
        assert told == [*[expected] * 3, {}, *[expected] * 4]

    face.run(scenario)


def test_jobs_in_the_background_have_them_too(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        for call in (
            client.do_background,
            client.do_high_background,
            client.do_low_background,
        ):
            await call(function, b"w", headers=HEADERS)
        await client.do_background(function, b"w", delay=0.01, headers=HEADERS)
        given = client.submit_many(function, [b"1", b"2"], headers=HEADERS)
        assert len([each async for each in given]) == 2
        with telling(face, function) as told:
            while len(told) < 6:
                assert await client.do(function, b"last") == b"last"
                told[:] = [each for each in told if each]
                if not face.place.is_geartrain:
                    return
            assert told == [HEADERS] * 6

    face.run(scenario)


def test_a_worker_of_another_library_is_not_disturbed(
    face: Face, function: str
) -> None:
    async def scenario(client: Any) -> None:
        with worker(face.place.connect, function, reverse):
            assert await client.do(function, b"abc", headers=HEADERS) == b"cba"

    face.run(scenario)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"a b": "c"}, "the name of a header has 1 to 64 visible characters"),
        ({"ä": "c"}, "the name of a header"),
        ({"a": "b\0c"}, "no value has a NUL"),
        ({"a": "b\0c\0d"}, "no name or value has a NUL"),
        ({"a": "x" * 5000}, "at most 4096 bytes"),
        ({f"{n}": "" for n in range(33)}, "at most 32 headers"),
        ({"a": 1}, "map text to text"),
        (["a"], "map text to text"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_sent(
    headers: Any, said: str
) -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(OptionError, match=said):
        client.do("f", b"w", headers=headers)
