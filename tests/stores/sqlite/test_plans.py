"""No statement walks a whole table, and a commit is few of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from geartrain.engine.records import Burial, Change, JobRecord
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import connection_of
from tests.support.store_records import (
    batch,
    burials,
    dead,
    delayed,
    due_page,
    failures,
    found,
    found_by_key,
    found_dead,
    keyed,
    listed,
    page,
    record,
    revivals,
)

# What may be walked: the values of a statement, the rows it has found, and the table
# with a row for each function.
WALKED = re.compile(r"SCAN (\d+ CONSTANT ROWS?|CONSTANT ROW|\(subquery-\d+\)|queues)$")


@contextmanager
def statements(store: SqliteStore) -> Iterator[list[str]]:
    """Collect all statements that a store has SQLite carry out."""
    seen: list[str] = []
    connection = connection_of(store)
    connection.set_trace_callback(seen.append)
    yield seen
    connection.set_trace_callback(None)


def jobs(first: int, count: int) -> list[JobRecord]:
    made = [keyed(first + place, b"%d" % (first + place)) for place in range(count)]
    for job in made[::2]:
        job.is_tentative = True
    return made


def use(store: SqliteStore) -> None:
    store.commit(batch(*jobs(1, 100), delayed(101, 5.0), record(102, b"x" * 100_000)))
    changes = [Change(number, 7.0, failures()) for number in range(10, 20)]
    store.commit(batch(*jobs(201, 100), ended=range(1, 10), changed=changes))
    store.commit(burials(20, 21, 102))
    store.commit(revivals(20))
    page(store)
    due_page(store, 9.0)
    found(store, 30)
    found_dead(store, 21)
    found_by_key(store, b"40")
    listed(store, None, 7)
    listed(store, b"resize", 7, 1.0, 9.0)
    dead(store)
    dead(store, b"resize")


def test_no_statement_walks_a_whole_table(store: SqliteStore) -> None:
    with statements(store) as seen:
        use(store)
    connection = connection_of(store)
    explained = 0
    for statement in seen:
        if not statement.startswith(("SELECT", "DELETE", "UPDATE", "INSERT")):
            continue
        explained += 1
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        for *_, step in plan:
            line = step.decode()
            assert not line.startswith("SCAN") or WALKED.match(line), statement
            assert "TEMP B-TREE FOR ORDER" not in line, statement
    assert explained > 40


@pytest.mark.parametrize(("size", "most"), [(100, 14), (1000, 24)])
def test_a_commit_is_few_statements(store: SqliteStore, size: int, most: int) -> None:
    for step in range(1, 4):
        store.commit(batch(*jobs(step * 10_000, size)))
    changes = [Change(20_000 + place, 7.0, failures()) for place in range(size)]
    buried = [Burial(30_000 + place, 7.0, failures()) for place in range(size)]
    ended = range(10_000, 10_000 + size)
    with statements(store) as seen:
        store.commit(batch(*jobs(50_000, size), ended=ended))
    assert len(seen) <= most
    with statements(store) as seen:
        store.commit(batch(changed=changes, buried=buried))
    assert len(seen) <= most


def test_a_page_is_two_statements(store: SqliteStore) -> None:
    store.commit(batch(*map(record, range(1, 2001))))
    with statements(store) as seen:
        assert len(page(store)) == 1000
    assert len(seen) == 2


@pytest.mark.parametrize("size", [60_000, 1_500_000])
def test_a_page_ends_where_its_workloads_are_large_enough(
    store: SqliteStore, size: int
) -> None:
    made = [record(number, b"x" * size) for number in range(1, 101)]
    for job in made[50:]:
        job.due = 5.0
    store.commit(batch(*made))
    expected = -(-4 * 1024 * 1024 // size)
    assert len(page(store, most=50)) == min(expected, 50)
    assert len(due_page(store, 9.0, most=50).records) == min(expected, 50)
    assert len(page(store, most=2)) == 2
