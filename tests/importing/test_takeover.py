"""Jobs that go from gearmand's queue straight into a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.queries import Page
from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.importing.locations import Location
from geartrain.importing.takeover import Takeover
from geartrain.stores.memory import MemoryStore
from tests.support.store_records import batch, listed, record


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "queue.db", isolation_level=None)) as made:
        made.execute(
            "CREATE TABLE gearman_queue(unique_key TEXT, function_name TEXT,"
            " priority INTEGER, data BLOB, when_to_run INTEGER)"
        )
        yield made


def put(queue: sqlite3.Connection, *row: object) -> None:
    queue.execute("INSERT INTO gearman_queue VALUES(?, ?, ?, ?, ?)", row)


def rows(queue: sqlite3.Connection) -> int:
    count: int = queue.execute("SELECT count(*) FROM gearman_queue").fetchone()[0]
    return count


def take_over(tmp_path: Path, store: MemoryStore) -> None:
    place = Location(url=f"sqlite://{tmp_path}/queue.db", delete=True)
    Takeover(place, b"H:here")(store)


def kept(store: MemoryStore) -> list[JobRecord]:
    store.open()
    try:
        return listed(store)
    finally:
        store.close()


def test_all_that_the_original_kept_of_a_job_is_kept(
    queue: sqlite3.Connection, tmp_path: Path
) -> None:
    put(queue, "u", "f", 0, b"work \0", 2_000_000_000)
    put(queue, "", "f", 1, None, 0)
    put(queue, "-", "f", 2, "text", None)
    store = MemoryStore()
    take_over(tmp_path, store)
    assert rows(queue) == 0
    first, second, third = sorted(kept(store), key=lambda job: job.number)
    assert (first.handle, first.unique, first.key) == (b"H:here:1", b"u", b"u")
    assert (first.priority, first.due, first.is_steady) == (0, 2e9, False)
    assert (second.unique, second.priority, second.due) == (b"", 1, 0.0)
    assert (third.unique, third.priority) == (b"-", 2)
    assert third.key.startswith(b"-\0")
    store.open()
    query = Page(b"f", 2, 0, 10)
    store.page(query)
    assert [job.workload for job in query.records] == [b"text"]


def test_numbers_go_on_from_those_of_the_store(
    queue: sqlite3.Connection, tmp_path: Path
) -> None:
    store = MemoryStore()
    store.open()
    store.commit(batch(record(5), reserved=100))
    store.close()
    put(queue, "u", "f", 1, b"w", 0)
    take_over(tmp_path, store)
    assert [job.handle for job in kept(store)][-1] == b"H:here:101"
    assert store.open().reserved == 101


def test_rows_that_were_taken_over_but_not_deleted_coalesce(
    queue: sqlite3.Connection, tmp_path: Path
) -> None:
    store = MemoryStore()
    for _ in range(2):
        for unique in ("u", "", "-"):
            put(queue, unique, "f", 1, b"w", 0)
        take_over(tmp_path, store)
    assert len(kept(store)) == 3
    assert rows(queue) == 0


def test_a_row_that_cannot_be_a_job_is_left(
    queue: sqlite3.Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(queue, "u", "f", 9, b"w", 0)
    put(queue, "v", "f", 1, b"w", 0)
    store = MemoryStore()
    take_over(tmp_path, store)
    assert rows(queue) == 1
    assert len(kept(store)) == 1
    assert "is left there: its priority is 9" in caplog.text


def test_more_jobs_than_a_commit_takes_are_taken_over(
    queue: sqlite3.Connection, tmp_path: Path
) -> None:
    queue.execute("BEGIN")
    for number in range(2500):
        put(queue, f"u{number}", "f", 1, b"w", 0)
    queue.execute("COMMIT")
    store = MemoryStore()
    take_over(tmp_path, store)
    assert rows(queue) == 0
    (said,) = store.open().queues
    assert said.ready == 2500


def test_no_queue_is_nothing_to_do(tmp_path: Path) -> None:
    store = MemoryStore()
    take_over(tmp_path, store)
    assert kept(store) == []


def test_what_fails_leaves_the_rest_in_the_queue(
    queue: sqlite3.Connection, tmp_path: Path
) -> None:
    put(queue, "u", "f", 1, b"w", 0)
    store = MemoryStore()
    store.open()
    with pytest.raises(StoreError, match="in use"):
        take_over(tmp_path, store)
    assert rows(queue) == 1
