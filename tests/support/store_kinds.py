"""All kinds of stores: what the contract's tests are run with."""

from __future__ import annotations

from collections.abc import Callable

from geartrain.stores.base import Store
from geartrain.stores.memory import MemoryStore
from geartrain.stores.sqlite.store import SqliteStore

_in_memory: dict[str, MemoryStore] = {}

# From a path of one's own to a store that keeps there what it keeps. Stores made with
# one path are one store.
KINDS: dict[str, Callable[[str], Store]] = {
    "memory": lambda path: _in_memory.setdefault(path, MemoryStore()),
    "sqlite-disk": lambda path: SqliteStore(path, "disk"),
    "sqlite-os": lambda path: SqliteStore(path, "os"),
}

# Those that are still there when the process is not.
LASTING = ["sqlite-disk", "sqlite-os"]
