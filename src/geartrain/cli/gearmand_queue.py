"""The persistent queues of the original ``gearmand``, as stores."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

import click

from geartrain.cli.gearmand_flags import given, not_yet
from geartrain.errors import OptionError

__all__ = ["queue_notices", "queue_options"]

QUEUES_TO_COME = (
    "MySQL",
    "Postgres",
    "redis",
    "libmemcached",
    "libtokyocabinet",
    "libdrizzle",
)
DEFAULT_TABLE = "gearman_queue"

_COLUMNS = {b"unique_key", b"function_name", b"priority", b"data"}
_SQLITE = b"SQLite format 3\0"
_NO_WRITE_AHEAD_LOG = b"\1\1"


def queue_options(context: click.Context) -> dict[str, Any]:
    """Return the options of the store that gearmand's flags ask for.

    Raises:
        OptionError: there is no such queue, it is not supported yet, or its file is
            one that the original wrote.
    """
    queue_type = context.params["queue_type"]
    queue = queue_type.lower()
    if queue == "builtin":
        return {"store": "memory:"}
    if queue == "libsqlite3":
        return _sqlite_options(context)
    for name in QUEUES_TO_COME:
        if queue == name.lower():
            part = f"the persistent queue {name}"
            raise OptionError(not_yet(f"--queue-type={name}", part))
    raise OptionError(
        f"Error while initializing the queue : {queue_type}:"
        " the queue types are builtin and libsqlite3"
    )


def queue_notices(context: click.Context) -> list[str]:
    """Say which flags of a queue do nothing because another one is used."""
    if context.params["queue_type"].lower() == "libsqlite3":
        return []
    return [
        f"{flag} does nothing without --queue-type=libsqlite3: jobs are in memory only"
        for flag in ("--libsqlite3-db", "--store-queue-on-shutdown")
        if given(context, flag)
    ]


def _sqlite_options(context: click.Context) -> dict[str, Any]:
    flags = context.params
    if not flags["libsqlite3_db"]:
        raise OptionError(
            "Error while initializing the queue : libsqlite3:"
            " missing required --libsqlite3-db=<dbfile> argument"
        )
    path = os.path.abspath(flags["libsqlite3_db"])
    table = flags["libsqlite3_table"] or DEFAULT_TABLE
    if _is_of_the_original(path, table):
        words = ["geartrain", "import", f"sqlite://{path}.old", "--delete"]
        if table != DEFAULT_TABLE:
            words += ["--table", table]
        raise OptionError(
            f"{path} is the queue of the original gearmand, which is left as it is:"
            f" name another file, or rename this one to {path}.old; then start, and"
            f" take its jobs over by: {shlex.join(words)}"
        )
    durability = "memory" if flags["store_queue_on_shutdown"] else "disk"
    return {"store": f"sqlite://{path}", "durability": durability}


def _is_of_the_original(path: str, table: str) -> bool:
    """Tell whether a file is a database with the original's table in it."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            header = file.read(20)
        # A store has a write-ahead log, which even a reader would touch.
        if header != _SQLITE + header[16:18] + _NO_WRITE_AHEAD_LOG:
            return False
        return _columns(path, table) >= _COLUMNS
    except (OSError, sqlite3.Error):
        # What is wrong with it, the store will say.
        return False


def _columns(path: str, table: str) -> set[bytes]:
    """Return the names of a table's columns; none if there is no such table."""
    address = f"file:{quote(os.fsencode(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = bytes
        rows = database.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return {name for (name,) in rows}
