"""What every store promises of results."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.results import DEAD, FindResult, ResultRecord
from geartrain.stores.base import Store
from tests.support.store_records import batch, dropping, numbers, record

COVERS = ("stores/memory_results",)

Maker = Callable[[], Store]


def result(number: int, expires: float = 2000.0, *pieces: bytes) -> ResultRecord:
    made = ResultRecord(number, b"H:x:%d" % number, b"f")
    made.unique = made.key = b"k"
    made.worker = b"id 127.0.0.1"
    made.submitted, made.started, made.ended = 1000.125, 1001.25, 1002.5
    made.expires = expires
    made.pieces = list(pieces)
    made.size = sum(map(len, pieces))
    made.is_whole = True
    return made


def keeping(*results: ResultRecord) -> Batch:
    made = Batch(1)
    made.results = {each.number: each for each in results}
    return made


def found(store: Store, number: int, now: float = 0.0) -> ResultRecord | None:
    query = FindResult(now, number)
    store.find_result(query)
    return query.record


def newest(store: Store, now: float = 0.0, since: float = 0.0) -> int:
    query = FindResult(now, 0, b"f", b"k", since)
    store.find_result(query)
    return 0 if query.record is None else query.record.number


def values(made: ResultRecord | None) -> dict[str, object] | None:
    if made is None:
        return None
    return vars_of(made) | {"pieces": b"".join(made.pieces)}


def vars_of(made: ResultRecord) -> dict[str, object]:
    names = [name for name in dir(made) if not name.startswith("_")]
    return {name: getattr(made, name) for name in names}


@pytest.mark.parametrize("size", [0, 1, 60_000, 5_000_000])
def test_every_field_comes_back(any_store: Store, make: Maker, size: int) -> None:
    made = result(2**40 + 1, 2000.5, b"\xff" * (size // 2), b"x" * (size - size // 2))
    made.data_size = size // 2
    made.reason, made.error, made.outcome = b"exception", b"e" * 70_000, DEAD
    any_store.commit(keeping(made))
    assert values(found(any_store, made.number)) == values(made)
    any_store.close()
    with closing(make()) as again:
        inventory = again.open()
        assert inventory.next_expiry == 2000.5
        assert inventory.reserved >= made.number
        assert values(found(again, made.number)) == values(made)


def test_a_result_comes_with_the_end_of_its_job(any_store: Store) -> None:
    any_store.commit(batch(record(1), record(2)))
    both = keeping(result(1, 2000.0, b"r"))
    both.ended = {1: None}
    any_store.commit(both)
    assert numbers(any_store) == [2]
    assert found(any_store, 1) is not None
    assert found(any_store, 2) is None


def test_the_newest_of_a_function_and_key_is_found(any_store: Store) -> None:
    other = result(9)
    other.function = b"g"
    failed = result(8)
    failed.is_whole, failed.outcome = False, DEAD
    any_store.commit(keeping(result(5), result(7, 1500.0), result(6), other, failed))
    assert newest(any_store) == 8
    assert newest(any_store, since=1000.0) == 7
    assert newest(any_store, since=1000.0, now=1500.0) == 6
    assert newest(any_store, since=1003.0) == 0
    assert newest(any_store, now=2000.0) == 0


def test_a_result_without_a_key_is_found_by_its_number_alone(any_store: Store) -> None:
    made = result(3)
    made.key = b""
    any_store.commit(keeping(made))
    query = FindResult(0.0, 0, b"f", b"")
    any_store.find_result(query)
    assert query.record is None
    assert found(any_store, 3) is not None


def test_a_result_takes_the_place_of_one_with_its_number(any_store: Store) -> None:
    any_store.commit(keeping(result(3, 1500.0, b"old")))
    any_store.commit(keeping(result(3, 2500.0, b"new")))
    again = found(any_store, 3)
    assert again is not None
    assert b"".join(again.pieces) == b"new"
    drop = dropping(2000.0)
    any_store.commit(drop)
    assert drop.next_expiry == 2500.0
    assert found(any_store, 3) is not None


def test_what_has_expired_is_dropped_in_slices(any_store: Store, make: Maker) -> None:
    late = [result(number, 9000.0) for number in range(1, 4)]
    early = [result(number, 1000.0 + number % 7) for number in range(10, 2510)]
    any_store.commit(keeping(*late, *early))
    drop = dropping(1003.0)
    any_store.commit(drop)
    kept = sum(found(any_store, each.number) is not None for each in early)
    assert 0 < kept < 2500
    assert drop.next_expiry in {1000.0, 1001.0, 1002.0, 1003.0}
    for _ in range(10):
        drop = dropping(1003.0)
        any_store.commit(drop)
    assert drop.next_expiry == 1004.0
    for _ in range(10):
        drop = dropping(8999.0)
        any_store.commit(drop)
    assert drop.next_expiry == 9000.0
    assert [found(any_store, each.number) is not None for each in late] == [True] * 3
    any_store.commit(dropping(9000.0))
    any_store.close()
    with closing(make()) as again:
        assert again.open().next_expiry == 0.0


def test_large_results_are_dropped_too(any_store: Store) -> None:
    large = b"x" * 20_000_000
    any_store.commit(keeping(*(result(number, 1000.0, large) for number in (1, 2, 3))))
    for _ in range(3):
        any_store.commit(dropping(1000.0))
    assert [found(any_store, number) for number in (1, 2, 3)] == [None] * 3


def test_nothing_to_drop_is_no_error(any_store: Store) -> None:
    drop = dropping(1e12)
    any_store.commit(drop)
    assert drop.next_expiry == 0.0


def test_one_that_succeeded_is_found_by_when_it_was_submitted(any_store: Store) -> None:
    kept, failed, other = result(1), result(2), result(3)
    kept.is_whole = False
    failed.outcome = DEAD
    other.key = b"other"
    any_store.commit(keeping(kept, failed, other))
    query = FindResult(0.0, 0, b"f", b"k")
    for since, number in ((1000.125, 1), (1000.5, 0)):
        query.begin_again()
        query.submitted_since = since
        any_store.find_result(query)
        assert (query.record.number if query.record else 0) == number
