"""Files of SQLite stores, made, used and changed from outside, for tests."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.sqlite.store import SqliteStore
from geartrain.texts import visible
from tests.support.store_records import (
    batch,
    burials,
    dead_numbers,
    found,
    found_dead,
    keyed,
    numbers,
    page,
    record,
    schedule,
)
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


def fill(path: Path, count: int = 300) -> None:
    """Make a store with jobs in it, the last large, and a schedule; and close it.

    Of the jobs 5 is delayed, 6 is a dead letter and 7 has a key.
    """
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        large = record(count + 1, b"y" * 500_000, b"z" * 900_000)
        jobs = [record(number, b"x" * 100) for number in range(1, count + 1)]
        jobs[4 % count].due = 5.5
        jobs[6 % count].unique = jobs[6 % count].key = b"a"
        store.commit(batch(*jobs, large, reserved=count + 1))
        store.commit(burials(6))
        store.commit(batch(schedules=[schedule(count + 2)]))


def use(path: Path) -> None:
    """Use a store in every way.

    A list and a look-up go ways of their own through the file: where it is damaged, one
    may name a job that the other does not find.
    """
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        waiting, dead = numbers(store), dead_numbers(store)
        for number in waiting:
            found(store, number)
        for number in dead:
            found_dead(store, number)
        page(store)
        ended = waiting + dead
        store.commit(batch(keyed(9_000_000, b"a", is_tentative=True), ended=ended))


def connection_of(store: SqliteStore) -> sqlite3.Connection:
    """Return the connection of an open store."""
    opened = store._open
    assert opened is not None
    return opened.session.connection


def refusal(path: Path) -> str:
    """Return why a store cannot be used; it is closed afterwards."""
    with pytest.raises(StoreError) as raised:
        use(path)
    assert visible(str(path)) in str(raised.value)
    return str(raised.value)


def in_a_child(text: str, *arguments: str) -> str:
    """Run a program that has a store's classes at hand; return what it wrote."""
    preamble = """
        import os, resource, sys
        from geartrain.errors import StoreError
        from geartrain.stores.sqlite.store import SqliteStore
        from tests.support.store_records import batch, numbers, record
    """
    program = textwrap.dedent(preamble) + textwrap.dedent(text)
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def execute(path: Path, *statements: str) -> None:
    """Change a file as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()
