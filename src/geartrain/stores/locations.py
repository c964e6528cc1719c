"""Stores by the text that names them: ``memory:``, ``sqlite:///path``, or a file."""

from __future__ import annotations

import os
import re
from typing import Final

from geartrain.errors import OptionError
from geartrain.stores.base import Store
from geartrain.stores.memory import MemoryStore
from geartrain.stores.owners import make_folder
from geartrain.stores.salvage.rebuilding import Rebuilder
from geartrain.stores.sqlite.store import SqliteStore
from geartrain.texts import visible

__all__ = ["check_store", "default_store", "file_of", "make_store", "prepare_store"]

_SQLITE: Final = "sqlite://"
_MEMORY: Final = "memory:"
_FILE: Final = "jobs.db"

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


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
    """Return a store's full name: ``memory:``, or ``sqlite://`` and a full path.

    A text without a scheme is a file, if it has a slash or a dot: a relative path
    begins at the working directory, ``~`` at the user's home. No other character means
    anything but itself.

    >>> check_store("/srv/jobs.db")
    'sqlite:///srv/jobs.db'

    Raises:
        OptionError: the text names no store; the message says what would.
    """
    if location == _MEMORY:
        return location
    path = location.removeprefix(_SQLITE)
    if path != location:
        if not path.startswith("/"):
            raise _no_store(location)
    else:
        # A bare word is more often a mistake than a file.
        if _SCHEME.match(path) or not ("/" in path or "." in path):
            raise _no_store(location)
        path = _full(path)
    if path.endswith("/"):
        raise OptionError(f"the store {visible(path)} is a folder: name a file in it")
    if "\0" in path:
        raise OptionError(f"the store {visible(path)} has a zero byte in its name")
    return f"{_SQLITE}{path}"


def file_of(location: str) -> str:
    """Return the file of a store; empty for one in memory.

    Raises:
        OptionError: the text names no store.
    """
    return check_store(location).removeprefix(_MEMORY).removeprefix(_SQLITE)


def make_store(location: str, durability: str) -> Store:
    """Return the store a text names, not yet open.

    Args:
        location: the text.
        durability: ``disk``, ``os`` or ``memory``; one in memory has no other.

    Raises:
        OptionError: the text names no store, or there is no such durability.
    """
    path = file_of(location)
    return SqliteStore(path, durability, Rebuilder()) if path else MemoryStore()


def prepare_store(location: str, uid: int, gid: int) -> None:
    """Make a store's folder for the user ``uid``, as root, if it is missing.

    Raises:
        StoreError: it cannot be made.
    """
    path = file_of(location)
    if path:
        make_folder(path, uid, gid)


def _no_store(location: str) -> OptionError:
    return OptionError(
        f"'{visible(location)}' is no store: use sqlite:///full/path or memory:, or the"
        " path of a file (./ before a single word)"
    )


def _full(path: str) -> str:
    """Return the full path of a file; a slash at its end stays."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise OptionError(
            f"the store {visible(path)} is in the home of an unknown user: write"
            " the full path, or ./ before it"
        )
    try:
        full = os.path.abspath(expanded)
    except FileNotFoundError:
        raise OptionError(
            f"the store {visible(path)} is in the working directory, which is gone:"
            " write the full path"
        ) from None
    return f"{full}/" if path.endswith("/") else full


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
