"""What every store promises of opening, committing and closing.

Another kind of store is one more line in ``kinds.py``.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.queries import FindJob, Page
from geartrain.engine.records import Burial, Change, JobRecord, Move
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.memory import MemoryStore
from tests.support.store_records import (
    batch,
    burials,
    counts,
    dead_numbers,
    dead_values,
    delayed,
    entries_of,
    failures,
    found_dead,
    full_record,
    numbers,
    record,
    revivals,
    schedule,
    schedule_value,
    value,
    values,
)

COVERS = (
    "stores/base",
    "stores/memory",
    "stores/job_packing",
    "stores/memory_records",
    "stores/sqlite/entries",
    "stores/sqlite/jobs",
    "stores/mysql/endings",
    "stores/mysql/entries",
    "stores/mysql/jobs",
    "stores/mysql/lists",
    "stores/mysql/queues",
    "stores/mysql/results",
    "stores/plan",
    "stores/queues",
    "stores/schedule_packing",
    "stores/slices",
    "stores/sqlite/queues",
    "stores/sqlite/rows",
)

Maker = Callable[[], Store]


def reopened(store: Store, make: Maker) -> Store:
    store.close()
    again = make()
    again.open()
    return again


def test_a_new_store_is_empty(make: Maker) -> None:
    with closing(make()) as new:
        inventory = new.open()
        assert inventory.reserved == 0
        assert inventory.queues == []
        assert inventory.schedules == []
        assert inventory.entries == []
        assert values(new) == []
        assert dead_values(new) == []


@pytest.mark.parametrize("priority", [0, 1, 2])
def test_every_field_comes_back(any_store: Store, make: Maker, priority: int) -> None:
    job = full_record(2**40 + 1, priority)
    any_store.commit(batch(job))
    assert values(any_store) == [value(job)]
    with closing(reopened(any_store, make)) as again:
        assert values(again) == [value(job)]


def test_empty_fields_come_back(any_store: Store, make: Maker) -> None:
    job = JobRecord(1, b"", b"")
    any_store.commit(batch(job))
    with closing(reopened(any_store, make)) as again:
        assert values(again) == [value(job)]


@pytest.mark.parametrize(
    "sizes",
    [
        (0, 1),
        (10, 0, 0, 5),
        (64 * 1024,),
        (64 * 1024, 1),
        (64 * 1024 - 1, 1, 1),
        (64 * 1024 + 1,),
        (1024 * 1024, 1),
        (9_000_001,),
        (256 * 1024, *[65536] * 200, 7),
        (1, 5_000_000, 3, 2 * 1024 * 1024),
    ],
)
def test_a_workload_in_pieces_comes_back(
    any_store: Store, make: Maker, sizes: tuple[int, ...]
) -> None:
    randomness = random.Random(4730)
    job = record(2, *[randomness.randbytes(size) for size in sizes])
    others = [record(1, b"before"), record(3, b"after")]
    expected = [value(each) for each in (others[0], job, others[1])]
    any_store.commit(batch(others[0], job, others[1]))
    assert values(any_store) == expected
    again = reopened(any_store, make)
    with closing(again):
        assert values(again) == expected
        again.commit(batch(ended=[2]))
        again.commit(batch(record(2, b"another")))
        assert values(again)[1] == value(record(2, b"another"))


@pytest.mark.parametrize("size", [1, 2, 15, 17, 100, 511, 513, 1000, 2500])
def test_a_batch_of_any_size_is_kept_and_ended(any_store: Store, size: int) -> None:
    jobs = [record(number, b"%d" % number) for number in range(1, size + 1)]
    any_store.commit(batch(*jobs))
    assert values(any_store) == [value(job) for job in jobs]
    any_store.commit(batch(ended=range(1, size)))
    assert numbers(any_store) == [size]


@pytest.mark.parametrize("size", [60_000, 300_000])
def test_many_large_workloads_in_one_batch_come_back(
    any_store: Store, size: int
) -> None:
    jobs = [record(number, bytes([number]) * size) for number in range(1, 41)]
    any_store.commit(batch(*jobs))
    assert values(any_store) == [value(job) for job in jobs]


def test_jobs_may_come_in_any_order(any_store: Store) -> None:
    order = list(range(1, 400))
    random.Random(4730).shuffle(order)
    for start in range(0, len(order), 50):
        any_store.commit(batch(*map(record, order[start : start + 50])))
    assert numbers(any_store) == sorted(order)


def test_a_job_that_ended_is_gone_and_its_neighbours_stay(
    any_store: Store, make: Maker
) -> None:
    any_store.commit(batch(*map(record, range(1, 6))))
    any_store.commit(batch(ended=[2, 5]))
    assert numbers(any_store) == [1, 3, 4]
    with closing(reopened(any_store, make)) as again:
        assert numbers(again) == [1, 3, 4]


def test_what_ends_with_a_batch_goes_before_what_is_added(any_store: Store) -> None:
    any_store.commit(batch(record(1, b"old"), record(2)))
    any_store.commit(batch(record(1, b"new"), ended=[1, 2]))
    assert values(any_store) == [value(record(1, b"new"))]


def test_numbers_that_are_not_kept_are_ignored(any_store: Store) -> None:
    any_store.commit(batch(record(1), ended=[99, 2**60]))
    any_store.commit(burials(98))
    any_store.commit(revivals(97, 1))
    any_store.commit(batch(changed=[Change(96, 5.0, None)], unscheduled=[1, 95]))
    assert values(any_store) == [value(record(1))]
    assert dead_numbers(any_store) == []


def test_an_empty_batch_changes_nothing(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    any_store.commit(batch())
    assert numbers(any_store) == [1]


def test_a_record_may_change_after_the_commit(any_store: Store) -> None:
    job = full_record(1)
    expected = value(job)
    any_store.commit(batch(job))
    job.due = 5.0
    assert job.failures is not None
    job.failures.attempts = 77
    assert values(any_store) == [expected]


def test_a_change_sets_due_time_and_failures_and_nothing_else(
    any_store: Store, make: Maker
) -> None:
    job = full_record(2)
    any_store.commit(batch(record(1), job, record(3)))
    changes = [Change(1, 1.25, failures(4, 5)), Change(2, 0.0, None)]
    any_store.commit(batch(changed=changes))
    first = record(1)
    first.due, first.is_steady, first.failures = 1.25, True, failures(4, 5)
    job.due, job.failures = 0.0, None
    expected = [value(first), value(job), value(record(3))]
    assert values(any_store) == expected
    with closing(reopened(any_store, make)) as again:
        assert values(again) == expected


def test_a_change_of_a_large_job_leaves_its_workload(any_store: Store) -> None:
    job = record(1, b"x" * 50_000)
    large = record(2, b"y" * 100_000, b"z" * 3_000_000)
    any_store.commit(batch(job, large))
    changes = [Change(number, 9.5, failures()) for number in (1, 2)]
    any_store.commit(batch(changed=changes))
    for each in (job, large):
        each.due, each.is_steady, each.failures = 9.5, True, failures()
    assert values(any_store) == [value(job), value(large)]


def test_the_last_of_several_changes_counts(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    changes = [Change(1, due, failures(int(due))) for due in (3.0, 9.0, 6.0)]
    any_store.commit(batch(changed=changes))
    job = record(1)
    job.due, job.is_steady, job.failures = 6.0, True, failures(6)
    assert values(any_store) == [value(job)]


def test_a_job_may_be_added_and_changed_with_one_batch(any_store: Store) -> None:
    any_store.commit(batch(record(1), changed=[Change(1, 7.0, failures())]))
    job = delayed(1, 7.0, is_steady=True)
    job.failures = failures()
    assert values(any_store) == [value(job)]


@pytest.mark.parametrize("size", [20, 700, 1500])
def test_many_jobs_may_be_changed_with_one_batch(any_store: Store, size: int) -> None:
    any_store.commit(batch(*map(record, range(1, size + 1))))
    due = [float(number % 7) for number in range(size + 1)]
    changes = [Change(number, due[number], None) for number in range(1, size)]
    any_store.commit(batch(changed=changes))
    changed = [delayed(n, due[n], is_steady=True) for n in range(1, size)]
    expected = list(map(value, changed))
    assert values(any_store) == [*expected, value(record(size))]


def test_jobs_and_dead_letters_are_moved(any_store: Store, make: Maker) -> None:
    large = record(3, b"y" * 100_000, b"z" * 700_000)
    any_store.commit(batch(full_record(1), record(2), large, delayed(4, 9.5)))
    any_store.commit(burials(2))
    moves = [
        Move(1, b"report", 0, 7.5, True),
        Move(2, b"report", 2, 0.0, False),
        Move(3, b"resize", 2, 8.5, False),
        Move(4, b"\0new", 1, 0.0, False),
        Move(99, b"nobody's", 1, 0.0, False),
    ]
    any_store.commit(batch(moved={each.number: each for each in moves}))
    first, fourth = full_record(1, 0), record(4)
    first.function, first.due, first.is_steady = b"report", 7.5, True
    large.priority, large.due = 2, 8.5
    fourth.function = b"\0new"
    expected = [value(each) for each in (first, large, fourth)]
    with closing(reopened(any_store, make)) as again:
        assert values(again) == expected
        letter = found_dead(again, 2)
        assert letter is not None
        assert (letter.function, letter.priority, letter.due) == (b"report", 2, 0.0)
        assert letter.died == 1.5e9
        assert dead_numbers(again, b"report") == [2]
        again.close()
        assert counts(again.open()) == {
            (b"report", 0): (0, 1, 0.0, 7.5, 0),
            (b"report", 2): (0, 0, 0.0, 0.0, 1),
            (b"resize", 2): (0, 1, 8.5, 0.0, 0),
            (b"\0new", 1): (1, 0, 0.0, 0.0, 0),
        }


def test_a_move_comes_after_a_change_and_before_a_burial(any_store: Store) -> None:
    any_store.commit(batch(record(1)))
    added = record(2)
    any_store.commit(
        batch(
            added,
            changed=[Change(1, 5.0, failures()), Change(2, 6.0, None)],
            moved={n: Move(n, b"report", 1, 7.0, True) for n in (1, 2)},
            buried=[Burial(2, 1.5e9, failures())],
        )
    )
    first = delayed(1, 7.0, is_steady=True)
    first.function, first.failures = b"report", failures()
    assert values(any_store) == [value(first)]
    assert dead_numbers(any_store, b"report") == [2]


def test_schedules_come_back_in_the_order_of_their_numbers(
    any_store: Store, make: Maker
) -> None:
    any_store.commit(batch(schedules=[schedule(9), schedule(3)]))
    any_store.commit(batch(schedules=[schedule(5), schedule(4)], unscheduled=[4]))
    other = schedule(9)
    other.workload = b""
    other.fields = [b""] * 5
    other.headers = b""
    any_store.commit(batch(schedules=[other], unscheduled=[3]))
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
    kept = [schedule_value(each) for each in inventory.schedules]
    assert kept == [schedule_value(schedule(5)), schedule_value(other)]


def test_entries_come_back_by_kind_and_key(any_store: Store, make: Maker) -> None:
    first = {
        (b"policy", b"resize"): b"{}",
        (b"policy", b""): b"",
        (b"limit\0", b"\xff"): bytes(range(256)) * 300,
        (b"limit", b"\0\xff"): b"other",
    }
    any_store.commit(batch(entries=dict(first)))
    changes = {
        (b"policy", b"resize"): b'{"paused": true}',
        (b"policy", b""): None,
        (b"policy", b"never kept"): None,
        (b"limit", b"a"): b"2",
    }
    any_store.commit(batch(entries=changes))
    kept = {**first, **changes}
    del kept[b"policy", b""], kept[b"policy", b"never kept"]
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        assert entries_of(inventory) == sorted((*name, kept[name]) for name in kept)
        again.commit(batch(entries=dict.fromkeys(kept)))
        again.close()
        assert again.open().entries == []


def test_an_entry_counts_for_the_batch_it_came_with(
    any_store: Store, make: Maker
) -> None:
    any_store.commit(batch(record(1), entries={(b"log", b"1"): b"before"}))
    with pytest.raises(StoreError):
        any_store.commit(batch(record(1), entries={(b"log", b"1"): b"after"}))
    with pytest.raises(StoreError):
        any_store.commit(batch(record(1), entries={(b"log", b"1"): None}))
    any_store.close()
    with closing(make()) as again:
        assert entries_of(again.open()) == [(b"log", b"1", b"before")]


def test_thousands_of_entries_come_back(any_store: Store, make: Maker) -> None:
    names = [(b"log", b"%05d" % number) for number in range(5000)]
    any_store.commit(batch(entries=dict.fromkeys(names, b"x" * 100)))
    any_store.commit(batch(entries=dict.fromkeys(names[:4990])))
    any_store.close()
    with closing(make()) as again:
        kept = entries_of(again.open())
    assert kept == [(*name, b"x" * 100) for name in names[4990:]]


def test_opening_returns_the_number_reserved(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(reserved=1000))
    any_store.commit(batch(reserved=10))
    any_store.commit(batch(record(1)))
    any_store.close()
    with closing(make()) as again:
        assert again.open().reserved == 1000


def test_a_number_beyond_those_reserved_is_reserved(
    any_store: Store, make: Maker
) -> None:
    any_store.commit(batch(record(2000), reserved=1000))
    any_store.close()
    with closing(make()) as again:
        assert again.open().reserved == 2000
        again.commit(burials(2000))
        again.close()
        assert again.open().reserved == 2000
        again.commit(batch(schedules=[schedule(3000)]))
        again.close()
        assert again.open().reserved == 3000


def test_opening_returns_what_is_kept_of_each_queue(
    any_store: Store, make: Maker
) -> None:
    low, other = record(6), record(7)
    low.priority, other.function = 2, b"report"
    jobs = [record(1), record(2), delayed(3, 90.5), delayed(4, 80.5), record(5)]
    any_store.commit(batch(*jobs, low, other, record(8)))
    any_store.commit(burials(5, 4, 7))
    any_store.commit(batch(ended=[8]))
    any_store.close()
    with closing(make()) as again:
        assert counts(again.open()) == {
            (b"resize", 1): (2, 1, 90.5, 0.0, 2),
            (b"resize", 2): (1, 0, 0.0, 0.0, 0),
            (b"report", 1): (0, 0, 0.0, 0.0, 1),
        }


def test_opening_tells_of_no_queue_that_is_empty(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(record(1), delayed(2, 5.0), record(3)))
    any_store.commit(burials(3))
    any_store.commit(batch(ended=[1, 2, 3]))
    any_store.close()
    with closing(make()) as again:
        assert again.open().queues == []


def test_counts_follow_every_change(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(*map(record, range(1, 11))))
    any_store.commit(batch(changed=[Change(n, 5.0 + n, None) for n in (1, 2, 3, 4)]))
    any_store.commit(batch(changed=[Change(1, 0.0, None), Change(2, 4.0, None)]))
    any_store.commit(burials(3, 5, 6, 7))
    revived = [Change(5, 0.0, None), Change(6, 3.0, None)]
    any_store.commit(batch(ended=[7, 8], revived=revived))
    any_store.close()
    with closing(make()) as again:
        assert counts(again.open()) == {(b"resize", 1): (4, 3, 0.0, 3.0, 1)}


@pytest.mark.parametrize("place", [0, 700])
def test_a_batch_that_fails_half_way_leaves_nothing(
    any_store: Store, make: Maker, place: int
) -> None:
    any_store.commit(batch(record(1), record(5000, b"kept"), reserved=6000))
    added = [record(number, b"x" * 5000) for number in range(100, 1000)]
    added[1].more = [b"x" * 3_000_000]
    added[2].function = b"never kept"
    # A number is given to one job only: this one is kept already.
    added.insert(place, record(5000, b"late"))
    with pytest.raises(StoreError):
        any_store.commit(
            batch(*added, ended=[1], reserved=9000, schedules=[schedule(7)])
        )
    expected = [value(record(1)), value(record(5000, b"kept"))]
    assert values(any_store) == expected
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        assert inventory.reserved == 6000
        assert inventory.schedules == []
        assert counts(inventory) == {(b"resize", 1): (2, 0, 0.0, 0.0, 0)}
        assert values(again) == expected


def test_a_commit_after_one_that_failed_succeeds(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(record(1)))
    first = record(2)
    first.function = b"report"
    with pytest.raises(StoreError):
        any_store.commit(batch(first, record(1)))
    any_store.commit(batch(first, ended=[1]))
    any_store.close()
    with closing(make()) as again:
        assert counts(again.open()) == {(b"report", 1): (1, 0, 0.0, 0.0, 0)}
        assert numbers(again) == [2]


def test_methods_may_be_called_on_other_threads(any_store: Store) -> None:
    def commit() -> None:
        any_store.commit(batch(*map(record, range(1, 100))))

    thread = threading.Thread(target=commit)
    thread.start()
    thread.join()
    assert numbers(any_store) == list(range(1, 100))


def test_closing_twice_does_nothing(any_store: Store) -> None:
    any_store.close()
    any_store.close()


def test_closing_a_store_that_was_never_open_does_nothing(make: Maker) -> None:
    make().close()


def test_a_closed_store_says_so(any_store: Store) -> None:
    any_store.close()
    with pytest.raises(StoreError, match="not open"):
        any_store.commit(batch(record(1)))
    with pytest.raises(StoreError, match="not open"):
        any_store.page(Page(b"resize", 1, 0, 10))


def test_an_answer_that_cannot_be_given_has_the_reason(any_store: Store) -> None:
    any_store.close()
    query = FindJob(1)
    any_store.answer(query)
    assert "not open" in query.error
    assert query.record is None


@pytest.mark.parametrize("size", [3, 100_000, 5_000_000])
def test_the_beginning_of_a_workload_is_read_without_the_rest(
    any_store: Store, size: int
) -> None:
    large = record(1)
    large.workload, large.more = b"begin", [b"x" * (size - 5)] if size > 5 else []
    large.size = size if size > 5 else 5
    any_store.commit(batch(large))
    query = FindJob(1, first=4)
    any_store.answer(query)
    assert query.record is not None
    read = b"".join([query.record.workload, *query.record.more])
    assert read.startswith(b"begi")
    # A store in memory reads nothing: it has the pieces.
    assert len(read) < 1_500_000 or isinstance(any_store, MemoryStore)
    assert query.record.size == large.size


def test_a_store_can_be_opened_again_after_it_was_closed(any_store: Store) -> None:
    any_store.commit(batch(record(1), reserved=10))
    any_store.close()
    assert any_store.open().reserved == 10
    assert numbers(any_store) == [1]


def test_a_store_in_use_is_refused_until_it_is_closed(
    any_store: Store, make: Maker
) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match="in use by another job server"):
            make().open()
    any_store.commit(batch(record(1)))
    any_store.close()
    with closing(make()) as second:
        second.open()
        assert numbers(second) == [1]
