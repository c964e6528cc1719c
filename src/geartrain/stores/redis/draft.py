"""The jobs that a batch touches, before and after it, and the commands between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial, Change, JobRecord, Move
from geartrain.errors import StoreError
from geartrain.stores.job_packing import cut, pack_failures, size_of
from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import RedisConnection, Words
from geartrain.stores.redis.layout import (
    KeyLayout,
    digest,
    number_of,
    packed_number,
)
from geartrain.stores.redis.rows import (
    MOST_INLINE,
    RowState,
    pack_row,
    queue_name,
    split_queue,
    state_of,
)

__all__ = ["PIECE", "Draft", "numbers_in", "read_fields", "read_states"]

PIECE: Final = 1024 * 1024
"""The bytes of a piece of a large workload or result."""

# Numbers or fields in one question.
_AT_ONCE: Final = 5000
_NUMBER_SIZE: Final = 8


def read_states(
    connection: RedisConnection, layout: KeyLayout, numbers: Iterable[int]
) -> dict[int, RowState]:
    """Return the states of the jobs and dead letters that are kept of these.

    Raises:
        StoreError: Redis does not answer.
        ValueError: a state cannot be read.
    """
    wanted = list(dict.fromkeys(numbers))
    packed = read_fields(connection, layout.states, map(packed_number, wanted))
    pairs = zip(wanted, packed, strict=True)
    return {number: RowState.unpack(each) for number, each in pairs if each is not None}


def read_fields(
    connection: RedisConnection, key: bytes, fields: Iterable[bytes]
) -> list[Any]:
    """Return fields of a hash; None for each that there is not."""
    wanted = list(fields)
    parts = [wanted[at : at + _AT_ONCE] for at in range(0, len(wanted), _AT_ONCE)]
    asked: list[Words] = [("HMGET", key, *part) for part in parts]
    answers = connection.ask(*asked)
    return [value for answer in answers for value in answer]


class Draft:
    """What becomes of jobs by one batch, worked out before anything is written."""

    def __init__(self, connection: RedisConnection, layout: KeyLayout) -> None:
        self._connection = connection
        self._layout = layout
        self._before: dict[int, RowState] = {}
        self._after: dict[int, RowState] = {}
        self._written: dict[int, JobRecord] = {}
        # Queues that jobs come to.
        self._queues: dict[bytes, None] = {}
        # For each digest of a key, the numbers of its jobs as they are kept.
        self._keys: dict[bytes, list[int]] = {}

    def apply(self, batch: Batch) -> None:
        """Work out what a batch does, and set the twins of its tentative jobs.

        Raises:
            StoreError: a job to be added has a number that is kept.
        """
        self._load(batch)
        admitted = self._admit(batch)
        for number in batch.ended:
            self._after.pop(number, None)
        for record in admitted:
            self._write(record)
        self._revive(batch.revived)
        self._change(batch.changed)
        self._move(batch.moved.values())
        for number, record in batch.replaced.items():
            kept = self._after.get(number)
            if kept is not None and not kept.is_dead:
                self._write(record)
        self._bury(batch.buried)

    def _load(self, batch: Batch) -> None:
        numbers = [*batch.ended, *batch.moved, *batch.replaced]
        numbers += [each.number for each in (*batch.revived, *batch.changed)]
        numbers += [each.number for each in batch.buried]
        numbers += [each.number for each in batch.added]
        self._before = read_states(self._connection, self._layout, numbers)
        self._after = {n: replace(state) for n, state in self._before.items()}
        tentative = [each for each in batch.added if each.is_tentative and each.key]
        self._load_keys(digest(each.key) for each in tentative)

    def _load_keys(self, digests: Iterable[bytes]) -> None:
        wanted = [each for each in dict.fromkeys(digests) if each not in self._keys]
        found = read_fields(self._connection, self._layout.keys, wanted)
        for each, packed in zip(wanted, found, strict=True):
            self._keys[each] = numbers_in(packed or b"")

    def _admit(self, batch: Batch) -> list[JobRecord]:
        """Return the jobs to add; the other tentative ones get their twins."""
        buried = {burial.number for burial in batch.buried}
        kept = self._twins(buried | batch.ended.keys())
        admitted: dict[int, JobRecord] = {}
        for record in batch.added:
            name = (record.function, digest(record.key))
            record.twin = 0
            if record.is_tentative and record.key:
                record.twin = kept.get(name, 0)
            if record.twin:
                continue
            number = record.number
            is_kept = number in self._before and number not in batch.ended
            if is_kept or number in admitted:
                raise StoreError(f"Redis has a job {number} already")
            admitted[number] = record
            if record.key and number not in buried:
                kept.setdefault(name, number)
        return list(admitted.values())

    def _twins(self, leaving: set[int]) -> dict[tuple[bytes, bytes], int]:
        """Return the jobs that stay of the keys loaded, by function and key."""
        numbers = [n for each in self._keys.values() for n in each if n not in leaving]
        states = read_states(self._connection, self._layout, numbers)
        kept: dict[tuple[bytes, bytes], int] = {}
        for key, those in self._keys.items():
            for number in those:
                state = states.get(number)
                if state is not None and not state.is_dead:
                    function = split_queue(state.queue)[0]
                    kept.setdefault((function, key), number)
        return kept

    def _write(self, record: JobRecord) -> None:
        self._after[record.number] = state_of(record)
        self._written[record.number] = record

    def _revive(self, changes: Iterable[Change]) -> None:
        for change in changes:
            state = self._after.get(change.number)
            if state is not None and state.is_dead:
                state.is_dead = False
                _put_off(state, change)

    def _change(self, changes: Iterable[Change]) -> None:
        for change in changes:
            state = self._after.get(change.number)
            if state is not None and not state.is_dead:
                _put_off(state, change)

    def _move(self, moves: Iterable[Move]) -> None:
        for move in moves:
            state = self._after.get(move.number)
            if state is None:
                continue
            queue_key = b"" if state.is_dead else move.queue_key
            state.queue = queue_name(move.function, move.priority, queue_key)
            if not state.is_dead:
                state.due = move.due
                state.is_steady = move.is_steady and move.due > 0

    def _bury(self, burials: Iterable[Burial]) -> None:
        for burial in burials:
            state = self._after.get(burial.number)
            if state is None or state.is_dead:
                continue
            function, priority, _ = split_queue(state.queue)
            state.queue = queue_name(function, priority)
            state.is_dead, state.due, state.is_steady = True, 0.0, False
            state.failures = pack_failures(burial.failures, burial.died) or b""

    def tell(self, commands: Commands) -> None:
        """Add what leads from what is kept to what is to be kept."""
        layout = self._layout
        touched = self._before.keys() | self._after.keys()
        for number in sorted(touched):
            before, after = self._before.get(number), self._after.get(number)
            if before is not None:
                self._take_away(number, before, after, commands)
            if after is not None:
                self._add(number, before, after, commands)
        for queue in self._queues:
            commands.insert(layout.queues, queue)
        self._tell_keys(touched, commands)

    def _take_away(
        self, number: int, before: RowState, after: RowState | None, commands: Commands
    ) -> None:
        layout, field = self._layout, packed_number(number)
        if after is None:
            commands.add(b"HDEL", layout.states, field)
            commands.add(b"HDEL", layout.jobs, field)
        if before.is_large and (after is None or number in self._written):
            commands.add(b"UNLINK", layout.work(number))
        if after is not None and _is_in_place(before, after):
            return
        queue = layout.queue(before.kind, before.queue)
        commands.add(b"ZREM", queue, before.place(number))
        commands.add(b"PRUNE", before.queue)
        if before.is_dead:
            commands.add(b"ZREM", layout.dead, field)

    def _add(
        self, number: int, before: RowState | None, after: RowState, commands: Commands
    ) -> None:
        layout, field = self._layout, packed_number(number)
        packed = after.pack()
        if before is None or packed != before.pack():
            commands.set(layout.states, field, packed)
        record = self._written.get(number)
        if record is not None:
            commands.set(layout.jobs, field, pack_row(record))
            if size_of(record) > MOST_INLINE:
                commands.write(layout.work(number), list(cut(record, PIECE)))
        if before is not None and _is_in_place(before, after):
            return
        commands.insert(layout.queue(after.kind, after.queue), after.place(number))
        self._queues[after.queue] = None
        if after.is_dead:
            commands.insert(layout.dead, field)

    def _tell_keys(self, touched: set[int], commands: Commands) -> None:
        """Add the changes to the numbers of keys: dead letters have none."""
        leaving: list[tuple[bytes, int]] = []
        coming: list[tuple[bytes, int]] = []
        for number in touched:
            old, new = _key(self._before.get(number)), _key(self._after.get(number))
            if old and old != new:
                leaving.append((old, number))
            if new and old != new:
                coming.append((new, number))
        self._load_keys(key for key, _ in (*leaving, *coming))
        for key, number in leaving:
            if number in self._keys[key]:
                self._keys[key].remove(number)
        for key, number in coming:
            self._keys[key].append(number)
        for key in {key for key, _ in (*leaving, *coming)}:
            if numbers := self._keys[key]:
                packed = b"".join(map(packed_number, sorted(numbers)))
                commands.set(self._layout.keys, key, packed)
            else:
                commands.add(b"HDEL", self._layout.keys, key)


def numbers_in(packed: bytes) -> list[int]:
    """Return the numbers that a key's value has."""
    starts = range(0, len(packed), _NUMBER_SIZE)
    return [number_of(packed[at : at + _NUMBER_SIZE]) for at in starts]


def _key(state: RowState | None) -> bytes:
    return b"" if state is None or state.is_dead else state.key


def _is_in_place(before: RowState, after: RowState) -> bool:
    one, other = (before.kind, before.queue), (after.kind, after.queue)
    return one == other and before.due == after.due


def _put_off(state: RowState, change: Change) -> None:
    state.due = change.due
    state.is_steady = change.due > 0
    state.failures = pack_failures(change.failures, 0.0) or b""
