"""The recurring jobs of a store that may be damaged, and its highest number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from geartrain.engine.records import ScheduleRecord
from geartrain.stores.salvage.scan import Scan
from geartrain.stores.sqlite.file import ERRORS
from geartrain.stores.sqlite.meta import is_reserved
from geartrain.stores.sqlite.schedules import schedule_of
from geartrain.texts import quoted

__all__ = ["KeptSchedules", "kept_reserved", "meta_problems"]


class KeptSchedules:
    """One reading of all recurring jobs.

    Attributes:
        losses: a sentence for each that cannot be read, by number; 0 stands for all of
            those whose numbers are unknown.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._scan = Scan(connection, "schedules", "number", "number, sum, record")
        self.losses: dict[int, str] = {}

    def schedules(self) -> Iterator[ScheduleRecord]:
        """Return each that can be read, in the order of numbers if all can be."""
        for row in self._scan.rows():
            try:
                schedule = schedule_of(*row)
            except ERRORS:
                number = row[0]
                self.losses[number] = (
                    f"recurring job {number} is lost: its row is damaged"
                )
                continue
            self._scan.keep(schedule.number)
            self.losses.pop(schedule.number, None)
            yield schedule
        if self._scan.reason:
            self.losses[0] = (
                "recurring jobs are lost, it cannot be told how many: "
                f"{self._scan.reason}"
            )


def kept_reserved(connection: sqlite3.Connection) -> int:
    """Return the highest number that was reserved; 0 if that is lost."""
    try:
        row = connection.execute(
            "SELECT value, sum FROM meta WHERE name = 'reserved'"
        ).fetchone()
    except ERRORS:
        return 0
    return row[0] if row is not None and is_reserved(*row) else 0


def meta_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Report damage to the numbers that a store keeps about itself."""
    meanings = {
        b"reserved": "handles of jobs that ended may be given again",
        b"refused": "a commit that failed may count after a power cut",
    }
    try:
        rows = connection.execute("SELECT name, value, sum FROM meta").fetchall()
    except ERRORS:
        rows = []
    whole = {
        name
        for name, value, checksum in rows
        if type(value) is int and (name == b"refused" or is_reserved(value, checksum))
    }
    for name, meaning in meanings.items():
        if name not in whole:
            yield f"the number {quoted(name)} is lost: {meaning}"
