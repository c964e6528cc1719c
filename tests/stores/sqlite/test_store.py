"""The SQLite store: its file, its lock, and values beyond the usual."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.records import Change, JobRecord
from geartrain.errors import OptionError, StoreError
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import connection_of, fill, in_a_child, refusal
from tests.support.store_records import (
    batch,
    failures,
    found,
    numbers,
    record,
    value,
    values,
)

COVERS = (
    "stores/sqlite/opening",
    "stores/sqlite/schema",
    "stores/sqlite/session",
)


def test_a_durability_must_be_known(path: Path) -> None:
    said = "'quick' is no durability: use disk, os or memory"
    with pytest.raises(OptionError, match=said):
        SqliteStore(str(path), "quick")


def test_missing_folders_are_made_and_only_this_user_can_read_what_is_made(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a" / "b" / "jobs.db"
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        made = [path, Path(f"{path}-wal"), path.parent, path.parent.parent]
        modes = [stat.S_IMODE(each.stat().st_mode) for each in made]
    assert modes == [0o600, 0o600, 0o700, 0o700]


def test_a_file_behind_a_dangling_link_is_made_for_this_user_only(
    tmp_path: Path,
) -> None:
    target, path = tmp_path / "target.db", tmp_path / "jobs.db"
    path.symlink_to(target)
    fill(path)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    fill(path, 3)
    with closing(SqliteStore(str(path), "os")) as store:
        assert store.open().reserved == 5


def test_nothing_but_the_file_is_left_after_closing(path: Path) -> None:
    fill(path)
    assert os.listdir(path.parent) == [path.name]


def test_the_lock_of_a_killed_process_is_gone(path: Path) -> None:
    in_a_child(
        """
        store = SqliteStore(sys.argv[1], "disk")
        store.open()
        store.commit(batch(record(7)))
        if not os.fork():
            os.kill(os.getpid(), 9)
        os.wait()
        os._exit(0)
        """,
        str(path),
    )
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        assert numbers(store) == [7]


def test_another_process_cannot_open_a_store_in_use(
    store: SqliteStore, path: Path
) -> None:
    said = in_a_child(
        """
        try:
            SqliteStore(sys.argv[1], "disk").open()
        except StoreError as error:
            sys.stdout.write(str(error))
        """,
        str(path),
    )
    assert f"{path} is in use by another job server: stop that one" in said


def test_a_file_that_another_program_writes_is_in_use(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "in use" in refusal(path)


@pytest.mark.parametrize("field", ["number", "priority"])
def test_a_number_of_more_than_64_bits_is_refused(
    store: SqliteStore, field: str
) -> None:
    job = record(2)
    setattr(job, field, 2**63)
    with pytest.raises(StoreError, match="too large"):
        store.commit(batch(record(1), job))
    assert numbers(store) == []


def test_more_failures_than_64_bits_count_are_refused(store: SqliteStore) -> None:
    store.commit(batch(record(1)))
    with pytest.raises(StoreError, match="cannot be used"):
        store.commit(batch(changed=[Change(1, 0.0, failures(2**63))]))
    assert values(store) == [value(record(1))]


def test_a_workload_is_never_joined_again(store: SqliteStore) -> None:
    mebibyte = 1024 * 1024
    job = record(1, b"a" * mebibyte, b"b" * (19 * mebibyte), b"c" * (3 * mebibyte))
    store.commit(batch(job))
    kept = found(store, 1)
    assert kept is not None
    assert max(map(len, [kept.workload, *kept.more])) <= mebibyte
    assert value(kept) == value(job)


def test_more_than_sqlite_takes_as_one_value_is_kept(store: SqliteStore) -> None:
    connection = connection_of(store)
    # As if SQLite took a hundredth of its 10^9 bytes.
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000_000)
    job = record(1, b"x" * 12_000_000)
    store.commit(batch(job))
    assert values(store) == [value(job)]


def test_a_name_of_more_than_sqlite_takes_is_refused(store: SqliteStore) -> None:
    connection = connection_of(store)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000_000)
    job = JobRecord(1, b"H:host:1", b"x" * 11_000_000)
    with pytest.raises(StoreError, match="too big"):
        store.commit(batch(record(2), job))
    assert numbers(store) == []
