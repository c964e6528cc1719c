"""Calls whose function no worker has: both faces say so at once."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from geartrain.errors import JobTimeoutError, NoWorkerError, OptionError
from tests.support.client_faces import Face
from tests.support.raw_workers import reverse, worker

LOGGER = "geartrain.client"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == LOGGER]


def test_a_warning_is_logged_once_for_a_function(
    face: Face, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(client: Any) -> None:
        for _ in range(2):
            with pytest.raises(JobTimeoutError):
                await client.do(function, b"x", timeout=0.3)
        job = await client.submit(function, b"abc", unique=b"u")
        with worker(face.place.connect, function, reverse):
            assert await job.result() == b"cba"
        await client.do_background(f"{function}.background", b"x")

    with caplog.at_level(logging.WARNING, LOGGER):
        face.run(scenario)
    said = warnings(caplog)
    if face.place.is_geartrain:
        assert len(said) == 1
        assert said[0].startswith(f"{function}: job H:")
        assert f" waits: no worker has the function '{function}'" in said[0]
    else:
        assert said == []


def test_it_fails_at_once_if_that_is_wanted(face: Face, function: str) -> None:
    if not face.place.is_geartrain:
        pytest.skip("only Geartrain tells")

    async def scenario(client: Any) -> None:
        for call in (client.do, client.do_high, client.submit):
            with pytest.raises(NoWorkerError, match=f"has the function '{function}'"):
                await call(function, b"x")
        with pytest.raises(NoWorkerError):
            async for _ in client.map(function, [b"x", b"y"]):
                pass
        handle = await client.do_background(function, b"abc")
        assert (await client.status(handle)).known
        with worker(face.place.connect, function, reverse):
            while (await client.status(handle)).known:
                await asyncio.sleep(0.01)
            assert await client.do(function, b"abc") == b"cba"

    face.run(scenario, fail_without_worker=True)


@pytest.mark.parametrize("usual", [None, False])
def test_it_may_be_wanted_for_one_job(
    face: Face, function: str, usual: bool | None, caplog: pytest.LogCaptureFixture
) -> None:
    if not face.place.is_geartrain:
        pytest.skip("only Geartrain tells")

    async def scenario(client: Any) -> None:
        for call in (client.do, client.do_high, client.do_low, client.submit):
            with pytest.raises(NoWorkerError):
                await call(function, b"x", unique=b"u", fail_without_worker=True)
        with pytest.raises(NoWorkerError):
            async for _ in client.map(function, [b"x"], fail_without_worker=True):
                pass
        task = client.add_task(function, b"x", fail_without_worker=True)
        assert await client.run_tasks()
        assert isinstance(task.error, NoWorkerError)
        with pytest.raises(OptionError, match="in the background waits"):
            await client.submit(
                function, b"x", background=True, fail_without_worker=True
            )
        assert not warnings(caplog)
        # The next job has what is usual for the client.
        job = await client.submit(function, b"abc")
        headed = await client.submit(
            function, b"ab", headers={"a": "b"}, fail_without_worker=False
        )
        with worker(face.place.connect, function, reverse):
            assert (await job.result(), await headed.result()) == (b"cba", b"ba")

    with caplog.at_level(logging.WARNING, LOGGER):
        face.run(scenario, fail_without_worker=usual)
    assert len(warnings(caplog)) == 1


def test_one_job_may_wait_where_others_fail(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        job = await client.submit(function, b"abc", fail_without_worker=False)
        if face.place.is_geartrain:
            with pytest.raises(NoWorkerError):
                await client.do(function, b"x")
        with worker(face.place.connect, function, reverse):
            assert await job.result() == b"cba"

    face.run(scenario, fail_without_worker=True)
