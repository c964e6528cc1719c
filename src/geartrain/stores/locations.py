"""Stores by the text that names them: a URL, ``memory:``, or the path of a file."""

from __future__ import annotations

import os
from typing import Final

from geartrain.errors import OptionError
from geartrain.stores.base import Store
from geartrain.stores.kinds import FILE_KIND, KINDS, MEMORY, StoreKind
from geartrain.stores.owners import make_folder
from geartrain.stores.paths import SQLITE, is_path, state_directory
from geartrain.stores.urls import without_password

__all__ = [
    "check_store",
    "cluster_of",
    "default_store",
    "file_of",
    "look_at_store",
    "make_store",
    "prepare_store",
    "show_store",
]

_FILE: Final = "jobs.db"


def default_store() -> str:
    """Return the store of a server that is told none: a file in the state directory.

    That is the first of ``STATE_DIRECTORY``, which systemd sets, else for root
    ``/var/lib/geartrain``, and for others ``geartrain`` in ``XDG_STATE_HOME`` or
    ``~/.local/state``.

    Raises:
        OptionError: the environment names no such place.
    """
    return f"{SQLITE}{os.path.join(state_directory(), _FILE)}"


def check_store(location: str) -> str:
    """Return a store's full name: ``memory:``, or a URL of one of the kinds.

    A text without a scheme is a file, if it has a slash or a dot: a relative path
    begins at the working directory, ``~`` at the user's home.

    >>> check_store("/srv/jobs.db")
    'sqlite:///srv/jobs.db'

    Raises:
        OptionError: the text names no store; the message says what would.
    """
    return _kind_of(location).check(location)


def file_of(location: str) -> str:
    """Return the file of a store; empty for one that is no file.

    Raises:
        OptionError: the text names no store.
    """
    if _kind_of(location) is not FILE_KIND:
        return ""
    return check_store(location).removeprefix(SQLITE)


def show_store(location: str) -> str:
    """Return a store's full name as it may be shown: without a password, escaped."""
    return _kind_of(location).show(location)


def cluster_of(location: str) -> str:
    """Return the name of the job servers that share a store; empty if none do."""
    return _kind_of(location).cluster(location)


def make_store(location: str, durability: str) -> Store:
    """Return the store a text names, not yet open.

    Args:
        location: the text.
        durability: ``disk``, ``os`` or ``memory``; one in memory has no other.

    Raises:
        OptionError: the text names no store, there is no such durability, or the
            Python package that the store needs is not installed.
    """
    kind = _kind_of(location)
    try:
        return kind.make(kind.check(location), durability)
    except ModuleNotFoundError as error:
        raise _missing(kind, error) from None


def look_at_store(location: str, durability: str) -> str:
    """Ask the server of a store what is there; empty for one that has no server.

    The store may be in use meanwhile.

    Raises:
        OptionError: as ``make_store``.
        StoreError: the server does not answer, or refuses what a job server needs.
    """
    kind = _kind_of(location)
    if kind.look is None:
        return ""
    try:
        return kind.look(kind.check(location), durability)
    except ModuleNotFoundError as error:
        raise _missing(kind, error) from None


def prepare_store(location: str, uid: int, gid: int) -> None:
    """Make a store's folder for the user ``uid``, as root, if it is missing.

    Raises:
        StoreError: it cannot be made.
    """
    path = file_of(location)
    if path:
        make_folder(path, uid, gid)


def _kind_of(location: str) -> StoreKind:
    """Return the kind of store that a text names.

    Raises:
        OptionError: it names none.
    """
    scheme, colon, rest = location.partition(":")
    for kind in KINDS:
        # Nothing follows memory:, and // all others.
        is_whole = not rest if kind.example == MEMORY else rest.startswith("//")
        if colon and scheme in kind.schemes and is_whole:
            return kind
    if is_path(location):
        return FILE_KIND
    *some, last = [kind.example for kind in KINDS]
    raise OptionError(
        f"'{without_password(location)}' is no store: use {', '.join(some)} or {last},"
        " or the path of a file (./ before a single word)"
    )


def _missing(kind: StoreKind, error: ModuleNotFoundError) -> OptionError:
    """Return what says which package is missing; raise what is a fault of ours."""
    if not kind.package or error.name != kind.package:
        raise error
    return OptionError(
        f"{kind.schemes[0]}:// needs the Python package {kind.package}, which is not"
        f" installed: pip install 'geartrain[{kind.extra}]'"
    )
