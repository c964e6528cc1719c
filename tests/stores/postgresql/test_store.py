"""What a PostgreSQL store keeps, how safely, and what it tells of that."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import StoreError
from geartrain.stores.postgresql.looking import look
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, burials, keyed, numbers, page, record

COVERS = (
    "stores/postgresql/arrays",
    "stores/postgresql/endings",
    "stores/postgresql/expiry",
    "stores/postgresql/insertion",
    "stores/postgresql/jobs",
    "stores/postgresql/keys",
    "stores/postgresql/looking",
    "stores/postgresql/reading",
    "stores/postgresql/results",
)

Opened = Callable[..., PostgresqlStore]


def test_the_size_and_the_durability_are_told(opened: Opened) -> None:
    health = Health()
    opened().probe(health)
    assert health.location.startswith("postgresql://jobs@127.0.0.1:")
    assert "synchronous_commit=on" in health.durability
    assert health.size is not None
    assert health.size > 50_000


def test_what_the_server_would_lose_is_refused() -> None:
    fast = PostgresqlServer("fsync=off", "synchronous_commit=off")
    fast.start()
    try:
        with pytest.raises(StoreError, match=r"fsync=off.*--durability os"):
            PostgresqlStore(fast.url(), "disk").open()
        with closing(PostgresqlStore(fast.url(), "os")) as store:
            store.open()
            store.commit(batch(record(1)))
        with pytest.raises(StoreError, match="fsync=off"):
            look(fast.url(), "disk")
    finally:
        fast.stop()


def test_a_session_sets_synchronous_commit_on(
    server: PostgresqlServer, opened: Opened
) -> None:
    server.ask("ALTER USER jobs SET synchronous_commit = off")
    try:
        health = Health()
        store = opened()
        store.probe(health)
        assert "synchronous_commit=on" in health.durability
        session = store._session
        assert session is not None
        assert session.ask("SHOW synchronous_commit") == [("on",)]
    finally:
        server.ask("ALTER USER jobs RESET synchronous_commit")


def test_doubles_are_looked_for_as_long_as_there_are_some(opened: Opened) -> None:
    store = opened()
    store.commit(batch(keyed(1, b"a"), keyed(2, b"a")))
    store.commit(batch(ended=[1]))
    third = keyed(3, b"a", is_tentative=True)
    store.commit(batch(third))
    assert third.twin == 2
    store.commit(batch(ended=[2]))
    store.probe(Health())
    fourth = keyed(4, b"a", is_tentative=True)
    store.commit(batch(fourth))
    assert fourth.twin == 0


def test_a_name_that_no_index_takes_is_refused_alone(opened: Opened) -> None:
    store = opened()
    longest, longer = random.randbytes(2048), random.randbytes(2049)
    made = batch(record(1), keyed(2, b"u", longer), keyed(3, b"u", longest))
    made.added[2].queue_key = random.randbytes(255)
    store.commit(made)
    assert made.refusals == {
        2: "PostgreSQL indexes names of up to 2048 bytes, and the name of this function"
        " has 2049"
    }
    assert numbers(store) == [1, 3]


def test_counts_are_summed_up_and_stay(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, server: PostgresqlServer
) -> None:
    monkeypatch.setattr("geartrain.stores.postgresql.transaction._FOLD_AFTER", 5)
    store = opened()
    for number in range(1, 31):
        store.commit(batch(record(number), ended=[number - 3]))
        if number % 4 == 0:
            store.commit(burials(number))
    store.close()
    ((rows,),) = server.ask("SELECT count(*) FROM geartrain.tally")
    assert isinstance(rows, int)
    assert rows < 25
    again = PostgresqlStore(server.url(), "disk")
    with closing(again):
        (queue,) = again.open().queues
        assert (queue.ready, queue.delayed, queue.dead) == (2, 0, 1)


def test_a_dead_row_in_front_of_a_page_costs_nothing(opened: Opened) -> None:
    store = opened()
    store.commit(batch(*map(record, range(1, 501))))
    store.commit(batch(ended=range(1, 500)))
    assert [each.number for each in page(store, after=499)] == [500]


def test_a_database_is_looked_at_while_it_is_in_use(
    server: PostgresqlServer, opened: Opened
) -> None:
    opened()
    said = look(server.url(), "disk")
    assert "synchronous_commit=on" in said
    assert said.startswith("postgresql://jobs@")
