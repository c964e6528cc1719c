"""Open and close a SQLite store: its connection, its files and its room."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import NamedTuple

from geartrain.engine.inventory import Inventory
from geartrain.errors import StoreError
from geartrain.stores.sqlite.damage import (
    has_log,
    is_emptied,
    is_log_gone,
    is_removed,
    look_whole,
)
from geartrain.stores.sqlite.file import ERRORS, abandon, explain, open_file
from geartrain.stores.sqlite.meta import is_in_use, reserve_lost
from geartrain.stores.sqlite.presence import Presence
from geartrain.stores.sqlite.room import DiskRoom
from geartrain.stores.sqlite.session import StoreSession
from geartrain.texts import visible

__all__ = ["Opened", "Opening"]


class Opened(NamedTuple):
    """An open file.

    Attributes:
        session: reads and writes it.
        presence: whether it is where it was.
        room: how much it can grow.
    """

    session: StoreSession
    presence: Presence
    room: DiskRoom

    def close(self) -> None:
        """Close the file, its reserve given back.

        If the database was renamed away from its log, the log is written into it first.
        """
        self.room.give_up_reserve()
        connection = self.session.connection
        self.session.end()
        if self.presence.is_here():
            connection.close()
        else:
            if self.presence.has_name():
                self.room.empty_log()
            abandon(connection)
        self.presence.close()


class Opening:
    """One try to open a file.

    Attributes:
        problems: what an operator should know of the file, a sentence each.
    """

    def __init__(
        self, path: str, synchronous: str, mends: bool, is_looked_at: bool
    ) -> None:
        """Prepare to open the file ``path``.

        Args:
            path: the file.
            synchronous: SQLite's setting of this name.
            mends: damage will be mended and losses reported.
            is_looked_at: check for damage.
        """
        self.problems: list[str] = []
        self._path = path
        self._synchronous = synchronous
        self._is_looked_at = is_looked_at
        self._was_emptied = mends and is_emptied(path)
        self._was_removed = mends and is_removed(path)

    def open(self) -> tuple[Opened, Inventory]:
        """Open the file, making it if there is none.

        Raises:
            StoreError: it cannot be opened; the cause says whether it is damaged.
        """
        if self._was_emptied or self._was_removed:
            self._save_log()
        is_log_there = not is_log_gone(self._path)
        connection = open_file(self._path, self._synchronous)
        try:
            self._look(connection, is_log_there)
            return self._begin(connection)
        except ERRORS as error:
            connection.close()
            raise explain(self._path, error) from error
        except BaseException:
            connection.close()
            raise

    def _save_log(self) -> None:
        """Move the log of an emptied or removed file aside: SQLite would delete it."""
        what = "was an empty file"
        if self._was_removed:
            what = "has gone, and its log is still there"
        said = f"the store {visible(self._path)} {what}: it begins with no jobs"
        if has_log(self._path):
            real = os.path.realpath(self._path)
            aside = f"{real}-wal.damaged-{time.time_ns()}"
            os.rename(f"{real}-wal", aside)
            said += f"; what its log has is now in {visible(aside)}"
        self.problems.append(said)

    def _look(self, connection: sqlite3.Connection, is_log_there: bool) -> None:
        """Look for damage, and for what is missing."""
        if self._is_looked_at:
            look_whole(connection, os.stat(self._path).st_size)
        if is_in_use(connection) and not is_log_there:
            self.problems.append(
                f"the write-ahead log of {visible(self._path)} is missing: what was "
                "committed last before the job server ended is lost"
            )
        if self._was_emptied or self._was_removed:
            reserve_lost(connection)

    def _begin(self, connection: sqlite3.Connection) -> tuple[Opened, Inventory]:
        """Begin to use the file."""
        session = StoreSession(connection)
        inventory = session.inventory()
        session.begin()
        real = os.path.realpath(self._path)
        try:
            presence = Presence(self._path, real)
        except OSError as error:
            raise StoreError(
                f"the store {visible(self._path)} cannot be watched: {error.strerror}"
            ) from error
        room = DiskRoom(real, connection)
        room.keep_reserve()
        return Opened(session, presence, room), inventory
