"""Nodes that start go by the server time of the others, whatever their clocks say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from geartrain.stores.postgresql import holders
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, record

Opened = Callable[..., PostgresqlStore]


def wall(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    """Set the clock of this machine, as nodes see it."""
    monkeypatch.setattr(time, "time", lambda: time.monotonic() + ahead)


def started(store: PostgresqlStore, ahead: float) -> float:
    """Return the server time of a node that starts, by the steady clock."""
    inventory = store.open()
    passed = time.monotonic() + ahead - inventory.calendar
    return inventory.steady + passed - time.monotonic()


@pytest.mark.parametrize("ahead", [-1e6, 0.0, 1e6])
def test_the_first_goes_by_the_databases_clock(
    server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    now = time.time() - time.monotonic()
    wall(monkeypatch, ahead)
    store = PostgresqlStore(server.url(), "disk")
    assert abs(started(store, ahead) - now) < 30
    store.close()


@pytest.mark.parametrize("ahead", [-1e6, 1e6])
@pytest.mark.parametrize("is_alone", [False, True])
def test_who_comes_later_goes_on_with_their_time(
    server: PostgresqlServer,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    ahead: float,
    is_alone: bool,
) -> None:
    one = opened()
    kept = batch(record(1))
    kept.steady, kept.calendar = 5000.0, 123.0
    one.commit(kept)
    server_time = 5000.0 - time.monotonic()
    if is_alone:
        one.close()
    wall(monkeypatch, ahead)
    other = PostgresqlStore(server.url(), "disk")
    assert abs(started(other, ahead) - server_time) < 5
    other.close()


def test_a_batch_that_waited_does_not_put_the_time_back(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened()
    for number, steady in enumerate((5000.0, 4000.0, 5100.0, 5050.0), 1):
        kept = batch(record(number))
        kept.steady, kept.calendar = steady, 123.0
        one.commit(kept)
    server_time = 5100.0 - time.monotonic()
    wall(monkeypatch, 0.0)
    other = PostgresqlStore(server.url(), "disk")
    assert abs(started(other, 0.0) - server_time) < 5
    other.close()


def test_a_clock_of_the_database_that_is_set_changes_little_while_one_lives(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, one = opened(), opened()
    kept = batch(record(1))
    kept.steady = 5000.0
    one.commit(kept)
    kept = batch(record(2))
    kept.steady = 5000.0
    gone.commit(kept)
    gone.close()
    # As if the one that has gone had kept its time before the clock was set back.
    server.ask("UPDATE geartrain.lane SET calendar = calendar + 3600 WHERE id = 1")
    wall(monkeypatch, 0.0)
    other = PostgresqlStore(server.url(), "disk")
    assert abs(started(other, 0.0) - 5000.0 + time.monotonic()) < 5
    other.close()


def set_on(server: PostgresqlServer) -> None:
    """Put on the database's clock, as it were; whose nodes these are is not known."""
    server.ask("UPDATE geartrain.lane SET calendar = calendar - 3600 WHERE id = 1")
    server.ask(
        "UPDATE geartrain.node SET process = 'elsewhere 1 1',"
        " lease_until = lease_until - interval '1 h'"
    )


def test_who_starts_just_after_the_databases_clock_was_set_asks_who_lives(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened()
    kept = batch(record(1))
    kept.steady = 5000.0
    one.commit(kept)
    server_time = 5000.0 - time.monotonic()
    set_on(server)
    wall(monkeypatch, 0.0)
    # As often as a lease is renewed.
    renewal = threading.Timer(0.5, one.commit, (batch(record(2)),))
    renewal.start()
    other = PostgresqlStore(server.url(), "disk")
    assert abs(started(other, 0.0) - server_time) < 5
    renewal.join()
    other.close()


def test_who_starts_after_all_have_died_believes_the_databases_clock_soon(
    server: PostgresqlServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened()
    kept = batch(record(1))
    kept.steady = 5000.0
    one.commit(kept)
    server_time = 5000.0 + 3600.0 - time.monotonic()
    set_on(server)
    wall(monkeypatch, 0.0)
    monkeypatch.setattr(holders, "_RENEWED_WITHIN", 0.05)
    began = time.monotonic()
    other = PostgresqlStore(server.url(), "disk")
    assert abs(started(other, 0.0) - server_time) < 5
    assert 0.5 <= time.monotonic() - began < 5.0
    other.close()
