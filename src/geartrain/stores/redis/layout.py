"""Where everything lies in Redis: the names of keys, and members that sort.

==================  ==========  ====================================================
key                 type        what it has
==================  ==========  ====================================================
``lock``            string      who may write; it expires unless it is renewed
``meta``            hash        format, owner, last batch, numbers reserved, clocks
``states``          hash        for each job's number: its queue, due time, failures
``jobs``            hash        for each job's number: what never changes, and a small
                                workload
``work:NUMBER``     list        a large workload, in pieces
``keys``            hash        for each digest of a key: the numbers of its jobs
``queues``          sorted set  the names of all queues that have something
``r:QUEUE``         sorted set  the ready jobs of a queue
``c:QUEUE``         sorted set  its jobs due by the calendar
``s:QUEUE``         sorted set  its jobs due by the server's clock
``x:QUEUE``         sorted set  its dead letters
``dead``            sorted set  all dead letters
``results``         hash        for each number: how its job ended, and a small result
``result:NUMBER``   list        a large result, in pieces
``result-ages``     sorted set  results by when they expire
``result-keys``     sorted set  results by function and key
``endings``         hash        what became of jobs, by serial
``ending-ages``     sorted set  these by when they expire
``ending-order``    sorted set  these by serial
``schedules``       hash        recurring jobs by number
``entries``         hash        entries by kind and key
``staged``          set         the lists of pieces that belong to no job yet
==================  ==========  ====================================================

All scores are 0: members sort by their bytes. A place is a due time and a number, which
as a score, a double, would not be exact.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import Final

__all__ = [
    "CALENDAR",
    "DEAD",
    "READY",
    "STEADY",
    "KeyLayout",
    "digest",
    "number_of",
    "packed_number",
    "packed_time",
    "place",
    "split_place",
]

READY: Final = b"r:"
CALENDAR: Final = b"c:"
STEADY: Final = b"s:"
DEAD: Final = b"x:"

_NUMBER: Final = Struct(">q")
_TIME: Final = Struct(">d")
_PLACE: Final = Struct(">dq")
_DIGEST_SIZE: Final = 16


class KeyLayout:
    """The names of all keys under a prefix."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.lock = prefix + b"lock"
        self.meta = prefix + b"meta"
        self.states = prefix + b"states"
        self.jobs = prefix + b"jobs"
        self.keys = prefix + b"keys"
        self.queues = prefix + b"queues"
        self.dead = prefix + b"dead"
        self.results = prefix + b"results"
        self.result_ages = prefix + b"result-ages"
        self.result_keys = prefix + b"result-keys"
        self.endings = prefix + b"endings"
        self.ending_ages = prefix + b"ending-ages"
        self.ending_order = prefix + b"ending-order"
        self.schedules = prefix + b"schedules"
        self.entries = prefix + b"entries"
        self.staged = prefix + b"staged"

    def queue(self, kind: bytes, name: bytes) -> bytes:
        """Return the key of the jobs of one kind, such as ``READY``, in a queue."""
        return self.prefix + kind + name

    def work(self, number: int) -> bytes:
        """Return the key of a job's large workload."""
        return b"%swork:%d" % (self.prefix, number)

    def result(self, number: int) -> bytes:
        """Return the key of a large result."""
        return b"%sresult:%d" % (self.prefix, number)


def place(time: float, number: int) -> bytes:
    """Return what sorts as a time from 0 and, within it, a number do."""
    return _PLACE.pack(time, number)


def split_place(member: bytes) -> tuple[float, int]:
    """Return the time and the number of a place."""
    time, number = _PLACE.unpack(member)
    return time, number


def packed_time(time: float) -> bytes:
    """Return what the places of a time begin with."""
    return _TIME.pack(max(time, 0.0))


def packed_number(number: int) -> bytes:
    """Return a number as a field, or as a member that sorts."""
    return _NUMBER.pack(number)


def number_of(packed: bytes) -> int:
    """Return the number that was packed."""
    number: int = _NUMBER.unpack(packed)[0]
    return number


def digest(*names: bytes) -> bytes:
    """Return 128 bits that stand for names: nobody finds others with the same."""
    hashed = blake2b(digest_size=_DIGEST_SIZE)
    for name in names[:-1]:
        hashed.update(b"%d:" % len(name))
        hashed.update(name)
    hashed.update(names[-1])
    return hashed.digest()
