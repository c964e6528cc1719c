"""What a PostgreSQL store says when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, entries_of, schedule


def test_what_several_have_left_and_one_removes_does_not_come_back(
    server: PostgresqlServer, opened: Callable[..., PostgresqlStore]
) -> None:
    kept = {(b"owner", b"a"): b"1 2", (b"owner", b"b"): b"3 4"}
    one, two = opened(), opened()
    two.commit(batch(schedules=[schedule(7)], entries={**kept}))
    one.close()
    two.close()
    alone = PostgresqlStore(server.url("?shared=no"), "disk")
    with closing(alone):
        inventory = alone.open()
        assert {each[:2] for each in entries_of(inventory)} == {*kept}
        assert [each.number for each in inventory.schedules] == [7]
        alone.commit(batch(unscheduled=[7], entries={(b"owner", b"a"): None}))
    with closing(alone):
        inventory = alone.open()
        assert entries_of(inventory) == [(b"owner", b"b", b"3 4")]
        assert inventory.schedules == []
