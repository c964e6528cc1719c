"""Entries of stores that are damaged, old, or made anew."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.stores.maintenance.tasks import check, compact
from geartrain.stores.salvage.rebuilding import rebuild
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import fill_variously, lines_of, problems_of
from tests.support.sqlite_files import execute
from tests.support.store_records import entries_of

OLDER = ("DROP TABLE entries", "PRAGMA user_version = 3")


def kept(path: Path) -> list[tuple[bytes, bytes, bytes]]:
    with closing(SqliteStore(str(path), "os")) as store:
        return entries_of(store.open())


def open_once(path: Path) -> None:
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()


def test_an_entry_that_is_damaged_is_named_and_the_others_are_kept(path: Path) -> None:
    fill_variously(path)
    before = kept(path)
    execute(path, "UPDATE entries SET value = x'00' WHERE id = 2")
    assert problems_of(path) == ["entry 2 is lost: its row is damaged"]
    lines, unreadable = lines_of(path)
    assert unreadable == 1
    entries = [each for each in map(json.loads, lines) if each["kind"] == "entry"]
    assert len(entries) == 2
    said = rebuild(str(path))
    assert said[1:] == ["entry 2 is lost: its row is damaged"]
    assert kept(path) == [before[0], before[2]]
    assert problems_of(path) == []


def test_a_store_made_anew_keeps_its_entries(path: Path) -> None:
    fill_variously(path)
    before = kept(path)
    rebuild(str(path))
    assert kept(path) == before


def test_entries_that_are_lost_altogether_are_told_of(path: Path) -> None:
    fill_variously(path)
    execute(path, "DROP TABLE entries")
    said = "policies changed at run time and other entries are lost"
    assert any(each.startswith(said) for each in problems_of(path))


def test_a_store_without_entries_gets_them_when_a_job_server_opens_it(
    path: Path,
) -> None:
    fill_variously(path)
    execute(path, *OLDER)
    assert problems_of(path) == []
    assert check(str(path)).entries == 0
    assert kept(path) == []
    assert problems_of(path) == []
    assert compact(str(path))[1] > 0
    assert problems_of(path) == []


@pytest.mark.parametrize("was_compacted", [False, True])
def test_jobs_of_such_a_store_outlive_its_first_page(
    path: Path, was_compacted: bool
) -> None:
    fill_variously(path)
    execute(path, *OLDER)
    if was_compacted:
        execute(path, "VACUUM")
    open_once(path)
    execute(path, "PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = WAL")
    before = [line for line in lines_of(path)[0] if b'"kind": "entry"' not in line]
    shutil.copyfile(path, f"{path}.sound")
    with open(path, "r+b") as file:
        file.write(b"\xff" * 4096)
    assert "the first page of the file is damaged" in problems_of(path)
    after = [line for line in lines_of(path)[0] if b'"kind": "entry"' not in line]
    assert sorted(after) == sorted(before)
