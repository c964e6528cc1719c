"""Job servers with a store, for tests: a fresh one, and one that tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.servers import RunningServer, running_geartrain

__all__ = ["fresh", "server", "shared"]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningServer]:
    """Run a job server for one test."""
    with running_geartrain("--store", f"sqlite://{tmp_path}/q.db") as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a job server for the tests of a module that leave nothing in it."""
    path = tmp_path_factory.mktemp("shared") / "q.db"
    with running_geartrain("--store", f"sqlite://{path}") as running:
        yield running


@pytest.fixture
def server(shared: RunningServer) -> Iterator[RunningServer]:
    """Lend the shared job server, and empty it after the test."""
    yield shared
    with Admin(shared.address) as admin:
        for row in list(admin.jobs()):
            admin.cancel(row.handle)
        for _ in admin.dead_drop_each(row.handle for row in admin.dead_list()):
            pass
        for line in admin.command("show schedules"):
            admin.cancel(line.partition("\t")[0])
