"""A store's file opened without a change to it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.salvage.file import check_file, open_unchanged, size_of
from tests.support.maintained_stores import page_size
from tests.support.sqlite_files import fill


def test_nothing_can_be_written_and_nothing_is_left(path: Path) -> None:
    fill(path)
    before = path.read_bytes()
    with open_unchanged(str(path)) as (connection, reason):
        assert reason == ""
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (301,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM jobs")
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_two_can_read_at_once(path: Path) -> None:
    fill(path)
    with (
        open_unchanged(str(path)) as (first, _),
        open_unchanged(str(path)) as (second, _),
    ):
        for connection in (first, second):
            found = connection.execute("SELECT count(*) FROM schedules").fetchone()
            assert found == (1,)


def test_a_file_that_was_cut_is_opened_and_the_reason_told(path: Path) -> None:
    fill(path)
    os.truncate(path, path.stat().st_size - page_size(path))
    with open_unchanged(str(path)) as (connection, reason):
        assert "malformed" in reason
        number = connection.execute("SELECT min(number) FROM jobs").fetchone()[0]
        assert number == 1


def test_an_error_of_sqlite_while_it_is_open_is_explained(path: Path) -> None:
    fill(path)
    with (
        pytest.raises(StoreError, match="no such table: missing"),
        open_unchanged(str(path)) as (connection, _),
    ):
        connection.execute("SELECT * FROM missing")


def test_the_size_is_that_of_the_file_and_its_log(path: Path) -> None:
    path.write_bytes(bytes(100))
    assert size_of(str(path)) == 100
    Path(f"{path}-wal").write_bytes(bytes(23))
    assert size_of(str(path)) == 123


def test_a_device_is_no_store() -> None:
    with pytest.raises(StoreError, match="is no file"):
        check_file("/dev/null")
