"""A store in memcached: servers that go, forget and come back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import OptionError, StoreError
from geartrain.stores.locations import make_store
from geartrain.stores.memcached import servers, store
from geartrain.stores.memcached.store import MemcachedStore, look_at
from tests.support.memcached_servers import (
    MemcachedServer,
    running_memcached_server,
)
from tests.support.store_records import (
    batch,
    burials,
    dead_values,
    full_record,
    numbers,
    record,
    schedule,
    value,
    values,
)

COVERS = (
    "stores/batch_packing",
    "stores/holders",
    "stores/memcached/lock",
    "stores/memcached/log",
    "stores/memcached/servers",
)


@pytest.fixture
def three() -> Iterator[list[MemcachedServer]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_memcached_server("-m", "64")) for _ in range(3)
        ]


@pytest.fixture
def one() -> Iterator[MemcachedServer]:
    with running_memcached_server("-m", "64") as server:
        yield server


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_WHILE", 0.0)
    monkeypatch.setattr(servers, "_TIMEOUT", 1.5)


def url_of(*running: MemcachedServer) -> str:
    return f"memcached://{','.join(f'127.0.0.1:{each.port}' for each in running)}/t"


def opened(*running: MemcachedServer) -> MemcachedStore:
    made = MemcachedStore(url_of(*running), "memory")
    made.open()
    return made


def keys(server: MemcachedServer, pattern: str) -> list[str]:
    """Return the keys of batches or pieces that a server has, of 1 to 300."""
    wanted = [pattern % number for number in range(1, 300)]
    with server.client() as client:
        return sorted(key for key in wanted if client.get(key) is not None)


def test_a_log_over_three_servers_is_replayed(three: list[MemcachedServer]) -> None:
    kept = opened(*three)
    job = full_record(1)
    kept.commit(batch(job, schedules=[schedule(900)], entries={(b"k", b"\0"): b"v"}))
    for number in range(2, 10):
        kept.commit(batch(record(number)))
    kept.commit(batch(ended=[2]))
    kept.commit(burials(3))
    assert all(len(keys(each, "t.b.%d")) in (3, 4) for each in three)
    letters = dead_values(kept)
    kept.close()
    with closing(opened(*three)) as again:
        assert values(again)[0] == value(job)
        assert numbers(again) == [1, *range(4, 10)]
        assert dead_values(again) == letters
        assert again.problems == ()


def test_what_a_lost_server_costs_is_counted(three: list[MemcachedServer]) -> None:
    with closing(opened(*three)) as kept:
        for number in range(1, 10):
            kept.commit(batch(record(number)))
    three[1].kill()
    with closing(opened(*three)) as again:
        assert len(numbers(again)) == 6
        said = " ".join(again.problems)
        assert re.search(r"memcached on 127\.0\.0\.1:\d+: no answer", said)
        assert "3 of 9 batches are missing" in said
        assert "are lost, and jobs whose ends were in them run again" in said
        again.commit(batch(record(20)))
        assert 20 in numbers(again)


def test_a_server_that_goes_under_way_costs_nothing(
    three: list[MemcachedServer],
) -> None:
    kept = opened(*three)
    for number in range(1, 10):
        kept.commit(batch(record(number)))
    three[0].kill()
    for number in range(10, 20):
        kept.commit(batch(record(number)))
    kept.probe(Health())
    said = " ".join(kept.problems)
    assert "the batches that it had are out of reach" in said
    kept.close()
    with closing(opened(*three)) as again:
        assert numbers(again) == list(range(1, 20))
        assert "missing" not in " ".join(again.problems)


def test_a_restarted_server_gets_all_anew(one: MemcachedServer) -> None:
    kept = opened(one)
    kept.commit(batch(*map(record, range(1, 10))))
    kept.probe(Health())
    one.kill()
    with pytest.raises(StoreError, match=r"memcached on .* refused"):
        kept.commit(batch(record(50)))
    with pytest.raises(StoreError, match=r"memcached on .* refused"):
        kept.probe(Health())
    one.start()
    kept.probe(Health())
    kept.commit(batch(record(60)))
    kept.close()
    with closing(opened(one)) as again:
        assert numbers(again) == [*range(1, 10), 60]


def test_evictions_are_told_and_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_LEAST_SIZE", 10**12)
    with running_memcached_server("-m", "8") as server:
        kept = opened(server)
        jobs = [record(number, b"x" * 200_000) for number in range(1, 11)]
        for job in jobs:
            kept.commit(batch(job))
        with server.client() as other:
            for number in range(60):
                other.set(f"others.{number}", b"y" * 200_000)
        kept.probe(Health())
        (problem,) = kept.problems
        assert re.search(r"has evicted \d+ items for want of room", problem)
        kept.close()
        with closing(opened(server)) as again:
            assert numbers(again) == list(range(1, 11))


def test_what_was_evicted_before_a_start_is_counted(one: MemcachedServer) -> None:
    with closing(opened(one)) as kept:
        for number in range(1, 10):
            kept.commit(batch(record(number)))
    with one.client() as client:
        assert client.delete("t.b.3")
        assert client.delete("t.b.4")
    with closing(opened(one)) as again:
        assert numbers(again) == [1, 2, *range(5, 10)]
        (problem,) = again.problems
        assert "2 of 9 batches are missing" in problem


def test_a_damaged_batch_is_counted(one: MemcachedServer) -> None:
    with closing(opened(one)) as kept:
        for number in range(1, 5):
            kept.commit(batch(record(number)))
    with one.client() as client:
        client.set("t.b.2", client.get("t.b.2")[:-3] + b"???")
    with closing(opened(one)) as again:
        assert numbers(again) == [1, 3, 4]
        assert "1 of 4 batches are missing" in again.problems[0]


def test_the_log_does_not_grow_for_ever(
    one: MemcachedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_LEAST_SIZE", 5000)
    kept = opened(one)
    large = record(1000, b"x" * 2_000_000)
    kept.commit(batch(large))
    for number in range(1, 200):
        kept.commit(batch(record(number, b"x" * 30_000), ended=[number - 5]))
    assert len(keys(one, "t.b.%d")) < 150
    assert keys(one, "t.p.1.%d.1") == []
    kept.close()
    with closing(opened(one)) as again:
        assert numbers(again) == [*range(195, 200), 1000]
        assert values(again)[-1] == value(large)


def test_a_lost_checkpoint_is_told_of(
    one: MemcachedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_MOST_BATCHES", 3)
    with closing(opened(one)) as kept:
        for number in range(1, 6):
            kept.commit(batch(record(number)))
    with one.client() as client:
        assert client.delete("t.c.1.0")
    with closing(opened(one)) as again:
        assert numbers(again) == [4, 5]
        assert "has lost its checkpoint" in again.problems[0]


def test_what_was_refused_does_not_come_back(one: MemcachedServer) -> None:
    kept = opened(one)
    kept.commit(batch(record(1)))
    one.pause()
    with pytest.raises(StoreError, match="no answer"):
        kept.commit(batch(record(2)))
    one.go_on()
    time.sleep(0.1)
    kept.commit(batch(record(3)))
    kept.close()
    with closing(opened(one)) as again:
        assert numbers(again) == [1, 3]
        assert again.problems == ()


def test_two_job_servers_never_write_one_log(one: MemcachedServer) -> None:
    with closing(opened(one)) as first:
        first.commit(batch(record(1)))
        with one.client() as client:
            client.delete("t.lock")
        with closing(opened(one)) as second:
            second.commit(batch(record(2)))
            with pytest.raises(StoreError, match="another job server has taken over"):
                first.commit(batch(record(3)))
            with pytest.raises(StoreError, match="another job server has taken over"):
                first.probe(Health())
            assert numbers(second) == [1, 2]


def test_a_cache_is_not_durable(one: MemcachedServer) -> None:
    for durability in ("disk", "os"):
        with pytest.raises(OptionError, match=r"is a cache.*--durability memory"):
            make_store(url_of(one), durability)
        with pytest.raises(OptionError, match=r"is a cache.*--durability memory"):
            look_at(url_of(one), durability)
    with closing(opened(one)) as kept:
        health = Health()
        kept.probe(health)
        assert health.durability.startswith("memory: memcached is a cache")
        assert health.location == url_of(one)
        assert health.free is not None
        assert health.free > 60_000_000
    assert "0 evictions" in look_at(url_of(one), "memory")


def test_without_a_server_there_is_no_store() -> None:
    with pytest.raises(StoreError, match=r"memcached on 127\.0\.0\.1:1: no answer"):
        MemcachedStore("memcached://127.0.0.1:1/t", "memory").open()
