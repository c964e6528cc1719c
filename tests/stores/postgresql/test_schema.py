"""The tables that a PostgreSQL store makes, and those that it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import chain

import psycopg
import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import StoreError
from geartrain.stores.postgresql import schema as schema_module
from geartrain.stores.postgresql.schema import MIGRATIONS, VERSION
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, numbers, record, schedule

Opened = Callable[..., PostgresqlStore]


def test_two_schemas_are_two_stores(opened: Opened) -> None:
    one, other = opened(), opened("?schema=other")
    one.commit(batch(record(1)))
    assert (numbers(one), numbers(other)) == ([1], [])


def test_tables_of_a_later_version_are_left_alone(
    server: PostgresqlServer, opened: Opened
) -> None:
    opened("?schema=later").close()
    server.ask("UPDATE later.version SET geartrain = geartrain + 1")
    with pytest.raises(StoreError, match=f"version {VERSION + 1}, .* upgrade it"):
        opened("?schema=later")


@pytest.mark.parametrize("version", range(1, VERSION))
def test_tables_of_an_earlier_version_are_brought_up_to_date(
    server: PostgresqlServer, opened: Opened, version: int
) -> None:
    schema = f"v{version}"
    place = "address" if version == 1 else "host"
    for statement in (
        f"DROP SCHEMA IF EXISTS {schema} CASCADE",
        f"CREATE SCHEMA {schema}",
        "CREATE TABLE @version(geartrain integer NOT NULL)",
        f"INSERT INTO @version VALUES ({version})",
        *chain(*MIGRATIONS[:version]),
        f"INSERT INTO @node(name, {place}, process, lease_until)"
        " VALUES ('old', 'there', 'elsewhere 1 1', now() + interval '1 h')",
        "INSERT INTO @lane(id, node) VALUES (1, 1)",
    ):
        server.ask(statement.replace("@", f"{schema}."))
    store, health = opened(f"?schema={schema}"), Health()
    store.commit(batch(record(1)))
    assert numbers(store) == [1]
    store.probe(health)
    old, new = health.nodes
    assert (old.name, new.is_self) == ("old", True)
    # Where a node runs is no address to reach it at.
    assert (old.host, old.address) == ("there", "")


def test_who_is_at_work_goes_on_while_a_later_version_adds_to_the_tables(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened("?schema=upgraded")
    store.commit(batch(record(1)))
    tables = ("node", "lane", "job", "tally", "entry", "schedule", "result", "ending")
    for table in tables:
        server.ask(f"ALTER TABLE upgraded.{table} ADD COLUMN later int DEFAULT 7")
    server.ask("UPDATE upgraded.version SET geartrain = geartrain + 1")
    store.commit(
        batch(record(2), schedules=[schedule(7)], entries={(b"a", b"b"): b"c"})
    )
    store.commit(batch(record(3), ended=[1]))
    assert numbers(store) == [2, 3]


def test_a_migration_does_not_wait_before_others_for_a_long_transaction(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    later = (*MIGRATIONS, ("ALTER TABLE @node ADD later int",))
    monkeypatch.setattr(schema_module, "MIGRATIONS", later)
    monkeypatch.setattr(schema_module, "VERSION", len(later))
    monkeypatch.setattr(schema_module, "_PATIENCE", "1200ms")
    with psycopg.connect(server.url(), application_name="pg_dump") as backup:
        backup.execute("LOCK TABLE geartrain.node, geartrain.job IN ACCESS SHARE MODE")
        with pytest.raises(StoreError, match=r"long transaction.*\d pg_dump.*again"):
            opened()
        store.commit(batch(record(1)))
    assert numbers(store) == [1]


@pytest.mark.parametrize("table", ["version(v int)", "jobs(id int)"])
def test_tables_of_others_are_left_alone(
    server: PostgresqlServer, opened: Opened, table: str
) -> None:
    server.ask("DROP SCHEMA IF EXISTS theirs CASCADE")
    server.ask("CREATE SCHEMA theirs")
    server.ask(f"CREATE TABLE theirs.{table}")
    with pytest.raises(StoreError, match=r"not Geartrain's .*\?schema=NAME"):
        opened("?schema=theirs")


def test_a_user_who_may_not_make_a_schema_is_told(server: PostgresqlServer) -> None:
    server.ask("DROP ROLE IF EXISTS poor")
    server.ask("CREATE ROLE poor LOGIN")
    url = server.url("?schema=never").replace("jobs@", "poor@")
    with (
        closing(PostgresqlStore(url, "disk")) as store,
        pytest.raises(StoreError, match="permission denied for database"),
    ):
        store.open()
