"""Inventories: what a store says when it is opened, without a look at every job."""

from __future__ import annotations

from typing import Final

from geartrain.engine.records import Entry, JobRecord, ScheduleRecord

__all__ = ["LANES", "Inventory", "QueueInventory"]


class QueueInventory:
    """What a store keeps for one function, priority and flow key."""

    def __init__(self, function: bytes, priority: int, queue_key: bytes = b"") -> None:
        self.function = function
        """The function's name."""
        self.priority = priority
        """``Priority`` as a number."""
        self.queue_key = queue_key
        """The flow key; empty for the jobs that wait in their function's own queue."""
        self.ready = 0
        """Jobs without a due time."""
        self.delayed = 0
        """Jobs with one, whether it has come or not."""
        self.next_due = 0.0
        """The earliest due time by the calendar, in seconds since 1970; 0 for none."""
        self.next_steady = 0.0
        """The earliest due time that is a server time; 0 for none."""
        self.dead = 0
        """Dead letters."""


LANES: Final = 1024
"""How many job servers can share a store: a number's remainder is its lane.

What is before the remainder counts microseconds, so that the jobs of several lanes are
in order of time, nearly.
"""


class Inventory:
    """What a store says when it is opened, without a look at every job."""

    def __init__(self, reserved: int) -> None:
        self.reserved = reserved
        """The highest number that was ever reserved or kept, 0 if none was."""
        self.stride = 1
        """How far the next number is from the one before. Job servers that share a
        store use ``LANES`` and a remainder each, their lane: no two give one number.
        """
        self.has_common = False
        """It keeps apart what all job servers have in common that may share it."""
        self.queues: list[QueueInventory] = []
        """What is kept for each function and priority that has something."""
        self.again: list[JobRecord] = []
        """Those of it that had ended and run once more, without workloads."""
        self.schedules: list[ScheduleRecord] = []
        """The recurring jobs, in the order of their numbers."""
        self.next_expiry = 0.0
        """When the next result or ending expires, a server time; 0 if none is kept."""
        self.last_ending = 0
        """The highest serial of an ending that is kept; 0 if none is."""
        self.entries: list[Entry] = []
        """All entries, in the order of kinds and keys."""
        self.longest_name = 2**62
        """The bytes that the name of a kept job's function may have."""
        self.steady = 0.0
        """The last server time it was told; 0 for none.

        A store that job servers may share tells the one that they have in common."""
        self.calendar = 0.0
        """What time it was then by the calendar, in seconds since 1970."""
