"""What every store promises of jobs that are replaced."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.records import Change, JobRecord, Move
from geartrain.stores.base import Store
from tests.support.store_records import (
    batch,
    burials,
    dead_numbers,
    delayed,
    due_page,
    found,
    found_by_key,
    full_record,
    keyed,
    numbers,
    page,
    record,
    value,
)

Maker = Callable[[], Store]


def replacing(*records: JobRecord) -> Batch:
    made = Batch(1)
    made.replaced = {each.number: each for each in records}
    return made


@pytest.mark.parametrize("size", [0, 100, 200_000])
def test_a_job_is_what_replaced_it(any_store: Store, make: Maker, size: int) -> None:
    any_store.commit(batch(full_record(1), record(2, b"other")))
    newer = full_record(1)
    newer.workload, newer.more = b"w" * size, [b"m" * size]
    newer.headers, newer.reducer = b"tenant=b", b"sum"
    any_store.commit(replacing(newer))
    any_store.close()
    with closing(make()) as again:
        again.open()
        assert numbers(again) == [1, 2]
        kept = found(again, 1)
        assert kept is not None
        assert value(kept) == value(newer)


def test_a_large_job_becomes_a_small_one(any_store: Store) -> None:
    any_store.commit(batch(record(1, b"w" * 200_000)))
    any_store.commit(replacing(record(1, b"small")))
    kept = found(any_store, 1)
    assert kept is not None
    assert (kept.workload, kept.more) == (b"small", [])


def test_it_keeps_its_key_and_its_place(any_store: Store, make: Maker) -> None:
    jobs = [keyed(number, b"k%d" % number) for number in range(1, 6)]
    any_store.commit(batch(*jobs))
    for _ in range(3):
        any_store.commit(replacing(keyed(3, b"k3")))
    assert found_by_key(any_store, b"k3") == 3
    assert [each.number for each in page(any_store)] == [1, 2, 3, 4, 5]
    any_store.close()
    with closing(make()) as again:
        (queue,) = again.open().queues
        assert queue.ready == 5
        assert found_by_key(again, b"k3") == 3
        ended = Batch(2)
        ended.ended = {3: None}
        again.commit(ended)
        assert found_by_key(again, b"k3") == 0


def test_its_time_is_another(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(delayed(1, 2000.0, is_steady=True), record(2)))
    any_store.commit(replacing(delayed(1, 3000.0, is_steady=True), delayed(2, 5.0)))
    assert page(any_store) == []
    query = due_page(any_store, 2999.0, is_steady=True)
    assert (query.records, query.next_due) == ([], 3000.0)
    any_store.close()
    with closing(make()) as again:
        (queue,) = again.open().queues
        assert (queue.ready, queue.delayed) == (0, 2)
        assert (queue.next_due, queue.next_steady) == (5.0, 3000.0)


def test_what_is_not_kept_is_not_replaced(any_store: Store) -> None:
    any_store.commit(batch(record(1), record(2), record(3)))
    any_store.commit(burials(2))
    both = replacing(record(1, b"a"), record(2, b"b"), record(9, b"c"))
    both.ended = {1: None}
    any_store.commit(both)
    assert (numbers(any_store), dead_numbers(any_store)) == ([3], [2])


def test_a_commit_moves_first_and_buries_last(any_store: Store) -> None:
    any_store.commit(batch(record(1), record(2)))
    made = replacing(delayed(1, 50.0, is_steady=True), record(2, b"newer"))
    made.changed = [Change(1, 20.0, None)]
    made.moved = {1: Move(1, b"elsewhere", 2, 30.0, is_steady=True)}
    made.buried = burials(2).buried
    any_store.commit(made)
    kept = found(any_store, 1)
    assert kept is not None
    assert (kept.function, kept.priority, kept.due) == (b"resize", 1, 50.0)
    assert dead_numbers(any_store) == [2]


def test_what_is_new_and_too_large_is_left_out_with_its_reason() -> None:
    made = replacing(record(1, b"w" * 50), record(2, b"w" * 500))
    made.added = [record(3, b"w" * 60)]
    made.ended = {4: None}
    fitting, left_out = made.within(120)
    assert list(fitting.replaced) == [1]
    assert [each.number for each in fitting.added] == [3]
    assert [each.number for each in left_out] == [2]
    assert made.parted()[1].replaced == {}
    assert made.has_new()
