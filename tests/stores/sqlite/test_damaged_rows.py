"""Rows and pages of a SQLite store that are damaged harm no others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.records import Burial, Change
from geartrain.errors import StoreError
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import execute
from tests.support.store_records import (
    batch,
    burials,
    dead_numbers,
    delayed,
    failures,
    full_record,
    keyed,
    numbers,
    record,
    value,
)

PAGE = 4096

COLUMNS = [
    "due = due + 1",
    "sum = sum + 1",
    "sum = NULL",
    "pieces = 100",
    "failures = x'00'",
    "failures = NULL",
    "failures = 'x'",
    "head = x''",
    "head = 7",
    "head = zeroblob(length(head))",
    "head = substr(head, 2)",
    "workload = x''",
    "workload = 'text'",
    "workload = workload || x'00'",
    "queue = 9",
]


@contextmanager
def opened(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        yield store


def without_checks(column: str) -> tuple[str, ...]:
    """Return statements that damage job 5; the rules of the table do not matter."""
    return (
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') "
        "WHERE name = 'jobs'",
        "PRAGMA writable_schema = RESET",
        f"UPDATE jobs SET {column} WHERE number = 5",
    )


@pytest.mark.parametrize("column", COLUMNS)
def test_damage_to_any_column_is_noticed(path: Path, column: str) -> None:
    job = full_record(5)
    job.workload = b"x" * 30
    with opened(path) as store:
        store.commit(batch(job))
    execute(path, *without_checks(column))
    with opened(path) as store, pytest.raises(StoreError, match="5 is"):
        store.find_job(FindJob(5))


@pytest.mark.parametrize("column", COLUMNS[1:-1])
def test_a_page_leaves_damaged_rows_out_and_says_so(path: Path, column: str) -> None:
    with opened(path) as store:
        jobs = [record(number, b"%d" % number) for number in range(1, 10)]
        for job in jobs:
            job.failures = failures()
        store.commit(batch(*jobs))
    execute(path, *without_checks(column))
    with opened(path) as store:
        query = Page(b"resize", 1, 0, 100)
        store.answer(query)
        assert (query.error, query.damaged) == ("", [5])
        del jobs[4]
        assert [value(each) for each in query.records] == [value(job) for job in jobs]
        listed = ListJobs(b"", 100, None)
        store.answer(listed)
        if "workload" not in column:
            assert listed.damaged == [5]


def test_a_page_goes_on_behind_damaged_rows(path: Path) -> None:
    with opened(path) as store:
        store.commit(batch(*map(record, range(1, 40))))
        store.commit(batch(*(delayed(number, 5.0) for number in range(40, 80))))
        store.commit(batch(*map(record, range(80, 120))))
        store.commit(burials(*range(80, 120)))
    execute(path, "UPDATE jobs SET sum = 0 WHERE number % 40 BETWEEN 1 AND 30")
    with opened(path) as store:
        page = Page(b"resize", 1, 0, 10)
        store.answer(page)
        assert page.damaged == list(range(1, 31))
        assert [job.number for job in page.records] == list(range(31, 40))
        due = DuePage(b"resize", 1, (0.0, 0), 9.0, 10)
        store.answer(due)
        assert due.damaged == list(range(41, 50))
        assert [job.number for job in due.records] == [40]
        due = DuePage(b"resize", 1, (5.0, 40), 9.0, 10)
        store.answer(due)
        assert due.damaged == list(range(41, 71))
        assert [job.number for job in due.records] == list(range(71, 80))
        dead = ListDead(80, 10, None)
        store.answer(dead)
        assert dead.damaged == list(range(81, 111))
        assert [job.number for job in dead.records] == list(range(111, 120))


def test_a_page_of_nothing_but_damaged_rows_comes_to_an_end(path: Path) -> None:
    with opened(path) as store:
        store.commit(batch(*map(record, range(1, 40)), delayed(40, 5.0)))
    execute(path, "UPDATE jobs SET sum = 0")
    with opened(path) as store:
        page = Page(b"resize", 1, 0, 10)
        store.answer(page)
        assert (page.records, page.damaged) == ([], list(range(1, 40)))
        due = DuePage(b"resize", 1, (0.0, 0), 9.0, 10)
        store.answer(due)
        assert (due.records, due.damaged) == ([], [40])


def test_a_lost_piece_is_damage_to_its_job_alone(path: Path) -> None:
    with opened(path) as store:
        large = record(2, b"x" * 3_000_000)
        store.commit(batch(record(1), large, record(3), record(4)))
        store.commit(burials(4))
    execute(path, "DELETE FROM pieces WHERE position = 1")
    with opened(path) as store:
        page = Page(b"resize", 1, 0, 10)
        store.answer(page)
        assert page.damaged == [2]
        assert [job.number for job in page.records] == [1, 3]
        with pytest.raises(StoreError, match="piece of the workload of job 2"):
            store.find_job(FindJob(2))


def test_a_damaged_row_is_neither_found_nor_anyones_twin(path: Path) -> None:
    with opened(path) as store:
        store.commit(batch(keyed(5, b"a"), keyed(6, b"b")))
    execute(path, "UPDATE jobs SET head = zeroblob(99) WHERE number = 5")
    with opened(path) as store:
        twins = [keyed(7, b"a", is_tentative=True), keyed(8, b"b", is_tentative=True)]
        store.commit(batch(*twins))
        assert [job.twin for job in twins] == [0, 6]
        query = FindKey(b"a", None)
        store.answer(query)
        assert query.record is not None
        assert query.record.number == 7


def test_a_damaged_row_stays_damaged_whatever_is_committed(path: Path) -> None:
    with opened(path) as store:
        store.commit(batch(*map(record, range(1, 10))))
        store.commit(burials(3))
    execute(path, "UPDATE jobs SET head = zeroblob(60) WHERE number < 8")
    with opened(path) as store:
        store.commit(
            batch(
                ended=[1],
                changed=[Change(2, 5.0, failures()), Change(8, 5.0, None)],
                revived=[Change(3, 0.0, None)],
                buried=[Burial(4, 9.0, failures()), Burial(9, 9.0, failures())],
            )
        )
        for number in (2, 3, 5):
            with pytest.raises(StoreError, match=f"job {number} is not as it was"):
                store.find_job(FindJob(number))
        with pytest.raises(StoreError, match="job 4 is not as it was"):
            store.find_dead(FindDead(4))
        assert numbers(store) == [8]
        assert dead_numbers(store) == [9]
        store.commit(batch(ended=range(1, 10)))
        store.close()
        assert store.open().queues == []


def ruin_page_with(path: Path, marker: bytes) -> None:
    """Make the page of a file that these bytes are on unreadable."""
    content = bytearray(path.read_bytes())
    # Earlier ones may be left on pages that have another use.
    place = content.rindex(marker)
    start = place - place % PAGE
    content[start : start + 8] = b"\x99" * 8
    path.write_bytes(content)


def marked(number: int) -> bytes:
    return b"<%d>" % number * 30


@pytest.fixture
def ruined(path: Path) -> set[int]:
    """Make a store with a page that cannot be read; return the numbers on it."""
    jobs = [record(number, marked(number)) for number in range(1, 301)]
    for job in jobs[200:]:
        job.due = 5.0
    with opened(path) as store:
        store.commit(batch(*jobs))
    before = path.read_bytes()
    for number in (100, 250):
        ruin_page_with(path, marked(number))
    after = path.read_bytes()
    return {
        number
        for number in range(1, 301)
        if after[(at := before.rindex(marked(number)) // PAGE * PAGE)] != before[at]
    }


def test_a_page_that_cannot_be_read_costs_the_jobs_on_it(
    path: Path, ruined: set[int]
) -> None:
    assert 10 < len(ruined) < 100
    with opened(path) as store:
        page = Page(b"resize", 1, 0, 1000)
        store.answer(page)
        assert page.error == ""
        ready = set(range(1, 201))
        assert {job.number for job in page.records} == ready - ruined
        assert set(page.damaged) == ready & ruined
        due = DuePage(b"resize", 1, (0.0, 0), 9.0, 1000)
        store.answer(due)
        assert {job.number for job in due.records} == {*range(201, 301)} - ruined
        listed = ListJobs(b"", 1000, None)
        store.answer(listed)
        assert {job.number for job in listed.records} == {*range(1, 301)} - ruined
        assert set(listed.damaged) == ruined


def test_what_is_beside_a_page_that_cannot_be_read_can_be_used(
    path: Path, ruined: set[int]
) -> None:
    whole = [number for number in range(1, 301) if number not in ruined]
    with opened(path) as store:
        store.commit(batch(record(301), ended=whole[:50]))
        store.commit(batch(buried=[Burial(whole[60], 9.0, failures())]))
        assert set(numbers(store)) == {301, *whole[50:]} - {whole[60]}
        lost = random.choice(list(ruined))
        with pytest.raises(StoreError, match="is damaged"):
            store.find_job(FindJob(lost))


def test_a_job_that_cannot_be_read_stays_and_keeps_no_other_from_ending(
    path: Path, ruined: set[int]
) -> None:
    lost = random.choice(list(ruined))
    with opened(path) as store:
        before = numbers(store)
        changed = [Change(number, 7.0, None) for number in (lost, 2)]
        buried = [Burial(number, 9.0, failures()) for number in (lost, 3)]
        store.commit(
            batch(record(301), ended=[1, lost, 20], changed=changed, buried=buried)
        )
        assert set(numbers(store)) == {*before, 301} - {1, 3, 20}
        assert dead_numbers(store) == [3]
        page = Page(b"resize", 1, 0, 1000)
        store.answer(page)
        assert set(page.damaged) == set(range(1, 201)) & ruined


def test_a_twin_that_cannot_be_read_is_none(path: Path) -> None:
    jobs = [keyed(number, b"%d" % number) for number in range(1, 301)]
    for job in jobs:
        job.workload = marked(job.number)
    with opened(path) as store:
        store.commit(batch(*jobs))
    ruin_page_with(path, marked(100))
    with opened(path) as store:
        late = [keyed(400, b"100", is_tentative=True), keyed(401, b"9")]
        late[1].is_tentative = True
        store.commit(batch(*late))
        assert [job.twin for job in late] == [0, 9]
