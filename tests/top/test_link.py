"""A connection that is asked without being waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from geartrain.admin import Admin
from geartrain.errors import AdminError, RefusedError
from geartrain.top.link import Link
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector
from tests.support.servers import RunningServer, free_port
from tests.support.suspending import suspend


def link_to(address: str) -> Link:
    return Link(SocketConnector(parse_address(address)))


def test_answers_come_in_order_on_one_connection(server: RunningServer) -> None:
    async def main() -> None:
        link = link_to(server.address)
        versions = await asyncio.gather(
            *(link.ask(lambda admin: (id(admin), admin.version())) for _ in range(5))
        )
        link.close()
        assert len(set(versions)) == 1

    asyncio.run(main())


def test_a_refusal_leaves_the_connection_as_it_is(server: RunningServer) -> None:
    async def main() -> None:
        link = link_to(server.address)
        first = await link.ask(id)
        with pytest.raises(RefusedError):
            await link.ask(lambda admin: admin.command("nonsense"))
        assert await link.ask(id) == first
        link.close()

    asyncio.run(main())


def test_after_a_loss_the_next_question_connects_anew(server: RunningServer) -> None:
    def lose(admin: Admin) -> None:
        admin.close()
        admin.version()

    async def main() -> None:
        link = link_to(server.address)
        with pytest.raises(AdminError):
            await link.ask(lose)
        assert "geartrain" in await link.ask(Admin.version)
        link.close()

    asyncio.run(main())


def test_where_nobody_listens_each_question_says_so() -> None:
    async def main() -> None:
        link = link_to(f"127.0.0.1:{free_port()}")
        for _ in range(2):
            with pytest.raises(AdminError, match="no job server answers"):
                await link.ask(Admin.version)
        link.close()

    asyncio.run(main())


def test_the_event_loop_goes_on_while_a_server_hangs(fresh: RunningServer) -> None:
    async def main() -> None:
        link = link_to(fresh.address)
        await link.ask(Admin.version)
        suspend(fresh.process)
        try:
            begun = time.monotonic()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(link.ask(Admin.version), 0.3)
            assert time.monotonic() - begun < 3
        finally:
            os.kill(fresh.process.pid, signal.SIGCONT)
        assert "geartrain" in await link.ask(Admin.version)
        link.close()

    asyncio.run(main())
