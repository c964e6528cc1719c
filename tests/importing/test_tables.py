"""Tables that gearmand wrote in MariaDB and PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg
import pymysql
import pytest

from tests.support.databases import PASSWORD, Database, mariadb, postgresql
from tests.support.gearmand_queues import (
    LATER,
    SUBMISSIONS,
    expected,
    gearmand_writes,
    grab_all,
    import_,
    job_server,
    priorities,
)
from tests.support.programs import run
from tests.support.servers import RunningServer, free_port

COVERS = (
    "importing/mysql",
    "importing/postgresql",
)

LATE = [(b"l1", b"later"), (b"l2", b"later too")]
TOTAL = len(SUBMISSIONS) + len(LATE)


@dataclass(frozen=True, kw_only=True)
class Table:
    """gearmand's table in a running database server."""

    name: str
    database: Database
    sql: Callable[..., list[Any]]

    def count(self) -> int:
        return int(self.sql(f"SELECT count(*) FROM {self.name}")[0][0])


def mariadb_sql(port: int) -> Callable[..., list[Any]]:
    def sql(query: str, *values: object) -> list[Any]:
        with (
            pymysql.connect(
                host="127.0.0.1",
                port=port,
                user="gearman",
                password=PASSWORD,
                database="jobs",
                autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, values)
            return list(cursor.fetchall())

    return sql


def postgresql_sql(port: int) -> Callable[..., list[Any]]:
    def sql(query: str, *values: object) -> list[Any]:
        with psycopg.connect(
            f"postgresql://gearman@127.0.0.1:{port}/jobs", autocommit=True
        ) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    return sql


KINDS: dict[str, tuple[Callable[[], AbstractContextManager[Database]], Any, str]] = {
    "MySQL": (mariadb, mariadb_sql, "gearman_queue"),
    "PostgreSQL": (postgresql, postgresql_sql, "queue"),
}


@pytest.fixture(scope="module", params=KINDS)
def running_database(request: pytest.FixtureRequest) -> Iterator[Table]:
    start, sql, name = KINDS[request.param]
    with start() as database:
        yield Table(name=name, database=database, sql=sql(database.port))


@pytest.fixture
def table(running_database: Table) -> Iterator[Table]:
    """Have gearmand fill the table for one test."""
    gearmand_writes(*running_database.database.flags, later=LATE)
    yield running_database
    running_database.sql(f"DROP TABLE {running_database.name}")


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with job_server() as running:
        yield running


def test_jobs_kept_by_gearmand_run_with_all_they_had(
    table: Table, server: RunningServer
) -> None:
    status, counts, err = import_(table.database.url, server)
    assert (status, counts, err) == (0, (TOTAL, TOTAL, 0, 0, 0), "")
    assert priorities(server, b"resize") == (1, 5 + len(LATE), 1)
    assert Counter(grab_all(server)) == expected()
    # Those that are due later are still there.
    assert priorities(server, b"resize") == (0, len(LATE), 0)
    assert table.count() == TOTAL


def test_run_twice_it_adds_nothing_and_deletes_what_was_taken(
    table: Table, server: RunningServer
) -> None:
    assert import_(table.database.url, server)[1] == (TOTAL, TOTAL, 0, 0, 0)
    counts = import_(table.database.url, server, "--delete")[1]
    assert counts == (TOTAL, 0, TOTAL, 0, TOTAL)
    assert table.count() == 0
    assert Counter(grab_all(server)) == expected()


def test_many_rows_are_deleted_while_others_are_read(
    table: Table, server: RunningServer
) -> None:
    table.sql(f"DELETE FROM {table.name}")
    rows: list[object] = []
    for number in range(450):
        rows += [f"ü{number:03}", b"%d" % number]
    values = ", ".join(["(%s, 'many', 1, %s, 0)"] * 450)
    table.sql(f"INSERT INTO {table.name} VALUES {values}", *rows)
    table.sql(
        f"INSERT INTO {table.name} VALUES ('v', 'many', 1, NULL, 0),"
        " ('w', 'many', 9, '', NULL)"
    )
    status, counts, err = import_(table.database.url, server, "--delete")
    assert (status, counts) == (1, (452, 451, 0, 1, 451))
    assert err.endswith(
        "skipped: its priority is 9, not 0 (high), 1 (normal) or 2 (low)\n"
    )
    assert table.sql(f"SELECT unique_key FROM {table.name}")[0][0] == "w"
    jobs = {
        (b"many", f"ü{number:03}".encode(), b"%d" % number) for number in range(450)
    }
    assert set(grab_all(server, b"many")) == jobs | {(b"many", b"v", b"")}


def test_rows_that_cannot_be_told_apart_are_not_deleted(
    table: Table, server: RunningServer
) -> None:
    twins = f"{table.name}_twins"
    table.sql(f"CREATE TABLE {twins} AS SELECT * FROM {table.name}")
    table.sql(f"INSERT INTO {twins} SELECT * FROM {table.name} WHERE unique_key = ''")
    flags = ("--table", twins)
    status, _, err = run(
        "geartrain",
        "import",
        table.database.url,
        *flags,
        "--delete",
        "--server",
        server.address,
    )
    assert status == 1
    assert err == (
        f"geartrain: table '{twins}' has several rows of one unique_key and"
        " function_name: --delete cannot tell them apart, import without it\n"
    )
    for coalesced in (0, TOTAL + 1):
        counts = import_(table.database.url, server, *flags)[1]
        assert counts == (TOTAL + 1, TOTAL + 1 - coalesced, coalesced, 0, 0)
    table.sql(f"DROP TABLE {twins}")


def test_a_table_from_before_epochs_is_read(
    table: Table, server: RunningServer
) -> None:
    table.sql(f"DELETE FROM {table.name} WHERE when_to_run = %s", LATER)
    table.sql(f"ALTER TABLE {table.name} DROP COLUMN when_to_run")
    assert import_(table.database.url, server)[0] == 0
    assert Counter(grab_all(server)) == expected()


def test_what_cannot_be_opened_is_named(table: Table) -> None:
    def error(url: str, *flags: str) -> str:
        status, out, err = run("geartrain", "import", url, "--dry-run", *flags)
        assert (status, out) == (1, "")
        assert err.count("\n") == 1
        return err

    url = table.database.url
    assert "no table 'elsewhere': name gearmand's with --table" in error(
        url, "--table", "elsewhere"
    )
    assert "nosuch" in error(url.replace("/jobs", "/nosuch"))
    assert "stranger" in error(url.replace("gearman:", "stranger:"))
    closed = url.replace(str(table.database.port), str(free_port()))
    assert "onnect" in error(closed)
    assert "s3cret" not in error(closed)
