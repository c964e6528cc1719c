"""What every store promises of pages, and of jobs found by number."""

from __future__ import annotations

from itertools import pairwise

import pytest

from geartrain.engine.queries import DuePage, FindJob, Page
from geartrain.engine.records import Change, JobRecord
from geartrain.stores.base import Store
from tests.support.store_records import (
    batch,
    burials,
    delayed,
    due_page,
    found,
    full_record,
    page,
    record,
    value,
)

COVERS = ("stores/sqlite/queries",)

# More than 64 KiB lies in pieces.
SIZES = (200_000, 100_000, 100_001, 10, 300_000)


def numbers_of(records: list[JobRecord]) -> list[int]:
    return [each.number for each in records]


def test_a_page_has_the_ready_jobs_of_one_queue_by_number(any_store: Store) -> None:
    high, other = record(3), record(4)
    high.priority, other.function = 0, b"report"
    jobs = [record(9), high, other, delayed(5, 1.0), record(2), record(7)]
    any_store.commit(batch(*jobs))
    assert numbers_of(page(any_store)) == [2, 7, 9]
    assert numbers_of(page(any_store, priority=0)) == [3]
    assert numbers_of(page(any_store, function=b"report")) == [4]
    assert page(any_store, priority=2) == []
    assert page(any_store, function=b"resiz") == []


def test_a_page_begins_behind_a_number_and_has_no_more_than_asked_for(
    any_store: Store,
) -> None:
    any_store.commit(batch(*map(record, range(10, 100, 10))))
    assert numbers_of(page(any_store, after=30, most=2)) == [40, 50]
    assert numbers_of(page(any_store, after=35, most=2)) == [40, 50]
    assert numbers_of(page(any_store, after=80, most=2)) == [90]
    assert page(any_store, after=90, most=2) == []


def test_a_page_has_whole_jobs(any_store: Store) -> None:
    jobs = [full_record(number) for number in range(1, 30)]
    for job in jobs:
        job.due = 0.0
        job.workload = b"%d " % job.number * job.number
    jobs[10].workload = b""
    jobs[20].failures = None
    any_store.commit(batch(*jobs))
    records = page(any_store, function=jobs[0].function)
    assert [value(each) for each in records] == [value(job) for job in jobs]


def test_pages_of_large_workloads_follow_one_another(any_store: Store) -> None:
    sizes = [10, 9_000_000, *[1_500_000] * 6, 60_000, 10, 12_000_000]
    jobs = [record(number, b"x" * size) for number, size in enumerate(sizes, 1)]
    any_store.commit(batch(*jobs))
    seen: list[JobRecord] = []
    while records := page(any_store, after=seen[-1].number if seen else 0, most=50):
        seen += records
    assert [value(each) for each in seen] == [value(job) for job in jobs]


def test_a_page_of_many_small_jobs_is_full(any_store: Store) -> None:
    jobs = [record(number, b"x" * 100) for number in range(1, 2001)]
    any_store.commit(batch(*jobs))
    assert numbers_of(page(any_store, most=1500)) == list(range(1, 1501))


def test_jobs_that_have_ended_are_on_no_page(any_store: Store) -> None:
    any_store.commit(batch(*map(record, range(1, 10))))
    any_store.commit(batch(ended=[1, 4, 5]))
    any_store.commit(burials(7))
    assert numbers_of(page(any_store)) == [2, 3, 6, 8, 9]


def test_a_changed_job_is_on_the_page_it_belongs_to(any_store: Store) -> None:
    any_store.commit(batch(*map(record, range(1, 5)), delayed(5, 3.0)))
    changes = [Change(2, 1.0, None), Change(5, 0.0, None)]
    any_store.commit(batch(changed=changes))
    assert numbers_of(page(any_store)) == [1, 3, 4, 5]
    assert numbers_of(due_page(any_store, 2.0, is_steady=True).records) == [2]


def test_a_due_page_has_the_jobs_due_by_then_by_time_and_number(
    any_store: Store,
) -> None:
    dues = {1: 30.5, 2: 10.5, 3: 20.5, 4: 10.5, 5: 40.5, 6: 30.5, 7: 30.25}
    low, other = delayed(8, 15.0), delayed(9, 15.0)
    low.priority, other.function = 2, b"report"
    jobs = [delayed(number, due) for number, due in dues.items()]
    any_store.commit(batch(*jobs, low, other, record(10)))
    query = due_page(any_store, 30.5)
    assert numbers_of(query.records) == [2, 4, 3, 7, 1, 6]
    assert [each.due for each in query.records] == [10.5, 10.5, 20.5, 30.25, 30.5, 30.5]
    assert query.next_due == 40.5
    assert numbers_of(due_page(any_store, 20.0, priority=2).records) == [8]
    assert numbers_of(due_page(any_store, 20.0, function=b"report").records) == [9]


def test_a_due_page_with_nothing_due_has_the_next_due_time(any_store: Store) -> None:
    any_store.commit(batch(delayed(1, 50.0), delayed(2, 40.0), record(3)))
    query = due_page(any_store, 39.5)
    assert (query.records, query.next_due) == ([], 40.0)
    assert due_page(any_store, 45.0).next_due == 50.0
    assert due_page(any_store, 50.0).next_due == 0.0
    assert due_page(any_store, 45.0, priority=0).next_due == 0.0


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_due_pages_follow_one_another(any_store: Store, most: int) -> None:
    dues = [7.0, 5.0, 5.0, 6.5, 5.0, 9.0, 5.0, 6.5, 7.0, 8.0]
    jobs = [delayed(number, due) for number, due in enumerate(dues, 1)]
    any_store.commit(batch(*jobs, record(11)))
    seen: list[tuple[float, int]] = [(0.0, 0)]
    while records := due_page(any_store, 8.0, seen[-1], most).records:
        assert len(records) <= most
        seen += [(each.due, each.number) for each in records]
    assert all(before < after for before, after in pairwise(seen))
    assert sorted(number for _, number in seen[1:]) == [1, 2, 3, 4, 5, 7, 8, 9, 10]


def test_due_pages_of_large_workloads_follow_one_another(any_store: Store) -> None:
    jobs = [delayed(number, 5.0) for number in range(1, 9)]
    for job in jobs:
        job.workload = b"x" * 3_000_000
    any_store.commit(batch(*jobs))
    seen: list[JobRecord] = []
    after = (0.0, 0)
    while records := due_page(any_store, 8.0, after).records:
        seen += records
        after = (records[-1].due, records[-1].number)
    assert [value(each) for each in seen] == [value(job) for job in jobs]


@pytest.mark.parametrize("size", [10, 60_000, 5_000_000])
def test_a_job_is_found_by_number(any_store: Store, size: int) -> None:
    job = full_record(7)
    job.workload = b"x" * size
    any_store.commit(batch(record(6), job, record(8)))
    record_found = found(any_store, 7)
    assert record_found is not None
    assert value(record_found) == value(job)
    assert record_found.size == size
    assert found(any_store, 9) is None
    any_store.commit(batch(ended=[7]))
    assert found(any_store, 7) is None


def test_a_dead_letter_is_no_job_that_is_found(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    any_store.commit(burials(1))
    assert found(any_store, 1) is None


def test_any_query_is_answered(any_store: Store) -> None:
    any_store.commit(batch(record(1), delayed(2, 5.0)))
    first, second, third = Page(b"resize", 1, 0, 9), FindJob(2), FindJob(5)
    fourth = DuePage(b"resize", 1, (0.0, 0), 6.0, 9)
    for query in (first, second, third, fourth):
        any_store.answer(query)
        assert query.error == ""
        assert query.damaged == []
    assert numbers_of(first.records) == [1]
    assert second.record is not None
    assert third.record is None
    assert numbers_of(fourth.records) == [2]


@pytest.mark.parametrize("is_due", [False, True])
def test_jobs_too_large_for_a_page_are_named_and_passed_over(
    any_store: Store, is_due: bool
) -> None:
    jobs = [record(number, b"w" * size) for number, size in enumerate(SIZES, 1)]
    for job in jobs:
        job.due = 5.0 if is_due else 0.0
    any_store.commit(batch(*jobs))
    query: Page | DuePage = Page(b"resize", 1, 0, 9, 100_000)
    if is_due:
        query = DuePage(b"resize", 1, (0.0, 0), 6.0, 9, largest=100_000)
    any_store.answer(query)
    assert query.error == ""
    assert numbers_of(query.records) == [2, 4]
    assert query.oversized == [1, 3, 5]
