"""A real server that the tests of the PostgreSQL store break and mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from geartrain.stores.postgresql import store as store_module
from geartrain.stores.postgresql.location import check_location
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer


@pytest.fixture
def server(database: PostgresqlServer) -> PostgresqlServer:
    database.empty()
    return database


@pytest.fixture
def opened(server: PostgresqlServer) -> Iterator[Callable[..., PostgresqlStore]]:
    """Return what makes and opens a store in the server."""
    with ExitStack() as stack:

        def make(options: str = "", durability: str = "disk") -> PostgresqlStore:
            url = check_location(server.url(options))
            store = stack.enter_context(closing(PostgresqlStore(url, durability)))
            store.open()
            return store

        yield make


@pytest.fixture
def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a store look at each commit for what it else looks for now and then."""
    monkeypatch.setattr(store_module, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(store_module, "_FREE_EVERY", 0.0)
