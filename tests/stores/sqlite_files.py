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
from geartrain.stores.sqlite import SqliteStore
from tests.stores.records import batch, record

ROOT = Path(__file__).parents[2]


def fill(path: Path, count: int = 300) -> None:
    """Make a store with jobs in it and close it."""
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        large = record(count + 1, b"y" * 500_000, b"z" * 900_000)
        jobs = [record(number, b"x" * 100) for number in range(1, count + 1)]
        store.commit(batch(*jobs, large, reserved=count + 1))


def use(path: Path) -> None:
    """Use a store in every way."""
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        kept = [job.number for job in store.load()]
        store.commit(batch(record(9_000_000), ended=kept))


def refusal(path: Path) -> str:
    """Return why a store cannot be used; it is closed afterwards."""
    with pytest.raises(StoreError) as raised:
        use(path)
    assert str(path) in str(raised.value)
    return str(raised.value)


def in_a_child(text: str, *arguments: str) -> str:
    """Run a program that has a store's classes at hand; return what it wrote."""
    preamble = """
        import os, resource, sys
        from geartrain.errors import StoreError
        from geartrain.stores.sqlite import SqliteStore
        from tests.stores.records import batch, numbers, record
    """
    program = textwrap.dedent(preamble) + textwrap.dedent(text)
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def execute(path: Path, *statements: str) -> None:
    """Change a file as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()
