"""Stores by the text that names them: ``memory:`` or ``sqlite:///path``."""

from __future__ import annotations

from geartrain.errors import OptionError
from geartrain.stores.base import Store
from geartrain.stores.sqlite import SqliteStore

__all__ = ["check_store", "make_store"]

_SQLITE = "sqlite://"


def check_store(location: str) -> str:
    """Return the text if it names a store.

    Raises:
        OptionError: it does not; the message says what would.
    """
    path = location.removeprefix(_SQLITE)
    if location == "memory:" or (location.startswith(_SQLITE) and path.startswith("/")):
        return location
    raise OptionError(f"{location!r} is no store: use sqlite:///full/path or memory:")


def make_store(location: str, durability: str) -> Store | None:
    """Return the store a text names, not yet open; None for ``memory:``.

    Raises:
        OptionError: the text names no store.
    """
    check_store(location)
    if location == "memory:":
        return None
    return SqliteStore(location.removeprefix(_SQLITE), durability)
