"""What every store promises of lists of jobs."""

from __future__ import annotations

import pytest

from geartrain.engine.queries import ListJobs
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from tests.support.store_records import (
    batch,
    burials,
    delayed,
    full_record,
    listed,
    record,
    value,
)


def fill(store: Store) -> None:
    """Keep jobs of 5 functions and all priorities, every fourth delayed."""
    jobs = [record(number) for number in range(1, 101)]
    for job in jobs:
        job.function = b"f%d" % (job.number % 5)
        job.priority = job.number % 3
        if job.number % 4 == 0:
            job.due = float(job.number)
    store.commit(batch(*jobs))


@pytest.mark.parametrize("most", [1, 7, 100, 1000])
def test_slices_have_every_job_once(any_store: Store, most: int) -> None:
    fill(any_store)
    seen = [job.number for job in listed(any_store, most=most)]
    assert sorted(seen) == list(range(1, 101))


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_a_list_may_be_of_one_function(any_store: Store, most: int) -> None:
    fill(any_store)
    seen = [job.number for job in listed(any_store, b"f3", most)]
    assert sorted(seen) == [number for number in range(1, 101) if number % 5 == 3]
    assert listed(any_store, b"f", most) == []


@pytest.mark.parametrize("most", [1, 7, 1000])
@pytest.mark.parametrize("function", [None, b"f2"])
def test_a_list_may_be_of_jobs_due_in_a_time(
    any_store: Store, most: int, function: bytes | None
) -> None:
    fill(any_store)

    def between(least: float, until: float) -> list[int]:
        jobs = listed(any_store, function, most, due_from=least, due_until=until)
        return sorted(job.number for job in jobs)

    every = [number for number in range(1, 101) if not function or number % 5 == 2]
    with_due = [number for number in every if number % 4 == 0]
    without = [number for number in every if number % 4]
    assert between(0.0, 1.0) == without
    assert between(0.0, float("inf")) == every
    assert between(1.0, float("inf")) == with_due
    assert between(12.0, 52.0) == [n for n in with_due if 12 <= n < 52]
    assert between(0.0, 52.0) == sorted(without + [n for n in with_due if n < 52])
    assert between(12.5, 15.5) == []


def test_the_last_slice_says_so(any_store: Store) -> None:
    fill(any_store)
    query = ListJobs(b"", 1000, None)
    for _ in range(100):
        any_store.list_jobs(query)
        if not query.following:
            break
        query = ListJobs(query.following, 1000, None)
    assert query.following == b""


def test_a_list_has_all_but_the_workloads(any_store: Store) -> None:
    job, large = full_record(1), record(2, b"x" * 50_000, b"y" * 3_000_000)
    any_store.commit(batch(job, large))
    jobs = sorted(listed(any_store), key=lambda each: each.number)
    assert [each.size for each in jobs] == [256, 3_050_000]
    for each in (job, large):
        each.workload, each.more = b"", []
    assert [value(each) for each in jobs] == [value(job), value(large)]


def test_dead_letters_are_not_listed_as_jobs(any_store: Store) -> None:
    any_store.commit(batch(*map(record, range(1, 10))))
    any_store.commit(burials(2, 5, 9))
    seen = [job.number for job in listed(any_store, most=2)]
    assert sorted(seen) == [1, 3, 4, 6, 7, 8]


def test_jobs_that_end_or_come_between_slices_harm_no_others(
    any_store: Store,
) -> None:
    any_store.commit(batch(*map(record, range(1, 41))))
    query = ListJobs(b"", 10, None)
    seen: list[int] = []
    any_store.list_jobs(query)
    seen += [job.number for job in query.records]
    ended = [*seen[-3:], *(set(range(1, 41)) - set(seen[:-3]) - {20, 30})][:20]
    any_store.commit(batch(record(50), delayed(51, 5.0), ended=ended))
    while query.following:
        query = ListJobs(query.following, 10, None)
        any_store.list_jobs(query)
        seen += [job.number for job in query.records]
    kept = set(range(1, 41)) - set(ended)
    assert kept <= set(seen)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("after", [b"no place", b"\xff", b" ", b"-1"])
def test_what_is_no_place_in_a_list_is_refused(any_store: Store, after: bytes) -> None:
    fill(any_store)
    with pytest.raises(StoreError, match="is no place in a list"):
        any_store.list_jobs(ListJobs(after, 10, None))
