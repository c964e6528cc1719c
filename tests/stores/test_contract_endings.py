"""What every store promises of the ends of jobs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from geartrain.engine.endings import ABANDONED, FURTHER, ListEndings
from geartrain.engine.results import ResultRecord
from geartrain.stores.base import Store
from tests.support.kept_endings import ending, ending_values, keeping, kept_serials
from tests.support.store_records import batch, dropping, numbers, record

COVERS = ("stores/memory_endings", "stores/sqlite/answers")

Maker = Callable[[], Store]


def test_every_field_comes_back(any_store: Store, make: Maker) -> None:
    made = [ending(5), ending(2**40, 2000.5, b"\xff", b"u\xfe")]
    made[1].outcome = ABANDONED
    any_store.commit(keeping(*made))
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        assert inventory.last_ending == 2**40
        assert inventory.next_expiry == 2000.0
        query = ListEndings(0.0, FURTHER - 1, 10)
        again.list_endings(query)
        expected = [ending_values(each) for each in reversed(made)]
        assert [ending_values(each) for each in query.endings] == expected


def test_an_ending_comes_with_the_end_of_its_job(any_store: Store) -> None:
    any_store.commit(batch(record(1), record(2)))
    both = keeping(ending(1))
    both.ended = {1: None}
    any_store.commit(both)
    assert numbers(any_store) == [2]
    assert kept_serials(any_store) == [1]


def test_the_latest_come_first_and_slices_have_each_once(any_store: Store) -> None:
    any_store.commit(keeping(*map(ending, range(1, 251))))
    any_store.commit(keeping(*map(ending, range(251, 501))))
    assert kept_serials(any_store) == list(range(500, 0, -1))
    assert kept_serials(any_store, ListEndings(0.0, 4, 10)) == [3, 2, 1]
    assert kept_serials(any_store, ListEndings(0.0, 1, 10)) == []


def test_they_are_found_by_all_that_is_known_of_them(any_store: Store) -> None:
    any_store.commit(
        keeping(
            ending(1, unique=b"u"),
            ending(2, function=b"g", unique=b"u"),
            ending(3, 1000.0, function=b"g"),
            ending(4, unique=b"v"),
        )
    )

    def found(**filters: bytes) -> list[int]:
        query = ListEndings(1000.0, FURTHER - 1, 10)
        for name, wanted in filters.items():
            setattr(query, name, wanted)
        return kept_serials(any_store, query)

    assert found() == [4, 2, 1]
    assert found(function=b"g") == [2]
    assert found(unique=b"u") == [2, 1]
    assert found(unique=b"u", function=b"f") == [1]
    assert found(handle=b"H:x:11") == [4]
    assert found(handle=b"H:x:10") == []
    assert found(outcome=b"dead") == []
    assert found(error_part=b"none such") == []
    error = ending(1).error().lower()
    assert found(error_part=error[1:]) == [1]


def test_what_is_far_behind_is_found_in_slices(any_store: Store) -> None:
    any_store.commit(keeping(*map(ending, range(2, 5001))))
    last = ending(1)
    last.outcome = b"expired"
    any_store.commit(keeping(last))
    query = ListEndings(0.0, FURTHER - 1, 10)
    query.outcome = b"expired"
    any_store.list_endings(query)
    assert (query.endings, query.following > 0) == ([], True)
    query = ListEndings(0.0, FURTHER - 1, 10)
    query.outcome = b"expired"
    assert kept_serials(any_store, query) == [1]


def test_what_has_expired_is_dropped_in_slices(any_store: Store, make: Maker) -> None:
    late = [ending(number, 9000.0) for number in range(1, 4)]
    early = [ending(number, 1000.0 + number % 7) for number in range(10, 5010)]
    any_store.commit(keeping(*late, *early))
    drop = dropping(1003.0)
    any_store.commit(drop)
    assert 3 < len(kept_serials(any_store)) < 5003
    assert drop.next_expiry in {1000.0, 1001.0, 1002.0, 1003.0}
    for _ in range(10):
        drop = dropping(1003.0)
        any_store.commit(drop)
    assert drop.next_expiry == 1004.0
    for _ in range(10):
        drop = dropping(8999.0)
        any_store.commit(drop)
    assert (drop.next_expiry, kept_serials(any_store)) == (9000.0, [3, 2, 1])
    any_store.commit(dropping(9000.0))
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        assert (inventory.next_expiry, inventory.last_ending) == (0.0, 0)


def test_the_first_of_results_and_endings_to_expire_is_told(any_store: Store) -> None:
    result = ResultRecord(5, b"H:x:5", b"f")
    result.expires = 1500.0
    both = keeping(ending(1, 1400.0), ending(2, 1600.0))
    both.results = {5: result}
    any_store.commit(both)
    for until, following in ((1300.0, 1400.0), (1400.0, 1500.0), (1500.0, 1600.0)):
        drop = dropping(until)
        any_store.commit(drop)
        assert drop.next_expiry == following


def test_one_with_a_serial_that_is_kept_takes_its_place(any_store: Store) -> None:
    any_store.commit(keeping(ending(3, 1500.0)))
    any_store.commit(keeping(ending(3, 2500.0, b"g")))
    query = ListEndings(2000.0, FURTHER - 1, 10)
    any_store.list_endings(query)
    assert [each.function for each in query.endings] == [b"g"]
    drop = dropping(2000.0)
    any_store.commit(drop)
    assert (drop.next_expiry, kept_serials(any_store)) == (2500.0, [3])
