"""A store in Redis: lost connections and answers, a full memory, and other writers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from geartrain.engine.model.health import Health
from geartrain.engine.queries import FindJob
from geartrain.engine.records import Change
from geartrain.errors import StoreError
from geartrain.stores.base import ServerAwayError
from geartrain.stores.redis import connection
from geartrain.stores.redis import store as redis_store
from geartrain.stores.redis.looking import look_at
from geartrain.stores.redis.store import RedisStore
from tests.support.cut_connections import CuttingProxy, cutting_proxy
from tests.support.redis_servers import DURABLE, RedisServer, running_redis_server
from tests.support.store_records import (
    batch,
    burials,
    counts,
    dead_numbers,
    failures,
    keyed,
    numbers,
    record,
    value,
    values,
)
from tests.support.waiting import wait_until

COVERS = (
    "stores/redis/chain",
    "stores/redis/commands",
    "stores/redis/connection",
    "stores/redis/draft",
    "stores/redis/endings",
    "stores/redis/layout",
    "stores/redis/listing",
    "stores/redis/looking",
    "stores/redis/reading",
    "stores/redis/results",
    "stores/redis/rows",
    "stores/redis/scripts",
    "stores/redis/session",
)

# The last word of a batch that adds plain jobs: the name of their queue.
LAST_WORD = b"resize\x01\r\n"


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    with running_redis_server(*DURABLE) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> Iterator[RedisServer]:
    yield running
    running.ask("CONFIG", "SET", "maxmemory", "0")
    running.empty()


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    with closing(RedisStore(server.url(), "disk")) as opened:
        opened.open()
        yield opened


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[CuttingProxy]:
    with cutting_proxy(server.port) as running:
        yield running


def url_of(proxy: CuttingProxy) -> str:
    return f"redis://127.0.0.1:{proxy.port}"


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_store, "_PATIENCE", 0.0)


def test_a_restart_goes_unnoticed(
    server: RedisServer, store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_store, "_PATIENCE", 30.0)
    store.commit(batch(record(1)))
    server.kill()
    for _ in range(2):
        with pytest.raises(ServerAwayError):
            store.probe(Health())
    starting = threading.Timer(0.3, server.start)
    starting.start()
    store.commit(batch(record(2)))
    starting.join()
    assert numbers(store) == [1, 2]


def test_a_server_that_is_killed_and_started_again_has_all(
    server: RedisServer, store: RedisStore
) -> None:
    jobs = [keyed(number, b"k%d" % number) for number in range(1, 50)]
    store.commit(batch(*jobs, reserved=100))
    server.kill()
    with pytest.raises(StoreError, match=r"Redis on 127.0.0.1:.*refused"):
        store.commit(batch(record(90)))
    query = FindJob(7)
    store.answer(query)
    assert "refused" in query.error
    with pytest.raises(StoreError, match="refused"):
        store.probe(Health())
    server.start()
    store.probe(Health())
    store.commit(batch(record(91), ended=[1]))
    assert numbers(store) == [*range(2, 50), 91]
    assert store.problems == ()


def test_a_query_after_a_restart_is_answered(
    server: RedisServer, store: RedisStore
) -> None:
    store.commit(batch(record(1)))
    server.kill()
    server.start()
    query = FindJob(1)
    store.answer(query)
    assert not query.error
    assert query.record is not None


@pytest.mark.parametrize("is_looked_at", [False, True])
def test_a_server_that_has_become_a_replica_is_left(is_looked_at: bool) -> None:
    with (
        running_redis_server(*DURABLE) as former,
        running_redis_server(*DURABLE) as other,
        cutting_proxy(former.port) as proxy,
        closing(RedisStore(url_of(proxy), "disk")) as store,
    ):
        store.open()
        store.commit(batch(record(1)))
        former.ask("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        other.ask("REPLICAOF", "127.0.0.1", str(former.port))
        wait_until(lambda: "online" in str(former.ask("INFO", "replication")))
        other.ask("REPLICAOF", "NO", "ONE")
        former.ask("REPLICAOF", "127.0.0.1", str(other.port))
        # Connections stay where they are; the name leads elsewhere.
        if is_looked_at:
            with pytest.raises(StoreError, match="a replica of"):
                store.probe(Health())
        proxy.target = other.port
        if is_looked_at:
            store.probe(Health())
        store.commit(batch(record(2)))
        assert numbers(store) == [1, 2]


@pytest.mark.parametrize("is_before", [True, False])
def test_a_batch_whose_answer_is_lost_is_written_once(
    proxy: CuttingProxy, is_before: bool
) -> None:
    with closing(RedisStore(url_of(proxy), "disk")) as store:
        store.open()
        store.commit(batch(record(1), keyed(2, b"a")))
        proxy.word, proxy.is_before = LAST_WORD, is_before
        added = batch(record(3), keyed(4, b"a", is_tentative=True), ended=[1])
        store.commit(added)
        assert proxy.cuts == 1
        assert [job.twin for job in added.added] == [0, 2]
        store.commit(batch(record(5)))
        assert numbers(store) == [2, 3, 5]
        store.close()
        assert counts(store.open()) == {(b"resize", 1): (3, 0, 0.0, 0.0, 0)}
        assert store.problems == ()


def test_what_was_refused_is_taken_back_although_redis_had_written_it(
    proxy: CuttingProxy,
) -> None:
    with closing(RedisStore(url_of(proxy), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        proxy.word = LAST_WORD
        port, proxy.target = proxy.target, 1
        with pytest.raises(StoreError):
            store.commit(batch(keyed(2, b"a")))
        proxy.target = port
        assert proxy.cuts == 1
        again = keyed(3, b"a", is_tentative=True)
        store.commit(batch(again))
        assert again.twin == 0
        assert numbers(store) == [1, 3]


def test_a_batch_that_redis_gets_to_too_late_is_taken_back(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_TIMEOUT", 0.3)
    with closing(RedisStore(server.url(), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        server.pause()
        with pytest.raises(StoreError, match="no answer"):
            store.commit(batch(record(2)))
        server.go_on()
        store.commit(batch(record(3)))
        assert numbers(store) == [1, 3]
        time.sleep(0.1)
        store.commit(batch(record(4)))
        assert numbers(store) == [1, 3, 4]


def test_without_memory_new_jobs_are_refused_and_ends_are_written(
    server: RedisServer, store: RedisStore
) -> None:
    store.commit(batch(*(record(n, b"x" * 2000) for n in range(1, 101))))
    health = Health()
    store.probe(health)
    assert health.size is not None
    server.ask("CONFIG", "SET", "maxmemory", str(health.size // 2))
    with pytest.raises(StoreError, match="no memory left for new jobs"):
        store.commit(batch(record(200, b"x" * 2000)))
    with pytest.raises(StoreError, match="no memory left for new jobs"):
        store.probe(health)
    assert health.free is not None
    assert health.free <= 0
    changes = [Change(2, 50.0, failures())]
    rest = batch(ended=[1], changed=changes, reserved=999, buried=burials(3).buried)
    store.commit(rest)
    assert numbers(store) == [2, *range(4, 101)]
    assert dead_numbers(store) == [3]
    server.ask("CONFIG", "SET", "maxmemory", "0")
    store.probe(health)
    store.commit(batch(record(200)))


def test_workloads_larger_than_one_script_are_whole_or_not_there(
    server: RedisServer, store: RedisStore
) -> None:
    jobs = [record(number, bytes([number]) * 9_000_000) for number in (1, 2, 3)]
    store.commit(batch(*jobs, record(4)))
    assert values(store) == [value(job) for job in (*jobs, record(4))]
    assert server.ask("EXISTS", "geartrain:staged") == 0
    store.commit(batch(ended=[1, 2, 3]))
    left = server.ask("KEYS", "geartrain:work:*")
    assert left == []


def test_pieces_of_a_batch_that_never_came_are_removed_at_the_next_start(
    server: RedisServer, store: RedisStore
) -> None:
    server.ask("RPUSH", "geartrain:work:7:staged", "x" * 1000)
    server.ask("SADD", "geartrain:staged", "geartrain:work:7:staged")
    store.close()
    store.open()
    assert server.ask("KEYS", "geartrain:work*") == []
    assert server.ask("EXISTS", "geartrain:staged") == 0


def test_nothing_is_left_in_redis_of_jobs_that_ended(
    server: RedisServer, store: RedisStore
) -> None:
    empty = server.ask("KEYS", "*")
    jobs = [keyed(number, b"k%d" % number) for number in range(1, 30)]
    jobs[0].workload = b"x" * 10_000
    jobs[1].due = 5.0
    store.commit(batch(*jobs))
    store.commit(burials(3, 4))
    assert len(_list(server.ask("KEYS", "*"))) > len(_list(empty))
    store.commit(batch(ended=range(1, 30)))
    assert sorted(_list(server.ask("KEYS", "*"))) == sorted(_list(empty))


def _list(answer: object) -> list[bytes]:
    assert isinstance(answer, list)
    return answer


def test_a_store_that_was_taken_over_cannot_write(
    server: RedisServer, store: RedisStore
) -> None:
    store.commit(batch(record(1)))
    server.ask("DEL", "geartrain:lock")
    with closing(RedisStore(server.url(), "disk")) as other:
        other.open()
        other.commit(batch(record(2)))
        for _ in range(2):
            with pytest.raises(StoreError, match="another job server has taken over"):
                store.commit(batch(record(3), ended=[1, 2]))
        with pytest.raises(StoreError, match="another job server has taken over"):
            store.probe(Health())
        other.commit(batch(record(4)))
        assert numbers(other) == [1, 2, 4]


def test_an_emptied_server_is_told_of(server: RedisServer, store: RedisStore) -> None:
    store.commit(batch(record(1)))
    server.empty()
    gone = r"everything that was kept .* is gone"
    with pytest.raises(StoreError, match=gone):
        store.commit(batch(record(2)))
    with pytest.raises(StoreError, match=gone):
        store.probe(Health())
    store.close()
    assert store.open().queues == []


def test_commits_that_redis_has_lost_are_told_of(server: RedisServer) -> None:
    with closing(RedisStore(server.url(), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        last = server.ask("HGET", "geartrain:meta", "batch")
        assert isinstance(last, bytes)
        store.commit(batch(record(2)))
        # As a machine that lost its power within the last second leaves it.
        server.ask("HSET", "geartrain:meta", "batch", last)
        store.commit(batch(record(3)))
        assert numbers(store) == [1, 2, 3]
        (problem,) = store.problems
        assert "has lost the latest commits" in problem


def test_a_look_from_outside_says_what_is_there(
    server: RedisServer, store: RedisStore
) -> None:
    store.commit(batch(record(1), record(2), record(3)))
    store.commit(burials(3))
    said = look_at(server.url(), "disk")
    assert said.startswith(f"Redis on 127.0.0.1:{server.port} ")
    assert "2 jobs and 1 dead letter, in use by process" in said
    assert said.endswith("disk: appendonly is yes, appendfsync always")


def test_another_format_is_refused(server: RedisServer, store: RedisStore) -> None:
    store.close()
    server.ask("HSET", "geartrain:meta", "format", "77")
    with pytest.raises(StoreError, match="of format 77, which this version"):
        store.open()
    with pytest.raises(StoreError, match="of format 77, which this version"):
        look_at(server.url(), "disk")


def test_prefixes_and_databases_are_stores_of_their_own(server: RedisServer) -> None:
    urls = [
        server.url(),
        f"{server.url()}/1",
        server.url("?prefix=a"),
        server.url("?prefix=a:"),
    ]
    stores = [RedisStore(url, "disk") for url in urls]
    for number, each in enumerate(stores, 1):
        each.open()
        each.commit(batch(record(number)))
    for number, each in enumerate(stores, 1):
        assert numbers(each) == [number]
        each.close()
