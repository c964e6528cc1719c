"""What every store promises that several job servers share.

Another kind that can be shared is one more line in ``SHARING``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from geartrain.engine.model.health import Health
from geartrain.engine.model.shares import Share
from geartrain.stores.base import Store
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.shared_servers import POSTGRESQL
from tests.support.store_records import batch, entries_of, record

Opened = Callable[[], Store]
Entries = dict[tuple[bytes, bytes], bytes | None]

# What makes one more job server's side of one and the same store, not yet open.
SHARING: dict[str, Callable[[], Store]] = {
    "postgresql": lambda: PostgresqlStore(POSTGRESQL.url(), "disk"),
}
POLICY = (b"policy", b"mail")
LIMIT = (b"function", b"mail")


@pytest.fixture(params=SHARING)
def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
    POSTGRESQL.empty()
    with ExitStack() as stack:

        def make() -> Store:
            store = stack.enter_context(closing(SHARING[request.param]()))
            store.open()
            return store

        yield make


def put(store: Store, entries: Entries) -> None:
    made = batch()
    made.entries = entries
    store.commit(made)


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geartrain.stores.postgresql.store._LOOK_EVERY", 0.0)


def share_of(store: Store) -> Share:
    """Return what part of all limits a store finds to be its own."""
    store.probe(Health())
    return store.share


def heard(store: Store) -> Entries:
    """Return what a store has noticed by now of what others have put."""
    store.probe(Health())
    taken, store.common = store.common, {}
    return dict(taken)


def test_what_one_puts_for_all_the_others_are_told(opened: Opened) -> None:
    one, two, three = opened(), opened(), opened()
    put(one, {POLICY: b"1", LIMIT: b"2", (b"mark", b"1"): b"its own"})
    for other in (two, three):
        assert heard(other) == {POLICY: b"1", LIMIT: b"2"}
        assert heard(other) == {}
    assert heard(one) == {}
    put(two, {POLICY: b"3", LIMIT: None})
    assert heard(one) == {POLICY: b"3", LIMIT: None}
    assert heard(two) == {}
    assert heard(three) == {POLICY: b"3", LIMIT: None}


def test_the_last_of_two_counts_for_both(opened: Opened) -> None:
    one, two = opened(), opened()
    put(one, {POLICY: b"1"})
    put(two, {POLICY: b"2"})
    assert heard(one) == {POLICY: b"2"}
    assert heard(two) == {}


def test_who_comes_later_has_it_from_the_start(opened: Opened) -> None:
    one = opened()
    put(one, {POLICY: b"1", LIMIT: b"2", (b"mark", b"1"): b"its own"})
    late = opened()
    late.close()
    assert entries_of(late.open()) == [(*LIMIT, b"2"), (*POLICY, b"1")]
    assert heard(late) == {}


def test_limits_are_divided_once_all_know_of_who_has_come(opened: Opened) -> None:
    one = opened()
    assert one.share == Share()
    two = opened()
    assert one.share == Share()
    assert two.share == share_of(two) == Share(2, 1, is_known=False)
    assert share_of(one) == Share(2, 0)
    assert share_of(two) == Share(2, 1)
    three = opened()
    assert share_of(one) == Share(3, 0)
    assert share_of(three) == Share(3, 2, is_known=False)
    assert share_of(two) == Share(3, 1)
    assert share_of(three) == Share(3, 2)
    assert share_of(two) == Share(3, 1)
    one.close()
    assert share_of(two) == Share(2, 0)
    assert share_of(three) == Share(2, 1)
    two.close()
    assert share_of(three) == Share()


def test_who_renews_its_lease_in_a_commit_has_looked_around(opened: Opened) -> None:
    one = opened()
    one.commit(batch(record(1)))
    two = opened()
    one.commit(batch(record(2)))
    assert one.share == Share(2, 0)
    assert share_of(two) == Share(2, 1)
