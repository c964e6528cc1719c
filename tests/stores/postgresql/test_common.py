"""Entries that job servers on one database have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable

from geartrain.engine.batches import Batch
from geartrain.engine.model.health import Health
from geartrain.engine.records import Entry
from geartrain.stores.postgresql.common import CommonEntries
from geartrain.stores.postgresql.session import DatabaseSession
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, entries_of

Opened = Callable[..., PostgresqlStore]


def policy(key: bytes, value: bytes) -> Batch:
    made = batch()
    made.entries[b"policy", key] = value
    return made


def test_what_a_job_server_of_an_earlier_version_has_left_is_everybodys(
    server: PostgresqlServer, opened: Opened
) -> None:
    store = opened()
    store.commit(policy(b"mail", b"1"))
    store.close()
    server.ask(
        "INSERT INTO geartrain.entry(lane, kind, key, value) VALUES"
        " (1, 'policy', 'mail', 'old'), (1, 'policy', 'other', 'kept'),"
        " (1, 'mark', '1', 'its own')"
    )
    before = server.ask("SELECT version FROM geartrain.common")
    assert entries_of(store.open()) == [
        (b"mark", b"1", b"its own"),
        (b"policy", b"mail", b"1"),
        (b"policy", b"other", b"kept"),
    ]
    assert server.ask("SELECT version FROM geartrain.common") != before
    assert server.ask("SELECT lane FROM geartrain.entry WHERE kind = 'mark'") == [(1,)]


def test_a_version_that_somebody_has_deleted_is_made_again(
    server: PostgresqlServer, opened: Opened
) -> None:
    one, other = opened(), opened()
    one.commit(policy(b"mail", b"1"))
    server.ask("DELETE FROM geartrain.common")
    try:
        other.probe(Health())
        one.commit(policy(b"mail", b"2"))
        one.commit(policy(b"mail", b"3"))
        other._looked = 0.0
        other.probe(Health())
        assert other.common == {(b"policy", b"mail"): b"3"}
        assert server.ask("SELECT count(*) FROM geartrain.common") == [(1,)]
    finally:
        server.ask("DELETE FROM geartrain.common")
        server.ask("INSERT INTO geartrain.common VALUES (0)")


def test_versions_are_in_the_order_of_commits(
    server: PostgresqlServer, opened: Opened
) -> None:
    """One that could be overtaken would hide what is committed after a look."""
    stores = [opened() for _ in range(4)]

    def write(place: int) -> None:
        for number in range(20):
            stores[place].commit(policy(b"%d" % (number % 3), b"%d" % number))

    threads = [threading.Thread(target=write, args=(place,)) for place in range(3)]
    for each in threads:
        each.start()
    entries = CommonEntries()
    looker: DatabaseSession | None = stores[3]._session
    assert looker is not None
    seen: dict[bytes, bytes] = {}
    while any(each.is_alive() for each in threads):
        follow(seen, entries, looker)
    follow(seen, entries, looker)
    expected: list[Entry] = []
    CommonEntries().read(looker, expected)
    assert seen == {each.key: each.value for each in expected}
    assert len(seen) == 3


def follow(
    seen: dict[bytes, bytes], entries: CommonEntries, session: DatabaseSession
) -> None:
    for (_, key), value in entries.look(session).items():
        assert value is not None
        seen[key] = value
