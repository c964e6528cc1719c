"""Clients of several job servers of which the first hangs."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from geartrain.client import AsyncClient, Client
from geartrain.errors import JobExceptionError, JobTimeoutError
from tests.support.raw_workers import complain, reverse, worker
from tests.support.servers import RunningServer, running_geartrain
from tests.support.suspending import suspend


@pytest.fixture
def frozen() -> Iterator[RunningServer]:
    with running_geartrain() as server:
        suspend(server.process)
        yield server
        server.process.send_signal(signal.SIGCONT)


@pytest.fixture
def other() -> Iterator[RunningServer]:
    with (
        running_geartrain() as server,
        worker(server.connect, "f", reverse),
    ):
        yield server


def test_a_call_that_is_not_answered_in_time_sends_the_next_elsewhere(
    frozen: RunningServer, other: RunningServer
) -> None:
    with Client([frozen.address, other.address], timeout=10) as client:
        with pytest.raises(JobTimeoutError):
            client.do_background("f", b"ab", timeout=0.3)
        assert client.do("f", b"ab") == b"ba"


def test_one_that_stays_silent_costs_one_call_its_heartbeat(
    frozen: RunningServer, other: RunningServer
) -> None:
    servers = [frozen.address, other.address]
    with Client(servers, heartbeat=1.0, timeout=10) as client:
        client.do_background("f", b"ab", unique="one")
        began = time.monotonic()
        for _ in range(3):
            assert client.do("f", b"ab") == b"ba"
        assert time.monotonic() - began < 0.9


def test_one_that_goes_on_is_the_first_again(
    frozen: RunningServer, other: RunningServer
) -> None:
    with Client([frozen.address, other.address], timeout=10) as client:
        with pytest.raises(JobTimeoutError):
            client.do_background("f", b"1", timeout=0.3)
        frozen.process.send_signal(signal.SIGCONT)
        # The answer that is late counts as one.
        time.sleep(0.7)
        with (
            worker(frozen.connect, "f", complain),
            pytest.raises(JobExceptionError),
        ):
            client.do("f", b"ab")


def test_the_same_of_coroutines(frozen: RunningServer, other: RunningServer) -> None:
    async def late(client: AsyncClient) -> None:
        with pytest.raises(JobTimeoutError):
            await client.do_background("f", b"ab", timeout=0.3)
        assert await client.do("f", b"ab") == b"ba"

    async def silent(client: AsyncClient) -> None:
        await client.do_background("f", b"ab", unique="one")
        began = time.monotonic()
        for _ in range(3):
            assert await client.do("f", b"ab") == b"ba"
        assert time.monotonic() - began < 0.9

    async def both() -> None:
        servers = [frozen.address, other.address]
        async with AsyncClient(servers, timeout=10) as client:
            await late(client)
        async with AsyncClient(servers, heartbeat=1.0, timeout=10) as client:
            await silent(client)

    asyncio.run(both())
