"""What a PostgreSQL store connects to: poolers, standbys, and one that fails over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress

import psycopg
import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import StoreError
from geartrain.stores.postgresql.location import check_location, read_location
from geartrain.stores.postgresql.session import DatabaseSession
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.databases import program, start
from tests.support.postgresql_servers import PostgresqlServer, running_standby
from tests.support.servers import free_port, stop
from tests.support.store_records import (
    batch,
    found_by_key,
    keyed,
    numbers,
    page,
    record,
    values,
)
from tests.support.waiting import wait_until


@contextmanager
def pgbouncer(server: PostgresqlServer) -> Iterator[str]:
    """Run PgBouncer in transaction mode; return the URL of a store behind it."""
    port = free_port()
    command = program("pgbouncer", "pgbouncer")
    configuration = server.folder / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={server.port} user=jobs\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        "unix_socket_dir =\n"
    )
    folder = server.folder / "pgbouncer"
    folder.mkdir(exist_ok=True)
    process = start([command, str(configuration)], folder)
    url = server.url().replace(str(server.port), str(port))
    try:
        wait_until(lambda: _answers(url))
        yield url
    finally:
        stop(process)


def test_a_node_behind_a_unix_socket_is_on_this_machine(
    server: PostgresqlServer,
) -> None:
    url = f"postgresql:///postgres?host={server.folder}&port={server.port}&user=jobs"
    with closing(PostgresqlStore(url, "disk")) as store:
        store.address = "*:7003"
        store.open()
        health = Health()
        store.probe(health)
        assert [each.address for each in health.nodes] == ["127.0.0.1:7003"]


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_pooler_is_noticed_and_used(server: PostgresqlServer) -> None:
    with (
        pgbouncer(server) as url,
        closing(PostgresqlStore(url, "disk")) as store,
        # Takes the other server process, so that neither is the store's alone.
        # Nothing is prepared: another server process would not know of it.
        psycopg.connect(url, prepare_threshold=None) as other,
    ):
        store.open()
        for first in range(1, 301, 10):
            other.execute("SELECT 1")
            jobs = [
                keyed(n, b"%d" % n, is_tentative=True) for n in range(first, first + 10)
            ]
            twin = keyed(1000 + first, b"%d" % first, is_tentative=True)
            store.commit(batch(*jobs, ended=range(first - 20, first - 15)))
            other.commit()
            store.commit(batch(twin, record(2000 + first, b"x" * 100)))
            assert twin.twin == first
            assert found_by_key(store, b"%d" % first) == first
        assert len(page(store)) == len(values(store))
        health = Health()
        store.probe(health)
        assert "synchronous_commit=on" in health.durability
        store.close()
        store.open()
        assert len(numbers(store)) == 330 - 5 * 28


def test_a_statement_that_was_not_planned_because_of_another_is_planned_later(
    server: PostgresqlServer,
) -> None:
    session = DatabaseSession(read_location(server.url()), "disk")
    with closing(session.connection):
        for number in range(10):
            with suppress(psycopg.errors.DivisionByZero), session.pipeline():
                session.send("BEGIN")
                session.send("SELECT 1 / 0")
                session.send("SELECT %s + 2", number)
            session.roll_back()
            assert session.ask("SELECT %s + 2", number) == [(number + 2,)]


@pytest.mark.parametrize("is_pooled", [False, True])
def test_statements_are_planned_once_unless_there_is_a_pooler(
    server: PostgresqlServer, is_pooled: bool
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(pgbouncer(server)) if is_pooled else server.url()
        session = DatabaseSession(read_location(url), "disk")
        stack.callback(session.close)
        for number in range(10):
            assert session.ask("SELECT %s + 1", number) == [(number + 1,)]
        prepared = session.ask(
            "SELECT statement FROM pg_prepared_statements"
            " WHERE statement LIKE %s::text",
            "SELECT $1 + 1%",
        )
        assert len(prepared) == (0 if is_pooled else 1)


@pytest.mark.parametrize("is_pooled", [False, True])
def test_a_user_s_defaults_are_not_ours(
    server: PostgresqlServer, is_pooled: bool
) -> None:
    server.ask("ALTER USER jobs SET default_transaction_isolation = 'serializable'")
    server.ask("ALTER USER jobs SET statement_timeout = '1min'")
    server.ask("ALTER USER jobs SET idle_session_timeout = '1min'")
    try:
        with (
            pgbouncer(server) if is_pooled else nullcontext(server.url()) as url,
            closing(PostgresqlStore(url, "disk")) as store,
        ):
            store.open()
            session = store._session
            assert session is not None
            transaction = store._transaction(session)
            transaction._begin()
            assert session.ask("SHOW transaction_isolation") == [("read committed",)]
            assert session.ask("SHOW statement_timeout") == [("0",)]
            # What a pooler does with a connection that it keeps is its own affair.
            idle = "1min" if is_pooled else "0"
            assert session.ask("SHOW idle_session_timeout") == [(idle,)]
            session.roll_back()
    finally:
        server.ask("ALTER USER jobs RESET ALL")


def test_names_are_text_whatever_the_encoding_is(server: PostgresqlServer) -> None:
    server.ask(
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        " TEMPLATE template0"
    )
    url = server.url().replace("/postgres", "/ascii")
    stores = [PostgresqlStore(url, "disk") for _ in range(2)]
    with closing(stores[0]), closing(stores[1]):
        for each, name in zip(stores, ("jobs1", "żółw"), strict=True):
            each.node = name
            each.open()
        health = Health()
        stores[0].probe(health)
        assert [each.name for each in health.nodes] == ["jobs1", "żółw"]


def test_a_standby_is_refused_and_found_after_a_failover() -> None:
    primary = PostgresqlServer()
    primary.start()
    try:
        with running_standby(primary) as standby:
            with pytest.raises(StoreError, match="is a standby"):
                PostgresqlStore(standby.url(), "disk").open()
            both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            url = check_location(f"postgresql://jobs@{both}/postgres")
            with closing(PostgresqlStore(url, "disk")) as store:
                store.open()
                health = Health()
                store.probe(health)
                assert "1 synchronous standbys" in health.durability
                store.commit(batch(record(1)))
                primary.kill()
                standby.ask("SELECT pg_promote()")
                store.commit(batch(record(2), ended=[1]))
                assert numbers(store) == [2]
    finally:
        primary.stop()


def test_a_server_that_is_not_there_is_named() -> None:
    url = f"postgresql://jobs:s3cret@127.0.0.1:{free_port()}/postgres"
    with pytest.raises(StoreError, match="Connection refused") as raised:
        PostgresqlStore(url, "disk").open()
    assert "s3cret" not in str(raised.value)


def test_libpqs_variables_count(
    server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGUSER", "jobs")
    monkeypatch.setenv("PGDATABASE", "postgres")
    with closing(PostgresqlStore("postgresql://", "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        assert numbers(store) == [1]
