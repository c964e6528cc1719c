"""What every store promises of dead letters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.queries import FindDead, ListDead
from geartrain.engine.records import Burial, Change
from geartrain.stores.base import Store
from tests.support.store_records import (
    batch,
    burials,
    counts,
    dead,
    dead_numbers,
    dead_values,
    failures,
    failures_value,
    found_dead,
    full_record,
    keyed,
    numbers,
    page,
    record,
    revivals,
    value,
    values,
)

Maker = Callable[[], Store]


@pytest.mark.parametrize("size", [0, 100, 60_000, 3_000_000])
def test_a_dead_letter_has_all_of_the_job_and_how_it_failed(
    any_store: Store, make: Maker, size: int
) -> None:
    job = full_record(5)
    job.workload = b"x" * size
    any_store.commit(batch(record(4), job))
    last = failures(9, 8)
    any_store.commit(batch(buried=[Burial(5, 1_700_000_555.125, last)]))
    job.due, job.died, job.failures = 0.0, 1_700_000_555.125, last
    assert dead_values(any_store) == [value(job)]
    assert numbers(any_store) == [4]
    any_store.close()
    with closing(make()) as again:
        again.open()
        assert dead_values(again) == [value(job)]


@pytest.mark.parametrize("function", [None, b"f", b"g"])
def test_dead_letters_are_listed_from_both_ends(
    any_store: Store, function: bytes | None
) -> None:
    added = [record(number) for number in range(1, 12)]
    for each in added:
        each.function = b"g" if each.number % 2 else b"f"
        each.priority = each.number % 3
    any_store.commit(batch(*added))
    any_store.commit(burials(*range(1, 11)))
    expected = [each.number for each in added[:10] if function in (None, each.function)]
    assert [each.number for each in dead(any_store, function, most=3)] == expected
    found, after = list[int](), 0
    while True:
        query = ListDead(after, 3, function)
        query.is_backward = True
        any_store.list_dead(query)
        if not query.records:
            break
        found += [each.number for each in query.records]
        after = found[-1]
    assert found == expected[::-1]


def test_a_job_may_be_added_and_buried_with_one_batch(any_store: Store) -> None:
    both = burials(1)
    both.added.append(record(1))
    any_store.commit(both)
    assert dead_numbers(any_store) == [1]
    assert numbers(any_store) == []


def test_a_job_may_be_changed_and_buried_with_one_batch(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    both = burials(1)
    both.changed.append(Change(1, 7.0, None))
    any_store.commit(both)
    letter = found_dead(any_store, 1)
    assert letter is not None
    assert failures_value(letter.failures) == failures_value(failures())


def test_a_dead_letter_is_not_changed(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    any_store.commit(burials(1))
    before = dead_values(any_store)
    any_store.commit(batch(changed=[Change(1, 7.0, None)]))
    any_store.commit(batch(buried=[Burial(1, 99.0, failures(50))]))
    assert dead_values(any_store) == before


def test_a_dead_letter_ends(any_store: Store, make: Maker) -> None:
    large = record(2, b"x" * 3_000_000)
    any_store.commit(batch(record(1), large, record(3)))
    any_store.commit(burials(1, 2, 3))
    any_store.commit(batch(ended=[2, 1]))
    assert dead_numbers(any_store) == [3]
    any_store.close()
    with closing(make()) as again:
        assert counts(again.open()) == {(b"resize", 1): (0, 0, 0.0, 0.0, 1)}


def test_a_dead_letter_becomes_a_job_again(any_store: Store, make: Maker) -> None:
    job = full_record(1)
    large = record(2, b"x" * 3_000_000)
    any_store.commit(batch(job, large))
    any_store.commit(burials(1, 2))
    any_store.commit(
        batch(revived=[Change(1, 0.0, None), Change(2, 8.5, failures(1, 1))])
    )
    job.due, job.failures = 0.0, None
    large.due, large.is_steady, large.failures = 8.5, True, failures(1, 1)
    expected = [value(job), value(large)]
    assert values(any_store) == expected
    assert dead_numbers(any_store) == []
    assert [value(each) for each in page(any_store, function=job.function)] == [
        value(job)
    ]
    any_store.close()
    with closing(make()) as again:
        again.open()
        assert values(again) == expected


def test_a_revived_job_may_die_again_with_the_same_batch(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    any_store.commit(burials(1))
    again = revivals(1)
    again.buried.append(Burial(1, 77.0, failures(6)))
    any_store.commit(again)
    letter = found_dead(any_store, 1)
    assert letter is not None
    assert letter.died == 77.0


def test_a_dead_letter_that_ends_is_not_revived(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    any_store.commit(burials(1))
    both = revivals(1)
    both.ended[1] = None
    any_store.commit(both)
    assert numbers(any_store) == []
    assert dead_numbers(any_store) == []


@pytest.mark.parametrize("count", [20, 700])
def test_many_jobs_die_and_live_again(any_store: Store, count: int) -> None:
    every = range(1, count + 1)
    any_store.commit(batch(*map(record, every)))
    any_store.commit(burials(*every))
    assert dead_numbers(any_store) == list(every)
    any_store.commit(revivals(*every))
    assert values(any_store) == [value(record(number)) for number in every]


def test_dead_letters_are_listed_by_number(any_store: Store) -> None:
    jobs = [record(number) for number in range(1, 31)]
    for job in jobs:
        job.function = (b"resize", b"report")[job.number % 2]
        job.priority = job.number % 3
    any_store.commit(batch(*jobs))
    any_store.commit(burials(*range(30, 5, -1)))
    assert [each.number for each in dead(any_store, most=7)] == list(range(6, 31))
    of_one = [each.number for each in dead(any_store, b"report", 4)]
    assert of_one == list(range(7, 31, 2))
    assert dead(any_store, b"repor") == []


def test_a_list_of_dead_letters_has_all_but_the_workloads(any_store: Store) -> None:
    job, large = full_record(1), record(2, b"x" * 50_000, b"y" * 3_000_000)
    any_store.commit(batch(job, large))
    any_store.commit(burials(1, 2))
    for each in (job, large):
        each.due, each.died, each.failures = 0.0, 1.5e9, failures()
    query = ListDead(0, 10, None)
    any_store.list_dead(query)
    assert [each.size for each in query.records] == [256, 3_050_000]
    for each in (job, large):
        each.workload, each.more = b"", []
    listed = [value(each) for each in query.records]
    assert listed == [value(job), value(large)]


def test_a_dead_letter_is_found_by_number(any_store: Store) -> None:
    any_store.commit(batch(record(1, b"abc"), record(2)))
    any_store.commit(burials(1))
    letter = found_dead(any_store, 1)
    assert letter is not None
    assert (letter.workload, letter.size, letter.died) == (b"abc", 3, 1.5e9)
    assert found_dead(any_store, 2) is None
    assert found_dead(any_store, 3) is None


def test_a_dead_letter_has_no_key(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"once")))
    any_store.commit(burials(1))
    second = keyed(2, b"once", is_tentative=True)
    any_store.commit(batch(second))
    assert second.twin == 0
    assert numbers(any_store) == [2]


def test_queries_about_dead_letters_are_answered(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    any_store.commit(burials(1))
    first, second = ListDead(0, 10, None), FindDead(1)
    any_store.answer(first)
    any_store.answer(second)
    assert [each.number for each in first.records] == [1]
    assert second.record is not None
