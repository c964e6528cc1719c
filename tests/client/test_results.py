"""Results of jobs that were submitted before, by both faces, with Geartrain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from geartrain import Client
from geartrain.admin import Admin
from geartrain.errors import (
    JobExceptionError,
    JobFailedError,
    JobTimeoutError,
    NoResultError,
    OptionError,
    RefusedError,
    UnknownJobError,
)
from tests.support.client_faces import Face
from tests.support.raw_workers import complain, count, fail, reverse, worker
from tests.support.servers import running_geartrain


@pytest.fixture
def kept(face: Face, function: str) -> str:
    """Return a function whose results are kept."""
    if not face.place.is_geartrain:
        pytest.skip("only Geartrain keeps results")
    keep(face, function)
    return function


def keep(face: Face, function: str, **settings: float) -> None:
    client = Client(face.place.servers, tls=face.place.tls)
    connector = client._servers.connectors[0]
    with Admin(connector) as admin:
        admin.set_policy(function, {"result_ttl": 600, **settings})


def test_a_result_comes_when_the_job_has_ended(face: Face, kept: str) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background(kept, b"abc")
        assert await client.result(handle) == b"cba"
        assert await client.result(handle.encode(), timeout=5) == b"cba"

    with worker(face.place.connect, kept, reverse):
        face.run(scenario)


def test_data_comes_in_front_of_it(face: Face, kept: str) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background(kept, b"abc")
        assert await client.result(handle) == b"abc3"
        assert await client.result(handle) == b"abc3"
        assert await client.result(handle, codec="json") == 3

    with worker(face.place.connect, kept, count):
        face.run(scenario)


def test_it_is_waited_for(face: Face, kept: str) -> None:
    async def scenario(client: Any) -> None:
        handles = [await client.do_background(kept, b"a%d" % n) for n in range(5)]
        with pytest.raises(JobTimeoutError):
            await client.result(handles[0], timeout=0.2)
        with worker(face.place.connect, kept, reverse):
            found = [await client.result(handle) for handle in handles]
            assert found == [(b"a%d" % n)[::-1] for n in range(5)]
        assert await client.ping() < 5

    face.run(scenario)


def test_many_wait_at_once(face: Face, kept: str) -> None:
    if face.name == "blocking":
        pytest.skip("a blocking client waits for one at a time")

    async def scenario(client: Any) -> None:
        handles = [await client.do_background(kept, b"a%d" % n) for n in range(50)]
        waits = [asyncio.create_task(client.result(each)) for each in handles]
        await asyncio.sleep(0.2)
        with worker(face.place.connect, kept, reverse):
            found = await asyncio.gather(*waits)
        assert found == [(b"a%d" % n)[::-1] for n in range(50)]

    face.run(scenario)


def test_a_failure_is_raised(face: Face, kept: str) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background(kept, b"abc")
        with pytest.raises(JobFailedError) as raised:
            await client.result(handle)
        assert raised.value.handle == handle

    with worker(face.place.connect, kept, fail):
        face.run(scenario)


def test_an_exception_is_raised_with_what_was_said(face: Face, kept: str) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background(kept, b"abc")
        for _ in range(2):
            with pytest.raises(JobExceptionError) as raised:
                await client.result(handle)
            assert raised.value.data == b"no such abc"

    with worker(face.place.connect, kept, complain):
        face.run(scenario)


def test_what_is_not_kept_is_told_apart(face: Face, kept: str) -> None:
    keep(face, kept, result_size=2)

    async def scenario(client: Any) -> None:
        handle = await client.do_background(kept, b"abc")
        while (await client.status(handle)).known:
            await asyncio.sleep(0.01)
        with pytest.raises(NoResultError, match="3 bytes, more than result_size"):
            await client.result(handle)
        with pytest.raises(UnknownJobError, match="there is no job 'H:no:99'"):
            await client.result("H:no:99")

    with worker(face.place.connect, kept, reverse):
        face.run(scenario)


@pytest.mark.parametrize("handle", ["", "two words", "a\nb", b"\0", "x" * 1025])
def test_a_handle_that_can_be_none_is_refused(
    face: Face, kept: str, handle: str | bytes
) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(OptionError, match="the handle"):
            await client.result(handle)

    face.run(scenario)


def test_a_job_server_that_is_no_geartrain_is_named(face: Face) -> None:
    if face.place.is_geartrain:
        pytest.skip("about others")

    async def scenario(client: Any) -> None:
        handle = await client.do_background("nobody", b"x")
        with pytest.raises(RefusedError, match="no Geartrain"):
            await client.result(handle)
        assert (await client.status(handle)).known

    face.run(scenario)


def test_of_several_job_servers_the_one_that_knows_it_is_asked() -> None:
    with running_geartrain() as one, running_geartrain() as two:
        with Admin(two.address) as admin:
            admin.set_policy("f", {"result_ttl": 60})
        with Client(two.address) as client:
            # Both give the same handles, so this has to be another number.
            client.do_background("other", b"x")
            handle = client.do_background("f", b"abc")
        with (
            worker(two.connect, "f", reverse),
            Client([one.address, two.address], timeout=10) as client,
        ):
            assert client.result(handle) == b"cba"


def test_it_is_there_after_the_job_server_was_killed(tmp_path: Any) -> None:
    store = f"sqlite://{tmp_path}/q.db"
    with running_geartrain("--store", store) as first, Client(first.address) as client:
        with Admin(first.address) as admin:
            admin.set_policy("f", {"result_ttl": 60})
        done = client.do_background("f", b"abc")
        with worker(first.connect, "f", reverse):
            assert client.result(done, timeout=20) == b"cba"
        waiting = client.do_background("f", b"def")
        # Its batch has been committed: what gathers is committed within 10 ms.
        assert client.result(done, timeout=20) == b"cba"
        first.process.kill()
    with running_geartrain("--store", store) as second, Client(second.address) as again:
        assert again.result(done, timeout=20) == b"cba"
        with pytest.raises(JobTimeoutError):
            again.result(waiting, timeout=0.2)
