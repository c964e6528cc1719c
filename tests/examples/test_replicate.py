"""What changes in one SQLite file is copied to another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.errors import JobExceptionError
from geartrain.testing import LocalServer
from tests.support.examples import at_work, run

TABLE = "CREATE TABLE {} (id INTEGER PRIMARY KEY, name TEXT, version INTEGER)"
Row = tuple[int, str, int]


def database(path: Path) -> str:
    with closing(sqlite3.connect(path)) as opened, opened:
        for table in ("customers", "orders"):
            opened.execute(TABLE.format(table))
    return str(path)


def write(path: str, table: str, rows: list[Row]) -> None:
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.executemany(f"REPLACE INTO {table} VALUES (?, ?, ?)", rows)


def read(path: str, table: str) -> list[Row]:
    with closing(sqlite3.connect(path)) as opened:
        return opened.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()


def test_only_what_has_changed_is_copied(server: LocalServer, tmp_path: Path) -> None:
    source, target = database(tmp_path / "shop.db"), database(tmp_path / "copy.db")
    customers = [(each, f"customer {each}", each) for each in range(1, 2501)]
    write(source, "customers", customers)
    write(source, "orders", [(1, "order 1", 1)])
    with at_work(server, "replicate", SOURCE=source, TARGET=target):
        printed = run(server, "replicate.py", "customers", "orders")
        assert printed.splitlines() == [
            "1000 rows of customers",
            "1000 rows of customers",
            "500 rows of customers",
            "1 rows of orders",
        ]
        write(source, "customers", [(7, "renamed", 2501), (2501, "new", 2502)])
        printed = run(server, "replicate.py", "customers", "orders")
        assert printed == "2 rows of customers\n"
    for table in ("customers", "orders"):
        assert read(target, table) == read(source, table)


def test_a_table_that_is_not_meant_is_not_touched(
    server: LocalServer, tmp_path: Path
) -> None:
    with (
        at_work(server, "replicate", SOURCE="", TARGET=""),
        server.client(codec="json") as client,
        pytest.raises(JobExceptionError, match="there is no table"),
    ):
        client.do("replicate", "sqlite_master")
