"""What every store promises of queues of one flow key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from geartrain.engine.queries import DuePage, Page
from geartrain.engine.records import JobRecord, Move
from geartrain.stores.base import Store
from tests.support.store_records import (
    batch,
    burials,
    dead_numbers,
    delayed,
    found,
    found_dead,
    full_record,
    numbers,
    page,
    record,
    revivals,
)

COVERS = ("stores/sqlite/queues",)

Maker = Callable[[], Store]
Counts = dict[tuple[bytes, int, bytes], tuple[int, int, int]]


def of_key(job: JobRecord, key: bytes) -> JobRecord:
    job.flow_key = job.queue_key = key
    return job


def keyed_page(store: Store, key: bytes, after: int = 0, most: int = 9) -> list[int]:
    query = Page(b"resize", 1, after, most)
    query.queue_key = key
    store.page(query)
    assert all(each.queue_key == each.flow_key == key for each in query.records)
    return [each.number for each in query.records]


def keyed_due_page(store: Store, key: bytes, until: float) -> list[int]:
    query = DuePage(b"resize", 1, (0.0, 0), until, 9, True)
    query.queue_key = key
    store.page_due(query)
    return [each.number for each in query.records]


def said(store: Store, make: Maker) -> Counts:
    """Return what a store says of its queues when it is opened again."""
    store.close()
    with closing(make() if type(store).__name__ != "MemoryStore" else store) as again:
        inventory = again.open()
    store.open()
    return {
        (each.function, each.priority, each.queue_key): (
            each.ready,
            each.delayed,
            each.dead,
        )
        for each in inventory.queues
    }


def test_each_key_has_pages_of_its_own(any_store: Store) -> None:
    plain = record(1)
    plain.flow_key = b"a"
    jobs = [
        plain,
        *(of_key(record(n), b"a") for n in (2, 5, 7)),
        of_key(record(3), b"b"),
    ]
    later = of_key(delayed(4, 6.0, is_steady=True), b"a")
    any_store.commit(batch(*jobs, later))
    assert [each.number for each in page(any_store)] == [1]
    assert keyed_page(any_store, b"a") == [2, 5, 7]
    assert keyed_page(any_store, b"a", after=2, most=1) == [5]
    assert keyed_page(any_store, b"b") == [3]
    assert keyed_page(any_store, b"c") == []
    assert keyed_due_page(any_store, b"a", 6.0) == [4]
    assert keyed_due_page(any_store, b"b", 6.0) == []
    assert numbers(any_store) == [1, 2, 3, 4, 5, 7]


def test_a_job_moves_from_queue_to_queue(any_store: Store, make: Maker) -> None:
    any_store.commit(batch(full_record(1), of_key(record(2), b"a")))
    moves = {
        1: Move(1, b"resize", 1, 0.0, False, b"a"),
        2: Move(2, b"resize", 1, 0.0, False),
    }
    any_store.commit(batch(moved=moves))
    assert said(any_store, make) == {
        (b"resize", 1, b""): (1, 0, 0),
        (b"resize", 1, b"a"): (1, 0, 0),
    }
    second = found(any_store, 2)
    assert second is not None
    assert (second.flow_key, second.queue_key) == (b"a", b"")


def test_a_dead_letter_is_in_its_functions_own_queue(
    any_store: Store, make: Maker
) -> None:
    any_store.commit(batch(of_key(record(1), b"a"), of_key(record(2), b"a")))
    any_store.commit(burials(1))
    assert dead_numbers(any_store, b"resize") == [1]
    letter = found_dead(any_store, 1)
    assert letter is not None
    assert (letter.flow_key, letter.queue_key) == (b"a", b"")
    assert said(any_store, make) == {
        (b"resize", 1, b""): (0, 0, 1),
        (b"resize", 1, b"a"): (1, 0, 0),
    }
    any_store.commit(revivals(1))
    again = found(any_store, 1)
    assert again is not None
    assert (again.flow_key, again.queue_key) == (b"a", b"")


def test_nothing_is_left_of_a_key_without_jobs(any_store: Store, make: Maker) -> None:
    for number in range(1, 4):
        any_store.commit(batch(of_key(record(number), b"key %d" % number)))
        any_store.commit(batch(ended=dict.fromkeys([number])))
    assert said(any_store, make) == {}
    any_store.commit(batch(of_key(record(9), b"key 1")))
    assert keyed_page(any_store, b"key 1") == [9]


def test_names_and_keys_do_not_mix(any_store: Store, make: Maker) -> None:
    names = [(b"", b"ab"), (b"a", b"b"), (b"ab", b""), (b"\1\0\0\0a", b"b")]
    for number, (function, key) in enumerate(names, 1):
        job = of_key(record(number), key)
        job.function = function
        any_store.commit(batch(job))
    assert said(any_store, make) == {
        (function, 1, key): (1, 0, 0) for function, key in names
    }
