"""What every store promises: another kind is one more line in ``kinds.py``."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.journal import JobRecord
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from tests.stores.kinds import KINDS
from tests.stores.records import batch, numbers, record, value, values

Maker = Callable[[], Store]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """Return what makes one and the same store, not yet open."""
    return lambda: KINDS[request.param](str(tmp_path / "store"))


@pytest.fixture
def store(make: Maker) -> Iterator[Store]:
    with closing(make()) as opened:
        opened.open()
        yield opened


def reopened(store: Store, make: Maker) -> Store:
    store.close()
    again = make()
    again.open()
    return again


def full_record(number: int, priority: int) -> JobRecord:
    """Return a job none of whose fields is as it was made."""
    job = JobRecord(number, b"H:\0\xff:%d" % number, b"\0re\xffsize\0")
    job.unique = bytes(range(64))
    job.priority = priority
    job.reducer = b"sum\0\xfe"
    job.due = 1_700_000_123.456789
    job.losses = 7
    job.submitted = 1_700_000_000.000001
    job.workload = bytes(range(256))
    return job


def test_a_new_store_is_empty(store: Store) -> None:
    assert values(store) == []


def test_opening_a_new_store_returns_0(make: Maker) -> None:
    with closing(make()) as new:
        assert new.open() == 0


@pytest.mark.parametrize("priority", [0, 1, 2])
def test_every_field_comes_back(store: Store, make: Maker, priority: int) -> None:
    job = full_record(2**40 + 1, priority)
    store.commit(batch(job))
    assert values(store) == [value(job)]
    with closing(reopened(store, make)) as again:
        assert values(again) == [value(job)]


def test_empty_fields_come_back(store: Store, make: Maker) -> None:
    job = JobRecord(1, b"", b"")
    store.commit(batch(job))
    with closing(reopened(store, make)) as again:
        assert values(again) == [value(job)]


@pytest.mark.parametrize(
    "sizes",
    [
        (0, 1),
        (10, 0, 0, 5),
        (1024 * 1024, 1),
        (1024 * 1024 - 1, 1, 1),
        (1024 * 1024 + 1,),
        (9_000_001,),
        (256 * 1024, *[65536] * 200, 7),
        (1, 5_000_000, 3, 2 * 1024 * 1024),
    ],
)
def test_a_workload_in_pieces_comes_back(
    store: Store, make: Maker, sizes: tuple[int, ...]
) -> None:
    randomness = random.Random(4730)
    job = record(2, *[randomness.randbytes(size) for size in sizes])
    others = [record(1, b"before"), record(3, b"after")]
    expected = [value(each) for each in (others[0], job, others[1])]
    store.commit(batch(others[0], job, others[1]))
    assert values(store) == expected
    again = reopened(store, make)
    with closing(again):
        assert values(again) == expected
        again.commit(batch(ended=[2]))
        again.commit(batch(record(2, b"another")))
        assert values(again)[1] == value(record(2, b"another"))


@pytest.mark.parametrize("size", [1, 2, 15, 17, 100, 511, 513, 1000, 5000])
def test_a_batch_of_any_size_is_kept_and_ended(store: Store, size: int) -> None:
    jobs = [record(number, b"%d" % number) for number in range(1, size + 1)]
    store.commit(batch(*jobs))
    assert values(store) == [value(job) for job in jobs]
    store.commit(batch(ended=range(1, size)))
    assert numbers(store) == [size]


def test_many_large_workloads_in_one_batch_come_back(store: Store) -> None:
    jobs = [record(number, bytes([number]) * 300_000) for number in range(1, 41)]
    store.commit(batch(*jobs))
    assert values(store) == [value(job) for job in jobs]


def test_jobs_come_in_the_order_of_their_numbers(store: Store) -> None:
    order = list(range(1, 400))
    random.Random(4730).shuffle(order)
    for start in range(0, len(order), 50):
        store.commit(batch(*map(record, order[start : start + 50])))
    assert numbers(store) == sorted(order)


def test_a_job_that_ended_is_gone_and_its_neighbours_stay(
    store: Store, make: Maker
) -> None:
    store.commit(batch(*map(record, range(1, 6))))
    store.commit(batch(ended=[2, 5]))
    assert numbers(store) == [1, 3, 4]
    with closing(reopened(store, make)) as again:
        assert numbers(again) == [1, 3, 4]


def test_a_batch_may_add_a_job_and_end_it(store: Store) -> None:
    large = record(3, b"x" * 3_000_000, b"y" * 3_000_000)
    store.commit(batch(record(1), record(2), large, ended=[3, 2]))
    assert numbers(store) == [1]


def test_the_end_of_a_job_that_is_not_kept_is_ignored(store: Store) -> None:
    store.commit(batch(record(1), ended=[99, 2**60]))
    store.commit(batch(ended=[1, 1, 5]))
    assert numbers(store) == []


def test_an_empty_batch_changes_nothing(store: Store) -> None:
    store.commit(batch(record(1)))
    store.commit(batch())
    assert numbers(store) == [1]


def test_opening_returns_the_number_reserved(store: Store, make: Maker) -> None:
    store.commit(batch(reserved=1000))
    store.close()
    with closing(make()) as again:
        assert again.open() == 1000


def test_the_number_reserved_never_sinks(store: Store, make: Maker) -> None:
    store.commit(batch(reserved=1000))
    store.commit(batch(reserved=10))
    store.commit(batch(record(1)))
    store.close()
    with closing(make()) as again:
        assert again.open() == 1000


def test_opening_returns_the_number_of_a_job_beyond_those_reserved(
    store: Store, make: Maker
) -> None:
    store.commit(batch(record(2000), reserved=1000))
    store.close()
    with closing(make()) as again:
        assert again.open() == 2000


@pytest.mark.parametrize("place", [0, 700])
def test_a_batch_that_fails_half_way_leaves_nothing(
    store: Store, make: Maker, place: int
) -> None:
    store.commit(batch(record(1), record(5000, b"kept"), reserved=6000))
    added = [record(number, b"x" * 5000) for number in range(100, 1000)]
    added[1].more = [b"x" * 3_000_000]
    # A number is given to one job only: this one is kept already.
    added.insert(place, record(5000, b"late"))
    with pytest.raises(StoreError):
        store.commit(batch(*added, ended=[1], reserved=9000))
    expected = [value(record(1)), value(record(5000, b"kept"))]
    assert values(store) == expected
    store.close()
    with closing(make()) as again:
        assert again.open() == 6000
        assert values(again) == expected


def test_a_commit_after_one_that_failed_succeeds(store: Store, make: Maker) -> None:
    store.commit(batch(record(1)))
    with pytest.raises(StoreError):
        store.commit(batch(record(2), record(1)))
    store.commit(batch(record(2), ended=[1]))
    with closing(reopened(store, make)) as again:
        assert numbers(again) == [2]


def test_commits_may_come_from_another_thread(store: Store) -> None:
    def commit() -> None:
        store.commit(batch(*map(record, range(1, 100))))

    thread = threading.Thread(target=commit)
    thread.start()
    thread.join()
    assert numbers(store) == list(range(1, 100))


def test_closing_twice_does_nothing(store: Store) -> None:
    store.close()
    store.close()


def test_closing_a_store_that_was_never_open_does_nothing(make: Maker) -> None:
    make().close()


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="not open"):
        store.commit(batch(record(1)))
    with pytest.raises(StoreError, match="not open"):
        list(store.load())


def test_a_store_can_be_opened_again_after_it_was_closed(store: Store) -> None:
    store.commit(batch(record(1), reserved=10))
    store.close()
    assert store.open() == 10
    assert numbers(store) == [1]


def test_a_store_in_use_is_refused_until_it_is_closed(
    store: Store, make: Maker
) -> None:
    second = make()
    with pytest.raises(StoreError, match="in use by another job server"):
        second.open()
    store.commit(batch(record(1)))
    store.close()
    with closing(second):
        second.open()
        assert numbers(second) == [1]


def test_the_first_of_two_keeps_its_lock_when_the_second_is_refused(
    store: Store, make: Maker
) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match="in use"):
            make().open()


def test_closing_half_way_through_loading_frees_the_store(
    store: Store, make: Maker
) -> None:
    store.commit(batch(*map(record, range(1, 100))))
    jobs = store.load()
    next(jobs)
    with closing(reopened(store, make)) as again:
        assert len(numbers(again)) == 99
