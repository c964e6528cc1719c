"""What jobs coalesce by: an index of the digests of their keys.

Why not simply a table with an index on the key? Digests are random: in an index of
millions each new one falls on a page of its own, and each commit reads and writes
nearly as many pages as it has jobs. Measured with 1,000,000 waiting jobs with uniques,
500 a commit (``python -m benchmarks.key_index``, both by turns on one machine):

==========================  =========  ==============
a job with a unique         this file  a plain index
==========================  =========  ==============
bytes written                     677           9,077
CPU of the process            17.9 µs         30.5 µs
jobs per second (median)       15,400          10,800
ended at once: bytes              714          13,093
==========================  =========  ==============

So new entries gather in memory (``Tail``) and, to survive a crash, in a log that grows
at its end (the table ``key_log``). The digests are divided into 4,096 ranges; in turn,
each range is merged into the index (``keys``), so that many entries share a page, and
``key_merges`` says up to where in the log that was done. All ranges have their turn
while 262,144 entries are logged, which bounds the memory and the time of a start. What
ends before its turn costs the index nothing.

An entry may outlive its job. So what is found is looked up before it counts.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable
from itertools import chain
from typing import Final
from zlib import crc32

from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.schema import chunks, places, tuples

__all__ = ["BUCKETS", "Keys", "Tail", "bucket_of", "pairs"]

_BITS: Final = 12
BUCKETS: Final = 1 << _BITS
"""Number of ranges of digests; a range is merged in one commit."""

_SHIFT: Final = 64 - _BITS
_HALF: Final = BUCKETS // 2


def bucket_of(key: int) -> int:
    """Return the range of a digest; ranges are in the order of digests."""
    return (key >> _SHIFT) + _HALF


def pairs(values: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Return pairs of digest and number from a flat sequence of both."""
    each = iter(values)
    return zip(each, each, strict=True)


class Tail:
    """The entries that are not yet merged, by range.

    An entry, a digest and the number of its job, is ``added`` if it has to be put into
    the index, and ``gone`` if it has to be removed from it.
    """

    def __init__(self) -> None:
        self._added: list[dict[int, int]] = [{} for _ in range(BUCKETS)]
        # The second and further jobs of a digest.
        self._more: dict[int, list[int]] = {}
        self._gone: dict[int, list[int]] = {}

    def add(self, entries: Iterable[int]) -> None:
        """Add entries."""
        added, more = self._added, self._more
        for key, number in pairs(entries):
            numbers = added[(key >> _SHIFT) + _HALF]
            if key in numbers:
                more.setdefault(key, []).append(number)
            else:
                numbers[key] = number

    def remove(self, entries: Iterable[int]) -> None:
        """Cancel entries that were added; mark all others as gone."""
        added, more, gone = self._added, self._more, self._gone
        for key, number in pairs(entries):
            bucket = (key >> _SHIFT) + _HALF
            numbers = added[bucket]
            if key in more:
                self._remove_one(bucket, key, number)
            elif numbers.get(key) == number:
                del numbers[key]
            else:
                gone.setdefault(bucket, []).extend((key, number))

    def find(self, keys: Iterable[int]) -> set[int]:
        """Return the numbers of jobs whose entries were added."""
        added, more = self._added, self._more
        numbers: set[int] = set()
        for key in keys:
            number = added[(key >> _SHIFT) + _HALF].get(key)
            if number is not None:
                numbers.add(number)
                numbers.update(more.get(key, ()))
        return numbers

    def added(self, bucket: int) -> Iterable[int]:
        """Return the entries of a range that were added, in order."""
        entries = self._added[bucket].items()
        more = self._more.keys() & self._added[bucket].keys()
        others = [(key, number) for key in more for number in self._more[key]]
        return chain.from_iterable(sorted((*entries, *others)))

    def gone(self, bucket: int) -> Iterable[int]:
        """Return the entries of a range that are gone."""
        return self._gone.get(bucket, ())

    def clear(self, bucket: int) -> None:
        """Forget a range."""
        for key in self._more.keys() & self._added[bucket].keys():
            del self._more[key]
        self._added[bucket] = {}
        self._gone.pop(bucket, None)

    def _remove_one(self, bucket: int, key: int, number: int) -> None:
        """Remove an entry of a digest that several jobs have."""
        numbers, others = self._added[bucket], self._more[key]
        if number in others:
            others.remove(number)
        elif numbers[key] == number:
            numbers[key] = others.pop(0)
        else:
            self._gone.setdefault(bucket, []).extend((key, number))
        if not others:
            del self._more[key]


# Every range is merged once while this many entries are logged: 4 MB of log.
_ROUND: Final = 1 << 18
# The number of log rows deleted for each row that a commit writes.
_TRIMMED: Final = 4


class Keys:
    """The index of an open store.

    Changes are noted, written with the transaction, and count once it has succeeded.

    Attributes:
        removed: what this commit removes: digest, number, digest, number and so on.
        added: what it then adds.
        digests: those of the keys that were looked for in this commit.
    """

    def __init__(self) -> None:
        self.removed: list[int] = []
        self.added: list[int] = []
        self.digests: dict[bytes, int] = {}
        self._tail = Tail()
        # The last row of the log, which grows: its position and its entries, and the
        # entries that it has after this commit.
        self._position = 1
        self._row = array("q")
        self._next_row: array[int] | None = None
        # The position up to which the log was merged into each range; the range whose
        # turn is next; how many turns are due; and the ranges merged in this commit.
        self._merged = [0] * BUCKETS
        self._turn = 0
        self._due = 0.0
        self._merging: list[int] = []
        # The positions up to which the log is merged everywhere, and is deleted.
        self._unneeded = 0
        self._trimmed = 0

    def load(self, connection: sqlite3.Connection) -> None:
        """Read the log.

        Raises:
            DamageError: it is not as it was written.
        """
        merges = connection.execute("SELECT bucket, position FROM key_merges")
        for bucket, position in merges.fetchall():
            if not (0 <= bucket < BUCKETS and type(position) is int):
                raise DamageError("the index of keys is damaged")
            self._merged[bucket] = position
        rows = connection.execute(
            "SELECT position, sum, entries FROM key_log ORDER BY position"
        ).fetchall()
        for position, checksum, entries in rows:
            is_readable = type(entries) is bytes and type(position) is int
            if not is_readable or crc32(entries, position) != checksum:
                raise DamageError("the log of the index of keys is damaged")
            self._replay(position, array("q", entries))
        self._unneeded = min(self._merged)
        self._turn = self._merged.index(self._unneeded)
        self._trimmed = rows[0][0] - 1 if rows else self._unneeded
        last = rows[-1][0] if rows else 0
        self._position = max(last, *self._merged) + 1

    def drop(self, entries: Iterable[int]) -> None:
        """Remove entries, some of which this commit may have added itself."""
        added = dict.fromkeys(pairs(self.added))
        for entry in pairs(entries):
            if entry in added:
                del added[entry]
            else:
                self.removed += entry
        self.added = list(chain.from_iterable(added))

    def write(self, cursor: sqlite3.Cursor) -> None:
        """Write what was noted, and merge the ranges whose turn it is."""
        if not self.added and not self.removed:
            return
        entries = array("q", self.removed)
        for place in range(1, len(entries), 2):
            entries[place] = -entries[place]
        entries.extend(self.added)
        turns = min(int(self._due), BUCKETS)
        self._merging = [(self._turn + turn) % BUCKETS for turn in range(turns)]
        if self._merging:
            self._merge(cursor)
            self._next_row, position = entries, self._position + 1
        else:
            self._next_row, position = self._row + entries, self._position
        blob = self._next_row.tobytes()
        cursor.execute(
            "INSERT OR REPLACE INTO key_log VALUES(?, ?, ?)",
            (position, crc32(blob, position), blob),
        )
        if self._trimmed < self._unneeded:
            cursor.execute(
                "DELETE FROM key_log WHERE position > ? AND position <= ?",
                (self._trimmed, self._trim()),
            )

    def settle(self) -> None:
        """Note that the commit has succeeded."""
        if self._next_row is None:
            return
        self._trimmed = self._trim()
        self._row = self._next_row
        if self._merging:
            self._pass_turns()
        self._tail.remove(self.removed)
        self._tail.add(self.added)
        changes = len(self.added) + len(self.removed)
        self._due += changes / 2 * BUCKETS / _ROUND
        self.undo()

    def undo(self) -> None:
        """Forget what was noted since the last commit that succeeded."""
        self.removed = []
        self.added = []
        self.digests = {}
        self._next_row = None
        self._merging = []

    def find(self, connection: sqlite3.Connection, keys: Iterable[int]) -> list[int]:
        """Return the numbers of jobs that may have these digests, in order."""
        wanted = list(keys)
        numbers = self._tail.find(wanted)
        for part in chunks(wanted):
            found = connection.execute(
                "SELECT group_concat(number) FROM keys "
                f"WHERE key IN {places(len(part))}",
                part,
            ).fetchone()[0]
            if found is not None:
                numbers.update(map(int, found.split(b",")))
        return sorted(numbers)

    def latest(self, connection: sqlite3.Connection, key: int, most: int) -> list[int]:
        """Return the highest numbers that may have a digest, at most ``most``."""
        numbers = self._tail.find((key,))
        found = connection.execute(
            "SELECT number FROM keys WHERE key = ? ORDER BY number DESC LIMIT ?",
            (key, most),
        )
        numbers.update(number for (number,) in found)
        return sorted(numbers, reverse=True)[:most]

    def _replay(self, position: int, entries: array[int]) -> None:
        """Read the entries of a row of the log that are not merged into memory."""
        for key, number in pairs(entries):
            if self._merged[bucket_of(key)] >= position:
                continue
            if number > 0:
                self._tail.add((key, number))
            else:
                self._tail.remove((key, -number))

    def _merge(self, cursor: sqlite3.Cursor) -> None:
        """Bring ranges of the index up to date with the log but for this commit."""
        added: list[int] = []
        gone: list[int] = []
        marks: list[int] = []
        for bucket in self._merging:
            gone.extend(self._tail.gone(bucket))
            added.extend(self._tail.added(bucket))
            marks += (bucket, self._position)
        for part in chunks(gone, 2):
            # The plus sign keeps SQLite from looking up each pair of key and number.
            these = places(len(part) // 2)
            cursor.execute(
                f"DELETE FROM keys WHERE key IN {these} AND +number IN {these}",
                (*part[::2], *part[1::2]),
            )
        _insert(cursor, "INSERT OR IGNORE INTO keys", added)
        _insert(cursor, "INSERT OR REPLACE INTO key_merges", marks)

    def _pass_turns(self) -> None:
        for bucket in self._merging:
            self._tail.clear(bucket)
            self._merged[bucket] = self._position
        turns = len(self._merging)
        self._position += 1
        self._due -= turns
        self._turn += turns
        if self._turn >= BUCKETS:
            self._turn %= BUCKETS
            self._unneeded = min(self._merged)

    def _trim(self) -> int:
        """Return up to where the log will have been deleted with this commit."""
        return min(self._trimmed + _TRIMMED, self._unneeded)


def _insert(cursor: sqlite3.Cursor, statement: str, values: list[int]) -> None:
    """Insert pairs of values."""
    for part in chunks(values, 2):
        cursor.execute(f"{statement} {tuples(len(part) // 2, 2)}", part)
