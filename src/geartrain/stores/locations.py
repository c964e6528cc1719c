"""Stores by the text that names them: ``memory:`` or ``sqlite:///path``."""

from __future__ import annotations

import os

from geartrain.errors import OptionError
from geartrain.stores.base import Store
from geartrain.stores.memory import MemoryStore
from geartrain.stores.owners import make_folder
from geartrain.stores.sqlite.store import SqliteStore

__all__ = ["check_store", "default_store", "make_store", "prepare_store"]

_SQLITE = "sqlite://"
_FILE = "jobs.db"


def default_store() -> str:
    """Return the store of a server that is told none: a file in the state directory.

    That is the first of ``STATE_DIRECTORY``, which systemd sets, else for root
    ``/var/lib/geartrain``, and for others ``geartrain`` in ``XDG_STATE_HOME`` or
    ``~/.local/state``.

    Raises:
        OptionError: the environment names no such place.
    """
    return f"{_SQLITE}{os.path.join(_state_directory(), _FILE)}"


def check_store(location: str) -> str:
    """Return the text if it names a store.

    Raises:
        OptionError: it does not; the message says what would.
    """
    path = location.removeprefix(_SQLITE)
    if location == "memory:" or (location.startswith(_SQLITE) and path.startswith("/")):
        return location
    raise OptionError(f"{location!r} is no store: use sqlite:///full/path or memory:")


def make_store(location: str, durability: str) -> Store:
    """Return the store a text names, not yet open.

    Args:
        location: the text.
        durability: ``disk``, ``os`` or ``memory``; one in memory has no other.

    Raises:
        OptionError: the text names no store, or there is no such durability.
    """
    check_store(location)
    if location == "memory:":
        return MemoryStore()
    return SqliteStore(location.removeprefix(_SQLITE), durability)


def prepare_store(location: str, uid: int, gid: int) -> None:
    """Make a store's folder for the user ``uid``, as root, if it is missing.

    Raises:
        StoreError: it cannot be made.
    """
    if location.startswith(_SQLITE):
        make_folder(location.removeprefix(_SQLITE), uid, gid)


def _state_directory() -> str:
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        if os.path.isabs(given):
            return given
        raise OptionError(
            f"STATE_DIRECTORY={given} is no full path: correct it, or name a store"
            " with --store"
        )
    if os.geteuid() == 0:
        return "/var/lib/geartrain"
    # A relative path is to be ignored, says the standard of XDG_STATE_HOME.
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.expanduser("~/.local/state")
    if not os.path.isabs(state):
        raise OptionError(
            "there is no home directory to keep jobs in: set HOME, or name a store with"
            " --store"
        )
    return os.path.join(state, "geartrain")
