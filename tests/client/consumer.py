"""A program that uses the client: mypy and pyright look at its types in script/check.

Nothing runs it, because the tests have neither.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, assert_type

from geartrain import AsyncClient, Client
from geartrain.client import (
    AsyncSubmittedJob,
    Executor,
    JobStatus,
    SubmittedJob,
    Task,
    Update,
)
from geartrain.errors import JobFailedError


def blocking() -> list[str]:
    with Client("127.0.0.1:4730", codec="json", by="unique", timeout=5.0) as client:
        result: dict[str, int] = client.do("count", {"a": 1}, unique="a", timeout=1)
        handle: str = client.do_background("mail", [1], at=datetime.now(UTC))
        job: SubmittedJob = client.submit("f", 1, priority="high")
        updates: list[Update] = list(job)
        status: JobStatus = client.status(handle)
        fraction: float | None = status.fraction
        try:
            job.result()
        except JobFailedError as error:
            return [error.handle]

        def complete(task: Task, context: int) -> bool:
            return bool(task.result) and context > 1

        client.set_callbacks(on_complete=complete)
        task: Task = client.add_task("f", 1, 2, on_fail=lambda task, context: None)
        stopped: bool = not client.run_tasks()
        facts = [result, updates, fraction, task.error, stopped]
        assert len(facts) == 5
        return list(client.submit_many("f", [1, 2], unique=str))


async def on_a_loop() -> list[int]:
    async with AsyncClient(["127.0.0.1", "unix:/run/geartrain"]) as client:
        result: bytes = await client.do("f", b"x")
        job = await client.submit("f", result)
        updates: list[Update] = [each async for each in job]
        status: JobStatus = await job.status()
        handles: list[str] = [each async for each in client.submit_many("f", [b"1"])]
        assert [await job, updates, status.known, handles]
        return [each async for each in client.map("f", [b"1"], window=5)]


def futures() -> bytes:
    with Executor() as executor:
        result: bytes = executor.submit("f", b"x").result()
        return result


def exact(client: Client) -> None:
    assert_type(client.do("f"), Any)
    assert_type(client.do_low_background("f"), str)
    job = assert_type(client.submit("f"), SubmittedJob)
    assert_type(job.result(), Any)
    assert_type(job.status(), JobStatus)
    assert_type(client.status_by_unique("u"), JobStatus)
    assert_type(client.ping(), float)
    assert_type(client.run_tasks(), bool)
    assert_type(client.submit_many("f", [1]), Iterator[str])
    assert_type(client.map("f", [1]), Iterator[Any])
    client.cancel("H:a:1")
    client.close()


async def exact_on_a_loop(client: AsyncClient) -> None:
    assert_type(await client.do("f"), Any)
    assert_type(await client.do_low_background("f"), str)
    job = assert_type(await client.submit("f"), AsyncSubmittedJob)
    assert_type(await job.result(), Any)
    assert_type(await job.status(), JobStatus)
    assert_type(await client.status_by_unique("u"), JobStatus)
    assert_type(await client.ping(), float)
    assert_type(await client.run_tasks(), bool)
    assert_type(client.submit_many("f", [1]), AsyncIterator[str])
    assert_type(client.map("f", [1]), AsyncIterator[Any])
    await job.cancel()
    await client.cancel("H:a:1")
    await client.close()
