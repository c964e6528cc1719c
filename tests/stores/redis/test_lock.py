"""Who may write under a prefix."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from geartrain.errors import StoreError
from geartrain.stores.redis import lock
from geartrain.stores.redis.store import RedisStore
from tests.support.redis_servers import DURABLE, RedisServer, running_redis_server
from tests.support.store_records import batch, numbers, record

KEY = "geartrain:lock"


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    with running_redis_server(*DURABLE) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> Iterator[RedisServer]:
    yield running
    running.empty()


def hold(server: RedisServer, milliseconds: int, **said: object) -> None:
    """Hold the lock as a job server on another machine does."""
    holder = {"token": "t", "host": "other", "process": 7, "identity": "x y 7 1"}
    packed = json.dumps(holder | said)
    server.ask("SET", KEY, packed, "PX", str(milliseconds))


def test_a_lock_of_a_process_that_has_ended_is_taken_at_once(
    server: RedisServer,
) -> None:
    with closing(RedisStore(server.url(), "disk")) as store:
        store.open()
        packed = server.ask("GET", KEY)
        assert isinstance(packed, bytes)
        store.close()
        # As if this process had begun at another time.
        here, _, _ = json.loads(packed)["identity"].rpartition(" ")
        hold(server, 60_000, identity=f"{here} 1")
        began = time.monotonic()
        store.open()
        assert time.monotonic() - began < 5


def test_a_lock_of_another_machine_is_waited_for(server: RedisServer) -> None:
    hold(server, 600)
    with closing(RedisStore(server.url(), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        assert numbers(store) == [1]


def test_a_lock_that_is_renewed_is_refused_soon(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(server, 5000)

    def renew(_: float) -> None:
        hold(server, 5000)

    monkeypatch.setattr(time, "sleep", renew)
    with (
        closing(RedisStore(server.url(), "disk")) as store,
        pytest.raises(StoreError, match=r"in use by.*process 7 on other.*\?prefix"),
    ):
        store.open()


def test_the_lock_is_renewed_while_nothing_is_written(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_RENEWAL", 0.05)
    with closing(RedisStore(server.url(), "disk")) as store:
        store.open()
        server.ask("PEXPIRE", KEY, "300")
        time.sleep(0.6)
        assert server.ask("EXISTS", KEY) == 1
    assert server.ask("EXISTS", KEY) == 0


def test_a_lock_that_expired_is_still_held_if_nobody_came(server: RedisServer) -> None:
    with closing(RedisStore(server.url(), "disk")) as store:
        store.open()
        server.ask("DEL", KEY)
        store.commit(batch(record(1)))
        assert server.ask("EXISTS", KEY) == 1
