"""What a Redis server is set to, and how durable that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import OptionError, StoreError
from geartrain.stores.redis import chain
from geartrain.stores.redis import store as redis_store
from geartrain.stores.redis.store import RedisStore
from tests.support.redis_servers import DURABLE, RedisServer, running_redis_server
from tests.support.servers import free_port
from tests.support.store_records import batch, numbers, record
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis_server(*DURABLE) as running:
        yield running


def set_to(server: RedisServer, **settings: str) -> None:
    for name, given in settings.items():
        server.ask("CONFIG", "SET", name.replace("_", "-"), given)


def persistence(server: RedisServer) -> str:
    return str(server.ask("INFO", "persistence"))


@pytest.fixture(autouse=True)
def _as_it_was(server: RedisServer) -> Iterator[None]:
    yield
    set_to(
        server,
        appendonly="yes",
        appendfsync="always",
        maxmemory_policy="noeviction",
        no_appendfsync_on_rewrite="no",
        min_replicas_to_write="0",
    )
    server.empty()
    # Until its log is written anew it cannot be told to do so again.
    wait_until(lambda: "'aof_rewrite_in_progress': 0" in persistence(server))


def opened(server: RedisServer, durability: str, options: str = "") -> RedisStore:
    store = RedisStore(server.url(options), durability)
    store.open()
    store.commit(batch(record(1)))
    assert numbers(store) == [1]
    return store


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"appendfsync": "everysec"}, "appendfsync is everysec.*appendfsync always"),
        ({"appendfsync": "no"}, "appendfsync is no,.*CONFIG SET appendfsync always"),
        ({"appendonly": "no"}, "no append-only file.*CONFIG SET appendonly yes"),
        ({"no_appendfsync_on_rewrite": "yes"}, "no-appendfsync-on-rewrite is yes"),
    ],
)
def test_what_is_less_than_disk_is_refused(
    server: RedisServer, settings: dict[str, str], reason: str
) -> None:
    set_to(server, **settings)
    with pytest.raises(StoreError, match=f"Redis on .*{reason}"):
        opened(server, "disk")


def test_every_second_is_taken_for_os_and_said_loudly(server: RedisServer) -> None:
    set_to(server, appendfsync="everysec")
    with closing(opened(server, "os")) as store:
        (problem,) = store.problems
        assert "loses jobs of the last second or more" in problem
        health = Health()
        store.probe(health)
        assert health.durability == "os: appendonly is yes, appendfsync everysec"
        assert len(store.problems) == 1


def test_always_is_said_without_a_warning(server: RedisServer) -> None:
    for durability in ("disk", "os", "memory"):
        with closing(opened(server, durability)) as store:
            health = Health()
            store.probe(health)
            assert health.durability == "disk: appendonly is yes, appendfsync always"
            assert health.location == server.url()
            assert store.problems == ()
            store.commit(batch(ended=[1]))


def test_without_a_log_there_is_memory_alone(server: RedisServer) -> None:
    set_to(server, appendonly="no")
    with pytest.raises(StoreError, match=r"append-only file.*--durability memory"):
        opened(server, "os")
    with closing(opened(server, "memory")) as store:
        (problem,) = store.problems
        assert "lost when it stops" in problem


def test_what_would_evict_jobs_is_refused(server: RedisServer) -> None:
    set_to(server, maxmemory_policy="allkeys-lru")
    with pytest.raises(StoreError, match=r"allkeys-lru.*maxmemory-policy noeviction"):
        opened(server, "memory")


def test_a_setting_that_changes_is_noticed(server: RedisServer) -> None:
    with closing(opened(server, "disk")) as store:
        set_to(server, appendfsync="everysec")
        with pytest.raises(StoreError, match="appendfsync is everysec"):
            store.probe(Health())
        with pytest.raises(StoreError, match="appendfsync is everysec"):
            store.commit(batch(record(2)))
        store.commit(batch(ended=[1]))
        set_to(server, appendfsync="always")
        store.probe(Health())
        store.commit(batch(record(3)))
        assert numbers(store) == [3]


def test_where_config_is_forbidden_info_tells(server: RedisServer) -> None:
    server.ask("ACL", "SETUSER", "guest", "on", ">pw", "~*", "+@all", "-config")
    url = server.url().replace("redis://", "redis://guest:pw@")
    with pytest.raises(StoreError, match=r"CONFIG GET is forbidden.*\+config\|get"):
        RedisStore(url, "disk").open()
    with closing(RedisStore(url, "os")) as store:
        store.open()
        health = Health()
        store.probe(health)
        assert health.durability.startswith("os: appendonly is yes, appendfsync not")
        assert "pw" not in health.location
    set_to(server, maxmemory_policy="volatile-ttl")
    with pytest.raises(StoreError, match="volatile-ttl"):
        RedisStore(url, "os").open()


@pytest.mark.parametrize(
    ("user", "reason"),
    [("guest:wrong", "refuses the user or the password"), ("weak:pw", "permission")],
)
def test_a_login_that_is_not_enough_is_named(
    server: RedisServer, user: str, reason: str
) -> None:
    server.ask("ACL", "SETUSER", "guest", "on", ">pw", "~*", "+@all")
    server.ask("ACL", "SETUSER", "weak", "on", ">pw", "~*", "+@read", "+info")
    url = server.url().replace("redis://", f"redis://{user}@")
    with pytest.raises(StoreError, match=reason) as raised:
        RedisStore(url, "os").open()
    assert "pw" not in str(raised.value)


def test_a_replica_is_refused_and_its_primary_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_store, "_PATIENCE", 0.0)
    with running_redis_server(*DURABLE) as replica:
        with closing(opened(replica, "disk")) as store:
            # Nobody listens there: it keeps what it has.
            replica.ask("REPLICAOF", "127.0.0.1", "1")
            with pytest.raises(StoreError, match=r"is a replica.*name the primary"):
                store.commit(batch(record(2)))
            with pytest.raises(StoreError, match=r"a replica of 127\.0\.0\.1:1, which"):
                store.probe(Health())
        with pytest.raises(StoreError, match=r"a replica of 127\.0\.0\.1:1, which"):
            opened(replica, "disk")


def test_replicas_that_are_asked_for_have_to_confirm(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(server, repl_diskless_sync_delay="0")
    with running_redis_server(*DURABLE) as replica:
        replica.ask("REPLICAOF", "127.0.0.1", str(server.port))
        wait_until(lambda: "online" in str(server.ask("INFO", "replication")))
        with closing(opened(server, "disk", "?replicas=1")) as store:
            monkeypatch.setattr(chain, "_REPLICA_TIMEOUT", 500)
            replica.pause()
            with pytest.raises(StoreError, match="only 0 of 1 replicas have confirmed"):
                store.commit(batch(record(2)))
            replica.go_on()
            monkeypatch.setattr(chain, "_REPLICA_TIMEOUT", 10_000)
            store.commit(batch(record(3)))
            assert numbers(store) == [1, 3]


def test_a_server_on_a_socket_is_used(tmp_path: Path) -> None:
    with running_redis_server(*DURABLE, "--unixsocket", "socket") as running:
        path = running.folder / "socket"
        store = RedisStore(f"unix://{path}?database=2&prefix=x:", "disk")
        with closing(store):
            store.open()
            store.commit(batch(record(1)))
            health = Health()
            store.probe(health)
            assert health.location == f"unix://{path}?prefix=x:"
        assert b"db2" in str(running.ask("INFO", "keyspace")).encode()


def test_a_cluster_is_refused() -> None:
    with (
        running_redis_server(
            *DURABLE, "--cluster-enabled", "yes", "--cluster-port", str(free_port())
        ) as part,
        pytest.raises(StoreError, match="part of a Redis Cluster"),
    ):
        RedisStore(part.url(), "disk").open()


def test_there_are_three_durabilities() -> None:
    with pytest.raises(OptionError, match="'paper' is no durability"):
        RedisStore("redis://127.0.0.1", "paper")
