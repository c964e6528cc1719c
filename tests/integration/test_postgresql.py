"""A job server whose PostgreSQL is killed and started again while clients submit."""

from __future__ import annotations

import threading
import time

import pytest

from geartrain.admin import Admin
from geartrain.client import Client
from geartrain.errors import GeartrainError
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


class Submitter(threading.Thread):
    """A client that submits until told to end, and knows what was acknowledged."""

    def __init__(self, server: RunningServer, name: str) -> None:
        super().__init__()
        self.address = server.address
        self.handles: dict[str, str] = {}
        self.refused = 0
        self.is_over = threading.Event()
        self._prefix = name

    def run(self) -> None:
        number = 0
        with Client([self.address]) as client:
            while not self.is_over.is_set():
                number += 1
                unique = f"{self._prefix}-{number}"
                try:
                    handle = client.submit("work", b"w", background=True, unique=unique)
                except GeartrainError:
                    self.refused += 1
                    time.sleep(0.05)
                else:
                    self.handles[unique] = str(handle)


def await_more(clients: list[Submitter]) -> None:
    """Return once twenty more submissions were acknowledged."""

    def count() -> int:
        return sum(len(each.handles) for each in clients)

    before = count()
    wait_until(lambda: count() > before + 20)


def waiting(server: RunningServer) -> int:
    with Admin(server.address) as admin:
        return sum(row.waiting for row in admin.functions())


def test_nothing_acknowledged_is_lost_with_a_database_that_is_killed(
    database: PostgresqlServer,
) -> None:
    database.empty()
    with running_geartrain("--store", database.url()) as server:
        clients = [Submitter(server, f"c{place}") for place in range(3)]
        for each in clients:
            each.start()
        for _ in range(3):
            await_more(clients)
            database.kill()
            time.sleep(0.3)
            database.start()
        await_more(clients)
        for each in clients:
            each.is_over.set()
        for each in clients:
            each.join()
        acknowledged = sum(len(each.handles) for each in clients)
        assert sum(each.refused for each in clients) == 0
        assert waiting(server) == acknowledged
        server.process.kill()
        server.process.wait()
    with running_geartrain("--store", database.url()) as server:
        assert waiting(server) == acknowledged
        with Admin(server.address) as admin:
            row = admin.store()
        assert row.store == database.url()
        assert row.durability is not None
        assert "synchronous_commit=on" in row.durability
