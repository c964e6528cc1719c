"""What every store promises of due times by two clocks, and of the clocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.records import Change
from geartrain.stores.base import Store
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.store_records import (
    batch,
    counts,
    delayed,
    due_page,
    found,
    listed,
    record,
)

Maker = Callable[[], Store]

NOW = 1_800_000_000.0


def fill(store: Store) -> None:
    """Keep jobs 1 and 2 of each clock, due in 10 and in 20 s, and one that is ready."""
    by_calendar = [delayed(1, NOW + 10), delayed(2, NOW + 20)]
    steady = [delayed(n, NOW + 10 * (n - 10), is_steady=True) for n in (11, 12)]
    store.commit(batch(*by_calendar, *steady, record(20)))


@pytest.mark.parametrize(("is_steady", "first"), [(False, 1), (True, 11)])
def test_a_page_has_the_jobs_of_one_clock(
    any_store: Store, is_steady: bool, first: int
) -> None:
    fill(any_store)
    none = due_page(any_store, NOW + 9, is_steady=is_steady)
    assert (none.records, none.next_due) == ([], NOW + 10)
    one = due_page(any_store, NOW + 10, is_steady=is_steady)
    assert [job.number for job in one.records] == [first]
    assert one.next_due == NOW + 20
    both = due_page(any_store, NOW + 1e6, is_steady=is_steady)
    assert [(job.number, job.due) for job in both.records] == [
        (first, NOW + 10),
        (first + 1, NOW + 20),
    ]
    assert all(job.is_steady == is_steady for job in both.records)
    assert both.next_due == 0
    rest = due_page(any_store, NOW + 1e6, (NOW + 10, first), is_steady=is_steady)
    assert [job.number for job in rest.records] == [first + 1]


def test_the_inventory_has_the_next_due_time_by_each_clock(
    any_store: Store, make: Maker
) -> None:
    fill(any_store)
    any_store.commit(batch(ended=[1]))
    any_store.close()
    with closing(make()) as again:
        assert counts(again.open()) == {(b"resize", 1): (1, 3, NOW + 20, NOW + 10, 0)}


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_a_list_asks_each_clock(any_store: Store, most: int) -> None:
    fill(any_store)

    def numbers(**times: float) -> list[int]:
        return sorted(job.number for job in listed(any_store, None, most, **times))

    assert numbers() == [1, 2, 11, 12, 20]
    due = {"due_until": NOW + 15, "steady_until": NOW + 5}
    assert numbers(**due) == [1, 20]
    assert numbers(due_from=NOW + 15, steady_from=NOW + 5) == [2, 11, 12]
    assert numbers(due_from=NOW + 99, steady_from=NOW + 15) == [12]


def test_a_job_that_changes_is_due_by_the_steady_clock(any_store: Store) -> None:
    fill(any_store)
    any_store.commit(batch(changed=[Change(1, NOW + 5, None)]))
    assert due_page(any_store, NOW + 10).records == []
    page = due_page(any_store, NOW + 10, is_steady=True)
    assert [job.number for job in page.records] == [1, 11]


@pytest.mark.parametrize("due", [1e-9, 0.75, 1.5, 3600.0, NOW + 0.123456])
@pytest.mark.parametrize("is_steady", [False, True])
def test_no_digit_of_a_due_time_is_lost(
    any_store: Store, due: float, is_steady: bool
) -> None:
    any_store.commit(batch(delayed(7, due, is_steady=is_steady)))
    job = found(any_store, 7)
    assert job is not None
    assert (job.due, job.is_steady) == (due, is_steady)


def test_a_new_store_has_no_time(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(record(1)))
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        if not isinstance(any_store, PostgresqlStore):
            assert (inventory.steady, inventory.calendar) == (0.0, 0.0)
        else:
            # The job servers that may share it have one server time, which it tells.
            assert abs(inventory.steady - time.time()) < 60
            assert abs(inventory.calendar - time.time()) < 60


def test_the_last_time_is_kept(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(steady=NOW, calendar=NOW + 3600.25))
    any_store.commit(batch(steady=NOW + 7.5, calendar=NOW + 3607.75))
    any_store.commit(batch(record(1)))
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        if not isinstance(any_store, PostgresqlStore):
            kept = (NOW + 7.5, NOW + 3607.75)
            assert (inventory.steady, inventory.calendar) == kept
        else:
            assert abs(inventory.steady - NOW - 7.5) < 60
            assert abs(inventory.calendar - time.time()) < 60
