"""Endings of stores that are damaged, old, or made anew."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.endings import ListEndings
from geartrain.stores.maintenance.parsing import parse_line
from geartrain.stores.maintenance.tasks import check, compact
from geartrain.stores.salvage.rebuilding import rebuild
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.kept_endings import ending, ending_values, keeping, kept_serials
from tests.support.maintained_stores import copy, lines_of, problems_of
from tests.support.sqlite_files import execute

COVERS = ("stores/sqlite/endings", "stores/packing")

OLDER = ("DROP TABLE endings", "PRAGMA user_version = 4")


def fill(path: Path, count: int = 5) -> None:
    batch = keeping(*(ending(serial, 1e9) for serial in range(1, count + 1)))
    batch.reserved = 100
    batch.steady, batch.calendar = 1000.0, 1_700_001_000.0
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(batch)


def kept(path: Path) -> list[int]:
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        return kept_serials(store)


def test_endings_are_counted_compacted_and_made_anew(path: Path) -> None:
    fill(path)
    report = check(str(path))
    assert (report.endings, report.problems) == (5, [])
    compact(str(path))
    assert kept(path) == [5, 4, 3, 2, 1]
    rebuild(str(path))
    assert kept(path) == [5, 4, 3, 2, 1]
    assert problems_of(path) == []


def test_endings_are_exported_and_imported_once(path: Path, tmp_path: Path) -> None:
    fill(path, 2500)
    other = tmp_path / "other.db"
    assert copy(path, other) == 2500
    assert kept(other) == kept(path)
    assert copy(path, other) == 0
    fill(path, 2501)
    assert copy(path, other) == 1
    lines, unreadable = lines_of(path)
    assert unreadable == 0
    first = json.loads(lines[0])
    assert (first["kind"], first["number"], first["outcome"]) == (
        "ending",
        1,
        "succeeded",
    )
    assert first["ended"] == 1_700_001_002.5
    again, is_dead = parse_line(lines[0])
    assert not is_dead
    with closing(SqliteStore(str(other), "os")) as store:
        store.open()
        query = ListEndings(0.0, 2, 1)
        store.list_endings(query)
    # Times are moved to the calendar and back.
    assert query.endings[0].ended == pytest.approx(1_700_001_002.5)
    told = ending_values(query.endings[0])
    assert {**told, "until": 0} == {**ending_values(again), "until": 0}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"outcome": "lost"}, "'outcome' is none of succeeded"),
        ({"handle": ""}, "'handle' or 'function' is empty"),
        ({"background": 1}, "'background' is neither true nor false"),
        ({"number": 0}, "'number' is no integer"),
        ({"extra": 0}, "the field 'extra' is unknown"),
    ],
)
def test_a_line_that_is_no_ending_is_refused(
    path: Path, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    fill(path, 1)
    (line,), _ = lines_of(path)
    values = json.loads(line) | changed
    with pytest.raises(Exception, match=said):
        parse_line(json.dumps(values).encode())


def test_an_ending_that_is_damaged_is_named_and_the_others_are_kept(
    path: Path,
) -> None:
    fill(path)
    execute(path, "UPDATE endings SET record = x'00' WHERE serial = 2")
    said = "ending 2 is lost: its row is damaged"
    assert problems_of(path) == [said]
    query = ListEndings(0.0, 2**62, 10)
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.list_endings(query)
    assert [each.serial for each in query.endings] == [5, 4, 3, 1]
    assert query.damaged == [2]
    assert rebuild(str(path))[1:] == [said]
    assert kept(path) == [5, 4, 3, 1]
    assert problems_of(path) == []


def test_a_store_of_an_older_format_has_none_and_gets_the_table(path: Path) -> None:
    fill(path)
    execute(path, *OLDER)
    assert problems_of(path) == []
    assert check(str(path)).endings == 0
    assert kept(path) == []
    fill(path)
    assert kept(path) == [5, 4, 3, 2, 1]
