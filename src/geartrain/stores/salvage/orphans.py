"""Rows on pages to which no other page leads any more.

Where an upper page of the table of jobs is lost, SQLite no longer finds the pages
below, though they are whole. It reads such a page if the table is said to begin there:
this is done page by page, in a copy of the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Final

from geartrain.stores.salvage.copies import copy_store, remove_copy
from geartrain.stores.salvage.jobs import JOB_COLUMNS, KeptJob, KeptJobs
from geartrain.stores.salvage.scan import Row
from geartrain.stores.sqlite.file import ERRORS

__all__ = ["all_jobs", "orphan_rows"]

_PAGE: Final = 4096
_LEAF: Final = b"\x0d"
# It takes about a millisecond a page.
_MOST_PAGES: Final = 1 << 16


def all_jobs(jobs: KeptJobs, path: str) -> Iterator[KeptJob]:
    """Return all jobs and dead letters of a store that can be read in any way.

    Raises:
        StoreError: the file ``path`` cannot be copied.
    """
    yield from jobs.jobs()
    if jobs.lost:
        yield from jobs.found_on(orphan_rows(path, JOB_COLUMNS))


def orphan_rows(path: str, columns: str) -> Iterator[Row]:
    """Return the rows on all pages that may be of the table of jobs.

    Some are of jobs that have ended, and some come twice.

    Args:
        path: a store that is not open.
        columns: of the table of jobs.

    Raises:
        StoreError: the file cannot be copied.
    """
    copy = copy_store(path, ".orphans", with_log=True)
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.text_factory = bytes
            with suppress(*ERRORS):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            for page in _leaves(copy):
                yield from _rows_on(connection, page, columns)
    finally:
        remove_copy(copy)


def _leaves(path: str) -> list[int]:
    """Return the numbers of pages that have rows of a table."""
    found: list[int] = []
    with open(path, "rb") as file:
        number = 0
        while (page := file.read(_PAGE)) and len(found) < _MOST_PAGES:
            number += 1
            if page[:1] == _LEAF:
                found.append(number)
    return found


def _rows_on(connection: sqlite3.Connection, page: int, columns: str) -> list[Row]:
    rows: list[Row] = []
    with suppress(*ERRORS):
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET rootpage = ? WHERE name = 'jobs'", (page,)
        )
        connection.execute("PRAGMA writable_schema = RESET")
        for row in connection.execute(f"SELECT {columns} FROM jobs NOT INDEXED"):
            rows.append(row)
    return rows
