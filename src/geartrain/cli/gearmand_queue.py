"""The drop-in's persistent queue: which store its flags name, and what it takes over.

The jobs that the original has left in its queue are taken over before the server
listens. Before that the port is tried: an original that still runs has its jobs in
memory, and would run them a second time.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import quote

import click

from geartrain.cli.gearmand_flags import abandoned, given
from geartrain.cli.gearmand_queue_types import QUEUE_TYPES, SQLITE, QueueType
from geartrain.errors import OptionError, StoreError
from geartrain.importing.takeover import Takeover
from geartrain.server.options import Options
from geartrain.stores.base import Store
from geartrain.texts import visible
from geartrain.transport.listeners import bind

__all__ = ["queue_notices", "queue_options", "queue_preparations", "store_flag"]

ABANDONED_QUEUES = ("libtokyocabinet", "libdrizzle")

_COLUMNS = {b"unique_key", b"function_name", b"priority", b"data"}
_SQLITE = b"SQLite format 3\0"
_NO_WRITE_AHEAD_LOG = b"\1\1"

_log = logging.getLogger("geartrain.server")


def queue_options(context: click.Context) -> dict[str, Any]:
    """Return the options of the store that gearmand's flags ask for.

    Raises:
        OptionError: there is no such queue, its database is abandoned, or one of its
            flags is missing or wrong.
    """
    queue = _type_of(context)
    if queue is None:
        return {"store": "memory:"}
    options = {"store": queue.store(context.params)}
    if queue is SQLITE and context.params["store_queue_on_shutdown"]:
        options["durability"] = "memory"
    if queue.durability and not given(context, "--durability"):
        options["durability"] = queue.durability
    return options


def queue_preparations(
    context: click.Context, options: Options
) -> list[Callable[[Store], None]]:
    """Return what is to be done before the store is opened, in order."""
    queue = _type_of(context)
    if queue is None:
        return []
    takeover = Takeover(
        queue.former(context.params),
        options.handle_prefix.encode(),
    )
    preparations: list[Callable[[Store], None]] = []
    # A socket that was handed over is nobody else's.
    if "LISTEN_FDS" not in os.environ:
        preparations.append(partial(_try_port, options))
    if queue is SQLITE:
        path = options.store.removeprefix("sqlite://")
        table = context.params["libsqlite3_table"]
        preparations.append(lambda _: _set_aside(path, table))
    return [*preparations, takeover]


def queue_notices(context: click.Context) -> list[str]:
    """Say which flags of a queue do nothing because another one is used."""
    used = _type_of(context)
    return [
        f"{flag} does nothing without --queue-type={queue.name}"
        for queue in QUEUE_TYPES
        if queue is not used
        for option in queue.flags
        for flag in option.opts
        if given(context, flag)
    ]


def store_flag(context: click.Context) -> str:
    """Return the flag that names another store."""
    return (_type_of(context) or SQLITE).store_flag


def _type_of(context: click.Context) -> QueueType | None:
    """Return the type of queue that is asked for; None for jobs in memory.

    Raises:
        OptionError: there is none of this name, or its database is abandoned.
    """
    asked = context.params["queue_type"]
    if asked.lower() == "builtin":
        return None
    for queue in QUEUE_TYPES:
        if asked.lower() == queue.name.lower():
            return queue
    if asked.lower() in ABANDONED_QUEUES:
        raise OptionError(abandoned(f"--queue-type={asked.lower()}"))
    *some, last = ["builtin", *(queue.name for queue in QUEUE_TYPES)]
    raise OptionError(
        f"Error while initializing the queue : {asked}:"
        f" the queue types are {', '.join(some)} and {last}"
    )


def _try_port(options: Options, _: Store) -> None:
    """Check that no job server listens where this one is to.

    Raises:
        ListenError: one does.
    """
    for address in (each for each in options.addresses if not each.path):
        for listener in bind(address, options.backlog, options.socket_mode):
            listener.close()


def _set_aside(path: str, table: str) -> None:
    """Rename a file that the original wrote, so that the store can have its name.

    Raises:
        StoreError: it cannot be renamed.
    """
    if not _is_of_the_original(path, table):
        return
    former = f"{path}.gearmand"
    if _is_of_the_original(former, table) and _has_rows(former, table):
        raise StoreError(
            f"{visible(path)} is the queue of the original gearmand, and so is"
            f" {visible(former)}, which has jobs: import one of both by geartrain"
            " import, and remove it"
        )
    try:
        os.rename(path, former)
    except OSError as error:
        raise StoreError(
            f"{visible(path)} is the queue of the original gearmand, and cannot be"
            f" renamed to {visible(former)}: {error.strerror}"
        ) from error
    _log.warning(
        "the queue of the original gearmand is %s now",
        visible(former),
        extra={"action": "queue_set_aside"},
    )


def _has_rows(path: str, table: str) -> bool:
    name = table.replace('"', '""')
    with closing(sqlite3.connect(_address(path), uri=True)) as database:
        return (
            database.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is not None
        )


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
    with closing(sqlite3.connect(_address(path), uri=True)) as database:
        database.text_factory = bytes
        rows = database.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return {name for (name,) in rows}


def _address(path: str) -> str:
    return f"file:{quote(os.fsencode(path))}?mode=ro"
