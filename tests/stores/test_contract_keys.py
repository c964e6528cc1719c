"""What every store promises of keys, by which jobs coalesce."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.kept_entries import BATCH, OWNER, SUCCESSOR
from geartrain.engine.queries import FindKey
from geartrain.engine.records import Change
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from tests.support.store_records import (
    batch,
    burials,
    found_by_key,
    keyed,
    numbers,
    record,
    revivals,
    value,
)

COVERS = ("stores/sqlite/twins",)

Maker = Callable[[], Store]

DIGEST = b"-\0" + bytes(range(32))


def twin_of(store: Store, number: int, key: bytes, function: bytes = b"resize") -> int:
    """Return what becomes of a tentative job: its twin, or 0 if it is kept."""
    job = keyed(number, key, function, is_tentative=True)
    store.commit(batch(job))
    return job.twin


def test_a_job_is_found_by_its_key(any_store: Store, make: Maker) -> None:
    jobs = [keyed(number, b"key %d" % number) for number in range(1, 50)]
    any_store.commit(batch(*jobs, record(50)))
    assert found_by_key(any_store, b"key 7") == 7
    assert found_by_key(any_store, b"key 7", b"resize") == 7
    assert found_by_key(any_store, b"key 7", b"report") == 0
    assert found_by_key(any_store, b"key") == 0
    any_store.close()
    with closing(make()) as again:
        again.open()
        assert found_by_key(again, b"key 7") == 7


def test_of_two_with_a_key_one_can_be_left_out(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"u"), keyed(2, b"u"), keyed(3, b"alone")))
    assert found_by_key(any_store, b"u", other=1) == 2
    assert found_by_key(any_store, b"u", other=2) == 1
    assert found_by_key(any_store, b"alone", other=3) == 0


def test_a_job_found_by_key_is_whole_but_for_its_workload(any_store: Store) -> None:
    job = keyed(1, b"\0\xff" * 50)
    job.workload = b"x" * 200_000
    any_store.commit(batch(job))
    query = FindKey(job.key, None)
    any_store.answer(query)
    assert query.record is not None
    assert (query.record.workload, query.record.more) == (b"", [])
    query.record.workload = job.workload
    assert value(query.record) == value(job)
    assert query.record.size == 200_000


def test_a_key_is_not_the_unique(any_store: Store) -> None:
    by_workload, without = keyed(1, b"-"), keyed(2, b"alone")
    by_workload.key = DIGEST
    without.key = b""
    any_store.commit(batch(by_workload, without))
    assert found_by_key(any_store, DIGEST) == 1
    assert found_by_key(any_store, b"-") == 0
    assert found_by_key(any_store, b"alone") == 0
    assert twin_of(any_store, 3, DIGEST) == 1
    assert twin_of(any_store, 4, b"alone") == 0


def test_functions_do_not_share_keys(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"a", b"resize"), keyed(2, b"a", b"report")))
    assert found_by_key(any_store, b"a", b"report") == 2
    assert found_by_key(any_store, b"a") in (1, 2)
    assert twin_of(any_store, 3, b"a", b"resize") == 1
    assert twin_of(any_store, 4, b"a", b"report") == 2
    assert twin_of(any_store, 5, b"a", b"other") == 0
    assert numbers(any_store) == [1, 2, 5]


def test_priorities_share_keys(any_store: Store) -> None:
    job = keyed(1, b"a")
    job.priority = 0
    any_store.commit(batch(job))
    assert twin_of(any_store, 2, b"a") == 1


def test_a_tentative_job_without_a_key_is_kept(any_store: Store) -> None:
    first, second = record(1), record(2)
    first.is_tentative = second.is_tentative = True
    any_store.commit(batch(first, second))
    assert (first.twin, second.twin) == (0, 0)
    assert numbers(any_store) == [1, 2]


def test_a_job_that_is_not_tentative_is_kept_beside_another(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"a")))
    any_store.commit(batch(keyed(2, b"a")))
    assert numbers(any_store) == [1, 2]
    assert twin_of(any_store, 3, b"a") in (1, 2)
    any_store.commit(batch(ended=[1]))
    assert found_by_key(any_store, b"a") == 2
    assert twin_of(any_store, 4, b"a") == 2


def test_tentative_jobs_of_one_batch_are_twins(any_store: Store) -> None:
    jobs = [keyed(number, b"a", is_tentative=True) for number in (1, 2, 3)]
    other = keyed(4, b"a", b"report", is_tentative=True)
    any_store.commit(batch(*jobs, other))
    assert [job.twin for job in (*jobs, other)] == [0, 1, 1, 0]
    assert numbers(any_store) == [1, 4]


def test_a_twin_may_be_in_front_in_the_same_batch(any_store: Store) -> None:
    tentative = keyed(2, b"a", is_tentative=True)
    any_store.commit(batch(keyed(1, b"a"), tentative))
    assert tentative.twin == 1
    assert numbers(any_store) == [1]


def test_a_job_that_ends_with_the_batch_is_nobodys_twin(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"a")))
    second = keyed(2, b"a", is_tentative=True)
    any_store.commit(batch(second, ended=[1]))
    assert second.twin == 0
    assert numbers(any_store) == [2]
    any_store.commit(batch(ended=[2]))
    assert twin_of(any_store, 3, b"a") == 0


def test_a_job_that_waits_for_another_attempt_is_a_twin(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"a")))
    any_store.commit(batch(changed=[Change(1, 99.0, None)]))
    assert twin_of(any_store, 2, b"a") == 1
    assert found_by_key(any_store, b"a") == 1


def test_a_revived_job_has_its_key_again(any_store: Store) -> None:
    by_workload = keyed(2, b"-")
    by_workload.key = DIGEST
    any_store.commit(batch(keyed(1, b"a"), by_workload, record(3)))
    any_store.commit(burials(1, 2, 3))
    assert found_by_key(any_store, b"a") == 0
    assert found_by_key(any_store, DIGEST) == 0
    any_store.commit(revivals(1, 2, 3))
    assert found_by_key(any_store, b"a") == 1
    assert twin_of(any_store, 4, b"a") == 1
    assert twin_of(any_store, 5, DIGEST) == 2
    any_store.commit(batch(ended=[1]))
    assert found_by_key(any_store, b"a") == 0


def test_a_number_that_a_batch_gives_twice_is_refused_with_equal_keys_too(
    any_store: Store,
) -> None:
    with pytest.raises(StoreError):
        any_store.commit(batch(keyed(1, b"a"), keyed(1, b"a")))
    assert numbers(any_store) == []


def test_a_batch_that_fails_leaves_no_keys(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    with pytest.raises(StoreError):
        any_store.commit(batch(keyed(2, b"a"), record(1)))
    assert found_by_key(any_store, b"a") == 0
    assert twin_of(any_store, 3, b"a") == 0


@pytest.mark.parametrize("size", [100, 1000])
def test_of_many_jobs_each_is_found(any_store: Store, make: Maker, size: int) -> None:
    every = range(1, 3 * size)
    order = list(every)
    random.Random(4730).shuffle(order)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        any_store.commit(batch(*(keyed(n, b"%d" % n) for n in part)))
    any_store.commit(batch(ended=[n for n in every if n % 3 == 0]))
    any_store.close()
    again = make()
    with closing(again):
        again.open()
        base = len(order) + 1
        late = [keyed(base + n, b"%d" % n, is_tentative=True) for n in every]
        again.commit(batch(*late))
        assert [job.twin for job in late] == [n if n % 3 else 0 for n in every]
        for n in every:
            assert found_by_key(again, b"%d" % n) == (n if n % 3 else base + n)


def test_a_number_that_ends_and_is_added_with_one_batch_has_its_key(
    any_store: Store, make: Maker
) -> None:
    any_store.commit(batch(keyed(1, b"a"), keyed(2, b"b")))
    any_store.commit(batch(keyed(1, b"a"), keyed(2, b"c"), ended=[1, 2]))
    any_store.close()
    with closing(make()) as again:
        again.open()
        assert found_by_key(again, b"a") == 1
        assert found_by_key(again, b"b") == 0
        assert found_by_key(again, b"c") == 2


def test_a_job_that_is_added_and_buried_with_one_batch_has_no_key(
    any_store: Store,
) -> None:
    both = burials(1)
    both.added.append(keyed(1, b"a"))
    any_store.commit(both)
    assert found_by_key(any_store, b"a") == 0
    again = revivals(1)
    again.buried = burials(1).buried
    any_store.commit(again)
    assert found_by_key(any_store, b"a") == 0
    any_store.commit(revivals(1))
    assert found_by_key(any_store, b"a") == 1


def test_entries_do_not_count_a_job_that_is_anothers_twin(any_store: Store) -> None:
    any_store.commit(batch(keyed(1, b"k")))
    twin, other = keyed(2, b"k", is_tentative=True), keyed(3, b"l", is_tentative=True)
    added = batch(twin, other)
    for each in (twin, other):
        each.options, each.owner, each.size = b"batch=x", b"shop", 10
    added.entries = {
        (BATCH, b"x"): b'{"total": 5, "dead": 0}',
        (OWNER, b"shop"): b"7 70",
        (SUCCESSOR, b"2"): b"{}",
        (SUCCESSOR, b"3"): b"{}",
    }
    any_store.commit(added)
    assert [twin.twin, other.twin] == [1, 0]
    any_store.close()
    kept = {(each.kind, each.key): each.value for each in any_store.open().entries}
    assert {name: kept[name] for name in kept if name in added.entries} == {
        (BATCH, b"x"): b'{"total": 4, "dead": 0}',
        (OWNER, b"shop"): b"6 60",
        (SUCCESSOR, b"3"): b"{}",
    }
