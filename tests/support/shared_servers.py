"""Database servers that the tests of one process share, started when first needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from tests.support.mariadb_servers import MariadbServer
from tests.support.memcached_servers import MemcachedServer
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.redis_servers import DURABLE, RedisServer

__all__ = [
    "MARIADB",
    "MEMCACHED",
    "POSTGRESQL",
    "REDIS",
    "SharedServer",
    "empty_servers",
    "stop_servers",
]


class _Server(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...

    def empty(self) -> None: ...

    def url(self, options: str = "") -> str: ...


class SharedServer:
    """A server for stores, one after the other."""

    def __init__(self, name: str, make: Callable[[], _Server]) -> None:
        # Children that a test starts find the server of their parent by this.
        self._variable = f"STORE_SERVER_{name}"
        self._make = make
        self._server: _Server | None = None

    def url(self) -> str:
        """Return the URL of a store in it; start it if it does not run yet."""
        if self._variable not in os.environ:
            self._server = self._make()
            self._server.start()
            os.environ[self._variable] = self._server.url()
        return os.environ[self._variable]

    def empty(self) -> None:
        """Have it forget what was kept."""
        if self._server is not None:
            self._server.empty()

    def stop(self) -> None:
        """Stop it, if this process has started it."""
        if self._server is not None:
            del os.environ[self._variable]
            self._server.stop()
            self._server = None


MARIADB = SharedServer("MARIADB", MariadbServer)
POSTGRESQL = SharedServer("POSTGRESQL", PostgresqlServer)
REDIS = SharedServer("REDIS", lambda: RedisServer(*DURABLE))
MEMCACHED = SharedServer("MEMCACHED", MemcachedServer)

_ALL = (MARIADB, POSTGRESQL, REDIS, MEMCACHED)


def empty_servers() -> None:
    """Have the servers forget what was kept."""
    for server in _ALL:
        server.empty()


def stop_servers() -> None:
    """Stop what this process has started."""
    for server in _ALL:
        server.stop()
