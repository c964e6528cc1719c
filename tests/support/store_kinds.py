"""All kinds of stores: what the contract's tests are run with."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import quote

from geartrain.stores.base import Store
from geartrain.stores.memcached.store import MemcachedStore
from geartrain.stores.memory import MemoryStore
from geartrain.stores.mysql.store import MysqlStore
from geartrain.stores.postgresql.store import PostgresqlStore
from geartrain.stores.redis.store import RedisStore
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.shared_servers import (
    MARIADB,
    MEMCACHED,
    POSTGRESQL,
    REDIS,
    SharedServer,
)

_in_memory: dict[str, MemoryStore] = {}
# Children that a test starts know by this that the store is not new.
_PATH = "STORE_SERVER_PATH"


def _url(server: SharedServer, path: str) -> str:
    """Return the URL for a path; there is one store at a time, a new one is empty."""
    url = server.url()
    if os.environ.get(_PATH) != path:
        server.empty()
        os.environ[_PATH] = path
    return url


def _redis_store(path: str) -> RedisStore:
    """Return the store of a path: each has a prefix of its own."""
    return RedisStore(f"{REDIS.url()}?prefix={quote(path, safe='')}:", "disk")


def _memcached_store(path: str) -> MemcachedStore:
    """Return the store of a path: each has a prefix of its own."""
    prefix = sha256(path.encode()).hexdigest()
    return MemcachedStore(f"{MEMCACHED.url()}/{prefix}", "memory")


# From a path of one's own to a store that keeps there what it keeps. Stores made with
# one path are one store.
KINDS: dict[str, Callable[[str], Store]] = {
    "memory": lambda path: _in_memory.setdefault(path, MemoryStore()),
    "sqlite-disk": lambda path: SqliteStore(path, "disk"),
    "sqlite-os": lambda path: SqliteStore(path, "os"),
    "mysql": lambda path: MysqlStore(_url(MARIADB, path), "disk"),
    "postgresql": lambda path: PostgresqlStore(
        # With others it gives numbers by the time.
        f"{_url(POSTGRESQL, path)}?shared=no",
        "disk",
    ),
    "redis": _redis_store,
    "memcached": _memcached_store,
}

# Those that are still there when the process is not.
LASTING = ["sqlite-disk", "sqlite-os", "mysql", "postgresql", "redis", "memcached"]

# Of these: those on a server, where each question takes a while, and the others.
REMOTE = ["mysql", "postgresql", "redis", "memcached"]
LOCAL = [kind for kind in LASTING if kind not in REMOTE]
