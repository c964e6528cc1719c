"""Kinds of stores: all that depends on where jobs are kept, one entry a kind.

A new kind is a class that passes ``tests/stores/test_contract.py``, a line in
``tests/support/store_kinds.py``, and an entry here: ``--store`` takes it, errors name
it, and ``geartrain doctor`` looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from geartrain.stores.base import Store
from geartrain.stores.paths import check_file
from geartrain.stores.postgresql.location import (
    check_location,
    cluster_of,
    show_location,
)
from geartrain.stores.urls import without_password
from geartrain.texts import visible

__all__ = ["FILE_KIND", "KINDS", "MEMORY", "Late", "StoreKind"]

MEMORY: Final = "memory:"
"""The name of the store that keeps nothing."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StoreKind:
    """One kind of store. No function but ``make``'s and ``look``'s needs a driver.

    Attributes:
        schemes: what comes before ``:`` in the name of such a store; of several, the
            first is that of full names.
        example: how one is named, as messages and help texts show it.
        check: returns a store's full name; raises ``OptionError``.
        make: makes a store of a full name and a durability, not yet open; raises
            ``OptionError``.
        show: returns a full name as it may be shown: without a password.
        look: of a store on a server, asks that server for a sentence on what is there
            without taking possession; takes a full name and a durability, raises
            ``StoreError``.
        cluster: returns what the job servers that share a store have in common, for
            their handles to begin with; empty for a store that is not shared.
        package: the Python package that ``make`` imports, if any.
        extra: the extra of ``geartrain`` that installs this package.
    """

    schemes: tuple[str, ...]
    example: str
    check: Callable[[str], str]
    make: Callable[[str, str], Store]
    show: Callable[[str], str] = visible
    look: Callable[[str, str], str] | None = None
    cluster: Callable[[str], str] = lambda _: ""
    package: str = ""
    extra: str = ""


@dataclass(frozen=True)
class Late:
    """A function or class of a module that is imported when it is called.

    A server then needs the driver of its own store alone.

    Attributes:
        module: the module, within ``geartrain.stores``.
        name: its name there.
    """

    module: str
    name: str

    def load(self) -> Callable[..., Any]:
        """Import it."""
        loaded: Callable[..., Any] = getattr(
            import_module(f"geartrain.stores.{self.module}"), self.name
        )
        return loaded

    def __call__(self, *arguments: str) -> Any:
        """Call it."""
        return self.load()(*arguments)


def _make_memory(_: str, __: str) -> Store:
    from geartrain.stores.memory import MemoryStore

    return MemoryStore()


def _make_sqlite(location: str, durability: str) -> Store:
    from geartrain.stores.paths import SQLITE
    from geartrain.stores.salvage.rebuilding import Rebuilder
    from geartrain.stores.sqlite.store import SqliteStore

    return SqliteStore(location.removeprefix(SQLITE), durability, Rebuilder())


FILE_KIND: Final = StoreKind(
    schemes=("sqlite",),
    example="sqlite:///full/path",
    check=check_file,
    make=_make_sqlite,
)
"""What the path of a file without a scheme stands for."""

KINDS: Final = (
    FILE_KIND,
    StoreKind(
        schemes=("postgresql", "postgres"),
        example="postgresql://user@host/database",
        check=check_location,
        make=Late("postgresql.store", "PostgresqlStore"),
        show=show_location,
        look=Late("postgresql.looking", "look"),
        cluster=cluster_of,
        package="psycopg",
        extra="postgresql",
    ),
    StoreKind(
        schemes=("memory",),
        example=MEMORY,
        check=lambda location: location,
        make=_make_memory,
    ),
    StoreKind(
        schemes=("mysql", "mariadb"),
        example="mysql://user@host/database",
        check=Late("mysql.location", "check_location"),
        make=Late("mysql.store", "MysqlStore"),
        show=without_password,
        look=Late("mysql.store", "look_at"),
        package="pymysql",
        extra="mysql",
    ),
    StoreKind(
        schemes=("redis", "rediss", "unix", "valkey", "valkeys"),
        example="redis://host",
        check=Late("redis.location", "check_redis"),
        make=Late("redis.store", "RedisStore"),
        show=without_password,
        look=Late("redis.looking", "look_at"),
        package="redis",
        extra="redis",
    ),
    StoreKind(
        schemes=("memcached",),
        example="memcached://host/prefix",
        check=Late("memcached.location", "check_memcached"),
        make=Late("memcached.store", "MemcachedStore"),
        look=Late("memcached.store", "look_at"),
        package="pymemcache",
        extra="memcached",
    ),
)
"""All kinds of stores, in the order in which messages name them."""
