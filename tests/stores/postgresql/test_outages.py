"""A PostgreSQL store whose server goes away, comes back, or forgets to answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import StoreError
from geartrain.stores.base import ServerAwayError
from geartrain.stores.memory import MemoryStore
from geartrain.stores.postgresql import store as store_module
from geartrain.stores.postgresql.ownership import LeaseLostError, Ownership
from geartrain.stores.postgresql.session import (
    DatabaseSession,
    SessionLostError,
    Unanswered,
)
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, keyed, numbers, record

COVERS = ("stores/postgresql/transaction",)

Opened = Callable[..., PostgresqlStore]

_END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'geartrain'"
)


def test_a_commit_waits_for_a_server_that_restarts(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    store.commit(batch(record(1, b"before")))
    server.kill()
    for _ in range(2):
        with pytest.raises(ServerAwayError):
            store.probe(Health())
    restart = threading.Timer(0.5, server.start)
    restart.start()
    store.commit(batch(record(2), ended=[1]))
    restart.join()
    assert numbers(store) == [2]


def test_what_a_database_has_lost_is_read_anew(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    store.commit(batch(record(1)))
    tables = ("job", "tally")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE older_{table} AS TABLE geartrain.{table}")
        store.commit(batch(ended=[1]))
        # As a standby that lagged behind has them, when it is promoted.
        for table in tables:
            connection.execute(f"TRUNCATE geartrain.{table} CASCADE")
            connection.execute(f"INSERT INTO geartrain.{table} TABLE older_{table}")
    server.kill()
    server.start()
    with pytest.raises(LeaseLostError, match="has lost what it had confirmed"):
        store.commit(batch(record(2)))
    assert store.is_lost
    assert "older copy" in store.why_lost
    store.close()
    assert numbers(opened()) == [1]


def test_tables_that_are_made_again_are_not_taken_for_those_of_before(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    store.commit(batch(record(1)))
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA geartrain CASCADE")
    other = PostgresqlStore(server.url(), "disk")
    other.identity = b"other"
    other.open()
    # Both are the first node of tables, with the first lane.
    with pytest.raises(LeaseLostError):
        store.commit(batch(record(2)))
    store.close()
    other.commit(batch(record(3)))
    assert numbers(other) == [3]
    other.close()


def test_connections_that_end_at_any_time_lose_and_double_nothing(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    is_over = threading.Event()

    def disturb() -> None:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            while not is_over.wait(random.uniform(0.05, 0.4)):
                connection.execute(_END_ALL)

    thread = threading.Thread(target=disturb)
    thread.start()
    expected = MemoryStore()
    expected.open()
    try:
        for start in range(1, 1001, 20):
            every = range(start, start + 20)
            ended = range(start - 40, start - 30)
            for each in (store, expected):
                added = [keyed(n, b"%d" % (n % 700), is_tentative=True) for n in every]
                each.commit(batch(*added, ended=ended))
    finally:
        is_over.set()
        thread.join()
    store.close()
    assert numbers(opened()) == numbers(expected)


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_commit_that_is_not_answered_is_made_once(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    store = opened()
    store.commit(batch(record(1)))
    send = DatabaseSession.send
    failed: list[str] = []

    def lose(self: DatabaseSession, text: str, *values: object) -> Unanswered:
        if text == "COMMIT" and not failed:
            failed.append(text)
            if is_sent:
                send(self, text)
            self.connection.close()
        return send(self, text, *values)

    monkeypatch.setattr(DatabaseSession, "send", lose)
    added = keyed(2, b"k", is_tentative=True)
    store.commit(batch(added, ended=[1]))
    assert failed == ["COMMIT"]
    assert added.twin == 0
    assert numbers(store) == [2]


def test_a_commit_before_the_end_of_a_connection_that_looks_alive_is_made_once(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    send = DatabaseSession.send
    failed: list[str] = []

    def lose(self: DatabaseSession, text: str, *values: object) -> Unanswered:
        sent = send(self, text, *values)
        if text == "COMMIT" and not failed:
            failed.append(text)
            self.sync()
            server.ask(_END_ALL)
            send(self, "SELECT 1")
            self.sync()
        return sent

    monkeypatch.setattr(DatabaseSession, "send", lose)
    monkeypatch.setattr(DatabaseSession, "is_lost", lambda self: False)
    store.commit(batch(record(1)))
    assert failed == ["COMMIT"]
    assert numbers(store) == [1]


@pytest.mark.parametrize("is_sent", [False, True])
def test_jobs_that_were_refused_do_not_come_back(
    server: PostgresqlServer,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    is_sent: bool,
) -> None:
    store = opened()
    monkeypatch.setattr(store_module, "_PATIENCE", 0.0)
    send = DatabaseSession.send

    def lose(self: DatabaseSession, text: str, *values: object) -> Unanswered:
        if text == "COMMIT":
            if is_sent:
                send(self, text)
            self.connection.close()
        return send(self, text, *values)

    with monkeypatch.context() as losing:
        losing.setattr(DatabaseSession, "send", lose)
        with pytest.raises(SessionLostError):
            store.commit(batch(record(1), record(2)))
    store.commit(batch(record(3), record(2, b"again")))
    assert numbers(store) == [2, 3]


def test_a_server_that_is_away_is_told_and_found_again(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    monkeypatch.setattr(store_module, "_PATIENCE", 0.3)
    server.kill()
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"refused|closed|terminat"):
        store.commit(batch(record(1)))
    with pytest.raises(StoreError):
        store.probe(Health())
    monkeypatch.setattr(store_module, "_PATIENCE", 60.0)
    with pytest.raises(StoreError):
        store.commit(batch(record(1)))
    assert time.monotonic() - began < 30
    server.start()
    store.probe(Health())
    store.commit(batch(record(2)))
    assert numbers(store) == [2]


@pytest.mark.parametrize(
    "spoils",
    ["SET default_transaction_read_only = on", "DEALLOCATE ALL"],
    ids=["takes no writes", "what was prepared is gone"],
)
def test_a_connection_of_no_use_any_more_is_left(opened: Opened, spoils: str) -> None:
    store = opened()
    for number in range(1, 4):
        store.commit(batch(keyed(number, b"%d" % number, is_tentative=True)))
    session = store._session
    assert session is not None
    # The statements of commits are planned once for each connection.
    count = "SELECT count(*) > 5 FROM pg_prepared_statements"
    assert session.ask(count) == [(True,)]
    session.send(f"DO $$BEGIN EXECUTE '{spoils}'; END$$")
    store.commit(batch(keyed(4, b"4", is_tentative=True), ended=[1]))
    assert numbers(store) == [2, 3, 4]


def test_a_table_that_was_changed_meanwhile_is_read(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    store.probe(Health())
    server.ask("ALTER TABLE geartrain.node ALTER name TYPE varchar(200)")
    try:
        with pytest.raises(StoreError, match="cached plan"):
            store.probe(Health())
        store.probe(Health())
    finally:
        server.ask("ALTER TABLE geartrain.node ALTER name TYPE text")


def test_what_is_done_after_a_commit_cannot_undo_it(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    look = Ownership.has_heirs
    lost: list[DatabaseSession] = []

    def lose(self: Ownership, session: DatabaseSession) -> bool:
        if not lost:
            lost.append(session)
            session.connection.close()
        return look(self, session)

    monkeypatch.setattr(Ownership, "has_heirs", lose)
    store._looked = 0.0
    added = keyed(2, b"k", is_tentative=True)
    store.commit(batch(record(1), added))
    assert lost
    assert added.twin == 0
    assert numbers(store) == [1, 2]


def test_a_table_that_somebody_has_locked_is_waited_for_a_while(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    session = store._session
    assert session is not None
    assert session.ask("SHOW lock_timeout") == [("10s",)]
    session.send("SET lock_timeout = '100ms'")
    with psycopg.connect(server.url()) as other:
        other.execute("LOCK TABLE geartrain.job")
        with pytest.raises(StoreError, match="lock timeout"):
            store.commit(batch(record(1)))
    store.commit(batch(record(2)))
    assert numbers(store) == [2]


def test_a_server_that_does_not_answer_is_given_up(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    monkeypatch.setattr(store_module, "_PATIENCE", 0.1)
    with psycopg.connect(server.url()) as other:
        other.execute("LOCK TABLE geartrain.job")
        timer = threading.Timer(0.5, store.hang_up)
        timer.start()
        with pytest.raises(SessionLostError):
            store.commit(batch(record(1)))
        timer.join()
    store.commit(batch(record(2)))
    assert numbers(store) == [2]
