"""The entries of a store that may be damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from geartrain.engine.records import Entry
from geartrain.stores.salvage.scan import Scan
from geartrain.stores.sqlite.entries import ENTRY_COLUMNS, unpack_entry
from geartrain.stores.sqlite.file import ERRORS, FORMAT

__all__ = ["KeptEntries", "is_older"]


class KeptEntries:
    """One reading of all entries.

    Attributes:
        losses: a sentence for each that cannot be read, by the number of its row; 0
            stands for all of those whose rows are unknown.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._scan = Scan(connection, "entries", "id", ENTRY_COLUMNS)
        self._has_none = is_older(connection, b"entries")
        self.losses: dict[int, str] = {}

    def entries(self) -> Iterator[Entry]:
        """Return each that can be read."""
        if self._has_none:
            return
        for row in self._scan.rows():
            number = row[0]
            try:
                entry = unpack_entry(*row)
            except ERRORS:
                self.losses[number] = f"entry {number} is lost: its row is damaged"
                continue
            self._scan.keep(number)
            self.losses.pop(number, None)
            yield entry
        if self._scan.reason:
            self.losses[0] = (
                "policies changed at run time and other entries are lost, it cannot be "
                f"told how many: {self._scan.reason}"
            )


def is_older(connection: sqlite3.Connection, table: bytes) -> bool:
    """Tell whether a store has a format that does not know a table."""
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        found = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = ?", (table.decode(),)
        ).fetchone()
    except ERRORS:
        return False
    return version < FORMAT and found is None
