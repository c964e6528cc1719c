"""Results of stores that are damaged, old, or made anew."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from geartrain.engine.batches import Batch
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.stores.maintenance.tasks import check, compact
from geartrain.stores.salvage.rebuilding import rebuild
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import copy, lines_of, problems_of
from tests.support.sqlite_files import execute

OLDER = (
    "DROP TABLE results",
    "DROP TABLE entries",
    "DROP TABLE endings",
    "PRAGMA user_version = 3",
)


def fill(path: Path, count: int = 5) -> None:
    """Keep some results, one of them large and no text."""
    batch = Batch(1)
    for number in range(1, count + 1):
        record = ResultRecord(number, b"H:x:%d" % number, b"f\xff")
        record.unique = record.key = b"u%d" % number
        record.submitted, record.ended = 100.0, 101.0
        record.expires = 1e9 + number
        data = b"\xff" * 2_000_000 if number == count else b"text %d" % number
        record.pieces, record.size, record.is_whole = [data], len(data), True
        batch.results[number] = record
    batch.reserved = 100
    batch.steady, batch.calendar = 100.0, 1_700_000_100.0
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(batch)


def kept(path: Path) -> dict[int, int]:
    """Return the sizes of the results that are kept, by number."""
    found = {}
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        for number in range(1, 10):
            query = FindResult(0.0, number)
            store.find_result(query)
            if query.record is not None:
                found[number] = sum(map(len, query.record.pieces))
    return found


ALL = {1: 6, 2: 6, 3: 6, 4: 6, 5: 2_000_000}


def test_results_are_counted_compacted_and_made_anew(path: Path) -> None:
    fill(path)
    report = check(str(path))
    assert (report.results, report.problems) == (5, [])
    compact(str(path))
    assert kept(path) == ALL
    rebuild(str(path))
    assert kept(path) == ALL
    assert problems_of(path) == []


def test_results_are_exported_and_imported_once(path: Path, tmp_path: Path) -> None:
    fill(path)
    other = tmp_path / "other.db"
    assert copy(path, other) == 5
    assert kept(other) == ALL
    assert copy(path, other) == 0
    lines, unreadable = lines_of(path)
    assert unreadable == 0
    first = json.loads(lines[0])
    assert (first["kind"], first["result"], first["encoding"]) == (
        "result",
        "text 1",
        "utf-8",
    )
    assert first["ended"] == 1_700_000_101.0


def test_a_result_that_is_damaged_is_named_and_the_others_are_kept(path: Path) -> None:
    fill(path)
    execute(path, "UPDATE results SET data = x'00' WHERE number = 2")
    said = "the result of job 2 is lost: its row is damaged"
    assert problems_of(path) == [said]
    query = FindResult(0.0, 2)
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.find_result(query)
    assert (query.record, query.damaged) == (None, [2])
    assert rebuild(str(path))[1:] == [said]
    assert sorted(kept(path)) == [1, 3, 4, 5]
    assert problems_of(path) == []


def test_a_store_of_an_older_format_has_none_and_gets_the_table(path: Path) -> None:
    fill(path)
    execute(path, *OLDER)
    assert problems_of(path) == []
    assert check(str(path)).results == 0
    assert kept(path) == {}
    fill(path)
    assert kept(path) == ALL
