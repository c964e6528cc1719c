"""How a SQLite store finds results by key, and takes over those of older formats."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from geartrain.engine.batches import Batch
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.stores.maintenance.tasks import check
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.results import result_digest
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import execute
from tests.support.store_records import dropping

# What the table of results was until format 5.
FORMER = (
    "ALTER TABLE results RENAME TO newer",
    "CREATE TABLE results(number INTEGER PRIMARY KEY, expires REAL NOT NULL,"
    " key INTEGER, sum INTEGER NOT NULL, head BLOB NOT NULL, data BLOB NOT NULL,"
    " UNIQUE(expires, number), UNIQUE(key, number))",
    "INSERT INTO results SELECT * FROM newer",
    "DROP TABLE newer",
    "DELETE FROM keys",
    "DELETE FROM key_log",
    "PRAGMA user_version = 5",
)


def kept_batch(*results: ResultRecord) -> Batch:
    made = Batch(1)
    made.results = {each.number: each for each in results}
    return made


def result(number: int, key: bytes, expires: float = 2000.0) -> ResultRecord:
    made = ResultRecord(number, b"H:x:%d" % number, b"f")
    made.unique = made.key = key
    made.ended, made.expires, made.is_whole = 1000.0, expires, True
    return made


def newest(store: SqliteStore, key: bytes) -> int:
    query = FindResult(0.0, 0, b"f", key)
    store.find_result(query)
    return 0 if query.record is None else query.record.number


def entries(path: Path, keys: range) -> list[int]:
    """Return the numbers that the index has for results with these keys."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        index = Keys()
        index.load(connection)
        return index.find(connection, (result_digest(b"f", b"k%d" % n) for n in keys))


def test_results_of_the_format_before_are_found_by_key(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(kept_batch(*(result(n, b"k%d" % (n % 5)) for n in range(1, 21))))
    execute(path, *FORMER)
    assert check(str(path)).problems == []
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        assert [newest(store, b"k%d" % n) for n in range(5)] == [20, 16, 17, 18, 19]
        store.commit(kept_batch(result(30, b"k3")))
        assert newest(store, b"k3") == 30
    assert check(str(path)).problems == []


def test_the_index_forgets_results_that_have_expired(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(kept_batch(*(result(n, b"k%d" % n) for n in range(1, 1500))))
        store.commit(kept_batch(result(2000, b"k2000", 4000.0)))
        store.commit(dropping(3000.0))
        assert (newest(store, b"k7"), newest(store, b"k1400")) == (0, 1400)
        store.commit(dropping(3000.0))
        assert newest(store, b"k1400") == 0
    found = entries(path, range(3000))
    # Some of a range that was merged meanwhile go with its next turn.
    assert 2000 in found
    assert len(found) < 100
