"""Uniques that several job servers are given, which keep jobs in one database."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.records import JobRecord
from geartrain.stores.postgresql import store as store_module
from geartrain.stores.postgresql.session import (
    DatabaseSession,
    SessionLostError,
    Unanswered,
)
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import (
    batch,
    counts,
    keyed,
    numbers,
    page,
    record,
)

COVERS = ("stores/postgresql/admission",)

pytestmark = pytest.mark.usefixtures("always_looking")

Opened = Callable[..., PostgresqlStore]

# As ``counts`` tells it.
ONE_READY = (1, 0, 0.0, 0.0, 0)


def test_the_index_decides_who_has_a_unique(opened: Opened) -> None:
    one, other = opened(), opened()
    first = keyed(1, b"u", is_tentative=True)
    first.options, first.owner, first.workload = b"batch=x", b"shop", b"12345"
    one.commit(batch(first))
    second = [keyed(number, b"u", is_tentative=True) for number in (2, 3)]
    other.commit(batch(*second))
    assert [each.twin for each in (first, *second)] == [0, 1, 1]
    # Nobody but its node knows whether it had run before the other was asked.
    one.commit(batch(ended=[1]))
    (again,), one.again = one.again, ()
    assert counts(again) == {(b"resize", 1): (1, 0, 0.0, 0.0, 0)}
    (record,) = again.again
    told = (record.number, record.handle, record.options, record.owner, record.size)
    assert told == (1, first.handle, b"batch=x", b"shop", 5)
    assert [each.number for each in page(one)] == [1]
    one.commit(batch(ended=[1]))
    assert (one.again, one.adopted, numbers(one)) == ((), (), [])
    third = keyed(4, b"u", is_tentative=True)
    other.commit(batch(third))
    assert third.twin == 0


@pytest.mark.parametrize("is_committed", [True, False])
def test_what_is_cancelled_does_not_run_for_who_joined_it(
    opened: Opened, is_committed: bool
) -> None:
    one, other = opened(), opened()
    one.commit(batch(*[keyed(number, b"%d" % number) for number in (1, 2)]))
    joined = keyed(3, b"1", is_tentative=True)
    other.commit(batch(joined))
    assert joined.twin == 1
    ending = batch(ended=[1, 2])
    ending.cancelled = {1, 2}
    one.commit(ending if is_committed else ending.parted()[1])
    assert (one.again, numbers(one)) == ((), [])
    later = keyed(4, b"1", is_tentative=True)
    other.commit(batch(later))
    assert (later.twin, numbers(other)) == (0, [4])


def test_many_nodes_insert_the_same_uniques_without_a_deadlock(opened: Opened) -> None:
    stores = [opened() for _ in range(3)]
    kept: list[JobRecord] = []

    def submit(place: int) -> None:
        for turn in range(20):
            jobs = [
                keyed(
                    place * 100_000 + turn * 100 + n + 1,
                    b"%d" % (n * 7919 % 50 + turn),
                    is_tentative=True,
                )
                for n in range(50)
            ]
            stores[place].commit(batch(*jobs))
            kept.extend(job for job in jobs if not job.twin)

    threads = [threading.Thread(target=submit, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.key for job in kept}) == len(kept) == 69


def test_who_ends_what_the_other_submits_again_may_wait_for_the_other(
    server: PostgresqlServer, opened: Opened
) -> None:
    server.ask("ALTER ROLE jobs SET deadlock_timeout = '20ms'")
    try:
        stores = [opened(), opened()]
    finally:
        server.ask("ALTER ROLE jobs RESET deadlock_timeout")

    def work(place: int) -> None:
        chance = random.Random(place)
        mine: list[JobRecord] = []
        for turn in range(25):
            keys = chance.sample(range(12), 6)
            first = (turn * 2 + place) * 100
            jobs = [
                keyed(first + key + 1, b"%d" % key, is_tentative=True) for key in keys
            ]
            stores[place].commit(batch(*jobs, ended=[each.number for each in mine]))
            mine = [each for each in jobs if not each.twin]

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What the other was asked for as well was not ended, and no key is kept twice.
    assert 6 <= sum(len(numbers(store)) for store in stores) <= 12


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what commits a batch and gives it up, for want of the answer."""
    monkeypatch.setattr(store_module, "_PATIENCE", 0.0)
    send = DatabaseSession.send

    sent: list[str] = []

    def lose(self: DatabaseSession, text: str, *values: object) -> Unanswered:
        if text == "COMMIT" and any("INTO @tally" in each for each in sent):
            sent.clear()
            send(self, text)
            self.connection.close()
        sent.append(text)
        return send(self, text, *values)

    def commit(store: PostgresqlStore, refused: Batch) -> None:
        with monkeypatch.context() as losing:
            losing.setattr(DatabaseSession, "send", lose)
            with pytest.raises(SessionLostError):
                store.commit(refused)

    return commit


def join(store: PostgresqlStore, number: int) -> int:
    """Submit a job that may be another's; return whose."""
    added = keyed(number, b"k", is_tentative=True)
    store.commit(batch(added))
    return added.twin


@pytest.mark.parametrize("is_rest", [False, True])
def test_what_is_to_run_once_more_is_not_ended_by_a_batch_that_repeats(
    opened: Opened, deaf: Callable[..., None], is_rest: bool
) -> None:
    one, two = opened(), opened()
    one.commit(batch(keyed(1, b"k")))
    assert join(two, 2) == 1
    refused = batch(record(3), ended=[1])
    deaf(one, refused)
    if is_rest:
        one.commit(refused.parted()[1])
    else:
        following = batch(record(4))
        following.take_back(refused, {3})
        one.commit(following)
    assert numbers(one) == ([1] if is_rest else [1, 4])
    assert [counts(each) for each in one.again] == [{(b"resize", 1): ONE_READY}]
    one.commit(batch(ended=[1, 4]))
    assert numbers(one) == []


def test_what_was_refused_and_joined_all_the_same_runs(
    opened: Opened, deaf: Callable[..., None]
) -> None:
    one, two = opened(), opened()
    deaf(one, batch(keyed(1, b"k")))
    assert join(two, 2) == 1
    deaf(one, batch(record(3)))
    one.commit(batch(record(4)))
    assert numbers(one) == [1, 4]
    assert [counts(each) for each in one.again] == [{(b"resize", 1): ONE_READY}]
