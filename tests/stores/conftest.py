"""A store of its own for each test: of every kind, or a SQLite one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.stores.base import Store
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.shared_servers import MEMCACHED, REDIS, stop_servers
from tests.support.store_kinds import KINDS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(str(path), "disk")) as opened:
        opened.open()
        yield opened


@pytest.fixture(params=KINDS)
def make(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], Store]]:
    """Return what makes one and the same store of any kind, not yet open."""
    yield lambda: KINDS[request.param](str(tmp_path / "store"))
    # Their stores would fill the memory; other kinds empty theirs themselves.
    REDIS.empty()
    MEMCACHED.empty()


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    yield
    stop_servers()


@pytest.fixture
def any_store(make: Callable[[], Store]) -> Iterator[Store]:
    with closing(make()) as opened:
        opened.open()
        yield opened
