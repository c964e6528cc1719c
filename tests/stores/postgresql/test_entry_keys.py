"""Keys of entries that no index takes."""

from __future__ import annotations

import os
from collections.abc import Callable

from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.store_records import batch, entries_of

Opened = Callable[..., PostgresqlStore]


def test_a_key_may_be_long_and_of_any_bytes(opened: Opened) -> None:
    """One that an index refuses would have no batch be written any more."""
    store = opened()
    keys = [b"short", b"\0long\0", b"\0long\0" + b"x" * 64, os.urandom(64_000)]
    names = [(kind, key) for kind in (b"policy", b"mark") for key in keys]
    made = batch()
    made.entries.update({(kind, key): key[:9] + b"!" for kind, key in names})
    store.commit(made)
    store.close()
    kept = sorted((kind, key, key[:9] + b"!") for kind, key in names)
    assert sorted(entries_of(store.open())) == kept
    gone = batch()
    gone.entries.update(dict.fromkeys(names))
    store.commit(gone)
    store.close()
    assert entries_of(store.open()) == []
