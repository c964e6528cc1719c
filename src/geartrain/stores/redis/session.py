"""An open Redis store: one script a batch, and what is kept."""

from __future__ import annotations

from operator import attrgetter
from struct import Struct
from typing import Any, Final

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory, QueueInventory
from geartrain.engine.queries import ListJobs
from geartrain.engine.records import SCHEDULE_FIELDS, Entry, ScheduleRecord
from geartrain.errors import StoreError
from geartrain.stores.packing import Packing
from geartrain.stores.redis.chain import Chain
from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import RedisConnection, Words
from geartrain.stores.redis.draft import Draft
from geartrain.stores.redis.endings import Endings
from geartrain.stores.redis.expiring import next_expiry
from geartrain.stores.redis.layout import (
    CALENDAR,
    DEAD,
    READY,
    STEADY,
    KeyLayout,
    number_of,
    packed_number,
    split_place,
)
from geartrain.stores.redis.listing import list_jobs
from geartrain.stores.redis.reading import Reader
from geartrain.stores.redis.results import Results
from geartrain.stores.redis.rows import split_queue

__all__ = ["RedisSession"]

_SCHEDULE: Final = Packing(SCHEDULE_FIELDS)
_LENGTH: Final = Struct(">I")
_CLOCK: Final = Struct("<dd")
# Queues that are asked about together.
_QUEUES_AT_ONCE: Final = 1000


class RedisSession:
    """What is kept under a prefix, and how it changes.

    Attributes:
        chain: writes one batch after the other.
        reader: reads jobs.
        results: how jobs ended, with their results.
        endings: what became of jobs.
    """

    def __init__(
        self, connection: RedisConnection, layout: KeyLayout, chain: Chain
    ) -> None:
        self.chain = chain
        self.reader = Reader(connection, layout)
        self.results = Results(connection, layout)
        self.endings = Endings(connection, layout)
        self._connection = connection
        self._layout = layout
        self._reserved = 0
        # What takes back a batch that was refused, should it have been written.
        self._undoing: Batch | None = None

    def inventory(self) -> Inventory:
        """Read what is kept, but no job.

        Raises:
            StoreError: Redis does not answer.
            ValueError: something is not as it was written.
        """
        layout = self._layout
        names = ("reserved", "clock", "batch")
        asked = self._connection.ask(("HMGET", layout.meta, *names))[0]
        reserved, clock, last = asked
        self.chain.begin(last or b"")
        self._reserved = int(reserved or 0)
        inventory = Inventory(self._reserved)
        if clock:
            inventory.steady, inventory.calendar = _CLOCK.unpack(clock)
        inventory.queues = self._queues()
        ages = (layout.result_ages, layout.ending_ages)
        inventory.next_expiry = next_expiry(self._connection, *ages)
        inventory.last_ending = self.endings.last()
        inventory.schedules = self._schedules()
        inventory.entries = self._entries()
        return inventory

    def _queues(self) -> list[QueueInventory]:
        layout = self._layout
        (names,) = self._connection.ask(("ZRANGE", layout.queues, 0, -1))
        queues: list[QueueInventory] = []
        for at in range(0, len(names), _QUEUES_AT_ONCE):
            some = names[at : at + _QUEUES_AT_ONCE]
            asked = [each for name in some for each in _questions(layout, name)]
            answers = self._connection.ask(*asked)
            width = len(answers) // len(some)
            for place, name in enumerate(some):
                answer = answers[place * width : (place + 1) * width]
                queues.append(_said(name, answer))
        return queues

    def _schedules(self) -> list[ScheduleRecord]:
        schedules: list[ScheduleRecord] = []
        for field, value in self._pairs(self._layout.schedules):
            record = ScheduleRecord(number_of(field), b"", b"")
            _SCHEDULE.unpack(record, value)
            schedules.append(record)
        return sorted(schedules, key=attrgetter("number"))

    def _entries(self) -> list[Entry]:
        entries: list[Entry] = []
        for field, value in self._pairs(self._layout.entries):
            end = _LENGTH.size + _LENGTH.unpack_from(field)[0]
            entries.append(Entry(field[_LENGTH.size : end], field[end:], value))
        return sorted(entries, key=attrgetter("kind", "key"))

    def _pairs(self, key: bytes) -> list[tuple[bytes, bytes]]:
        (found,) = self._connection.ask(("HGETALL", key))
        return list(found.items())

    def commit(self, batch: Batch) -> None:
        """Write a batch: all of it, or nothing that is new in it.

        Raises:
            ChainBrokenError: somebody has written since, or Redis has lost batches.
            StoreError: it was not written, or nobody knows.
        """
        draft = Draft(self._connection, self._layout)
        draft.apply(batch)
        commands = Commands()
        draft.tell(commands)
        self.results.tell(batch, commands)
        self.endings.tell(batch, commands)
        self._tell_others(batch, commands)
        reserved = self._tell_reserved(batch, commands)
        self._write(commands, batch, is_new=batch.has_new())
        self._reserved = reserved
        if batch.expired_until:
            ages = (self._layout.result_ages, self._layout.ending_ages)
            batch.next_expiry = next_expiry(self._connection, *ages)

    def _write(self, commands: Commands, batch: Batch, *, is_new: bool) -> None:
        try:
            self.chain.write(commands, is_new=is_new)
        except StoreError:
            if self.chain.unsure:
                self._undoing = _undoing(batch)
            raise
        self._undoing = None

    def _tell_others(self, batch: Batch, commands: Commands) -> None:
        """Add schedules, entries and the clocks."""
        layout = self._layout
        removed = set(batch.unscheduled)
        for schedule in batch.schedules:
            if schedule.number not in removed:
                field = packed_number(schedule.number)
                commands.set(layout.schedules, field, _SCHEDULE.pack(schedule))
        for number in removed:
            commands.add(b"HDEL", layout.schedules, packed_number(number))
        for (kind, key), value in batch.entries_without_twins().items():
            field = _LENGTH.pack(len(kind)) + kind + key
            if value is None:
                commands.add(b"HDEL", layout.entries, field)
            else:
                commands.set(layout.entries, field, value)
        if batch.steady:
            clock = _CLOCK.pack(batch.steady, batch.calendar)
            commands.set(layout.meta, b"clock", clock)

    def _tell_reserved(self, batch: Batch, commands: Commands) -> int:
        """Add the highest number that is or was in use; return it."""
        numbers = [self._reserved, batch.reserved, *batch.results]
        numbers += [each.number for each in batch.added if not each.twin]
        numbers += [each.number for each in batch.schedules]
        reserved = max(numbers)
        if reserved > self._reserved:
            commands.set(self._layout.meta, b"reserved", reserved)
        return reserved

    def settle(self) -> None:
        """Take back what was refused and may have been written all the same.

        Raises:
            StoreError: nobody can tell yet.
        """
        if self.chain.unsure and self.chain.was_written():
            self.take_back()

    def take_back(self) -> None:
        """Take back the batch that was refused: it has been written.

        Raises:
            StoreError: it could not be taken back.
        """
        undoing = self._undoing
        if undoing is not None and undoing.has_rest():
            self.commit(undoing)
        self._undoing = None

    def list_jobs(self, query: ListJobs) -> None:
        """Answer a query; raises StoreError if Redis does not answer."""
        list_jobs(self._connection, self._layout, self.reader, query)


def _undoing(batch: Batch) -> Batch:
    """Return what takes back the jobs that a batch adds.

    A job that it replaced stays as it is now: that is what the client wants last.
    """
    undoing = Batch(batch.serial)
    kept = [each.number for each in batch.added if not each.twin]
    undoing.ended = dict.fromkeys(kept)
    undoing.unscheduled = [each.number for each in batch.schedules]
    return undoing


def _questions(layout: KeyLayout, name: bytes) -> list[Words]:
    """Return what is asked of a queue: how many, and what is due first."""
    keys = [layout.queue(kind, name) for kind in (READY, CALENDAR, STEADY, DEAD)]
    counts: list[Words] = [("ZCARD", key) for key in keys]
    return [*counts, ("ZRANGE", keys[1], 0, 0), ("ZRANGE", keys[2], 0, 0)]


def _said(name: bytes, answers: list[Any]) -> QueueInventory:
    said = QueueInventory(*split_queue(name))
    said.ready, by_calendar, steady, said.dead, first, first_steady = answers
    said.delayed = by_calendar + steady
    said.next_due = split_place(first[0])[0] if first else 0.0
    said.next_steady = split_place(first_steady[0])[0] if first_steady else 0.0
    return said
