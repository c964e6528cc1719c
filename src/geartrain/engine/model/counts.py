"""Counts: what happened to jobs in some span of time, and how long they took.

They are a number for each kind of event, and two histograms: of the time that jobs
waited before an attempt began, and of the time that attempts ran. To count an event
takes a few dozen instructions; counts of several spans add up to those of all.

Bucket ``n`` of a histogram has the times below ``bound(n)``, and not below that of the
bucket before: each bound is √2 times the last, so that a quantile read from it is right
to a fifth. A time is counted in units of 0.1 ms, and its bucket is the bit length of
its square, which is found without a logarithm or a search.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = [
    "ABANDONED",
    "CANCELLED",
    "CRASH",
    "DEAD",
    "DISPLACED",
    "DROPPED",
    "EXCEPTION",
    "EXPIRED",
    "FAIL",
    "FAILED",
    "FAILURES",
    "JOINED",
    "KINDS",
    "NAMES",
    "REFUSED",
    "REFUSED_RESULTS",
    "RELEASED",
    "REPLACED",
    "RETRIED",
    "RETRY",
    "REVIVED",
    "STARTED",
    "SUBMITTED",
    "SUCCEEDED",
    "TIMEOUT",
    "UNKEPT",
    "Counts",
    "bound",
    "bucket",
    "numbers_of",
    "quantile",
    "submission",
    "unpack",
]

# Kinds of events. Stores keep counts by these numbers: a new one goes to the end.
SUBMITTED: Final = 0
JOINED: Final = 1
REFUSED: Final = 2
STARTED: Final = 3
SUCCEEDED: Final = 4
FAILED: Final = 5
UNKEPT: Final = 6
DEAD: Final = 7
CANCELLED: Final = 8
EXPIRED: Final = 9
ABANDONED: Final = 10
RETRIED: Final = 11
RELEASED: Final = 12
REVIVED: Final = 13
DROPPED: Final = 14
REFUSED_RESULTS: Final = 15
FAIL: Final = 16
EXCEPTION: Final = 17
RETRY: Final = 18
TIMEOUT: Final = 19
CRASH: Final = 20
REPLACED: Final = 21
DISPLACED: Final = 22

NAMES: Final[dict[str, int]] = {
    # Jobs submitted, those that joined another not included.
    "submitted": SUBMITTED,
    # Submissions that joined a job, or were dropped for one.
    "joined": JOINED,
    # Submissions whose workload took the place of a waiting one's.
    "replaced": REPLACED,
    # Submissions that were refused: too many jobs, no memory, or the store's refusal.
    "refused": REFUSED,
    # Attempts that began.
    "started": STARTED,
    # Jobs that ended by WORK_COMPLETE.
    "succeeded": SUCCEEDED,
    # Jobs that failed for good and are no dead letters.
    "failed": FAILED,
    # Those of them that ran in the background: no dead letter was wanted, or possible.
    "unkept": UNKEPT,
    # Jobs that became dead letters.
    "dead": DEAD,
    # Jobs that a client or an operator ended.
    "cancelled": CANCELLED,
    # Jobs that waited longer than their time to live.
    "expired": EXPIRED,
    # Jobs that ended because nobody waited for them any more.
    "abandoned": ABANDONED,
    # Waiting jobs that were dropped for newer ones.
    "displaced": DISPLACED,
    # Failed attempts that were followed by another.
    "retried": RETRIED,
    # Attempts that a worker handed back, which are no failures.
    "released": RELEASED,
    # Dead letters that became jobs again, and that were deleted.
    "revived": REVIVED,
    "dropped": DROPPED,
    # Results that came for a job that was given away.
    "refused_results": REFUSED_RESULTS,
}
"""The kinds of events by name, but for those of ``FAILURES``."""

FAILURES: Final[dict[str, int]] = {
    "fail": FAIL,
    "exception": EXCEPTION,
    "retry": RETRY,
    "timeout": TIMEOUT,
    "crash": CRASH,
}
"""The kinds of attempts that failed, by the reasons that ``records.Failures`` has."""


def submission(priority: int, background: bool) -> int:
    """Return the place in ``Counts.submitted`` of jobs of a priority and kind.

    >>> submission(0, False), submission(1, True), submission(2, True)
    (0, 3, 5)
    """
    return priority + priority + (1 if background else 0)


KINDS: Final = 23
"""How many kinds of events there are."""

# Units of time a second: to tell 0.3 ms from 1 ms is worth four buckets.
_UNITS: Final = 10_000
# Buckets of a histogram: up to 27 years.
_BUCKETS: Final = 88
_MOST_UNITS: Final = (1 << (_BUCKETS - 1) // 2) - 1


def bucket(seconds: float) -> int:
    """Return the bucket of a time; one below 0 counts as 0."""
    units = int(seconds * _UNITS)
    if units <= 0:
        return 0
    if units > _MOST_UNITS:  # noqa: PLR1730 - min() takes three times as long here
        units = _MOST_UNITS
    return (units * units).bit_length()


def bound(number: int) -> float:
    """Return the time, in seconds, below which the times of a bucket are.

    >>> [bound(number) for number in (0, 10, 20, 40)]
    [0.0001, 0.0032, 0.1024, 104.8576]
    """
    return math.ceil(math.pow(2.0, number / 2.0)) / _UNITS


def quantile(histogram: list[int], part: float) -> float | None:
    """Return the time that this part of a histogram's times are below; None for none.

    It is the middle of a bucket, as ratios go, and so right to a fifth.

    >>> quantile([0, 0, 0, 1], 0.5)
    0.0002449489742783178
    """
    rank = part * sum(histogram)
    below = 0
    for number, count in enumerate(histogram):
        below += count
        if count and below >= rank:
            least = bound(number - 1) if number else bound(0) / 4.0
            return math.sqrt(least * bound(number))
    return None


class Counts:
    """Numbers of events in a span of time, and how long jobs waited and ran."""

    def __init__(self) -> None:
        self.numbers: list[int] = [0] * KINDS
        """How often each kind of event happened."""
        self.submitted: list[int] = []
        """Jobs submitted by priority and kind, as ``submission`` numbers these; as long
        as it has to be.
        """
        self.waiting: list[int] = []
        """Attempts begun by the bucket of the time that their job had waited; as long
        as it has to be.
        """
        self.running: list[int] = []
        """Attempts ended by the bucket of the time that they had run."""
        self.waited = 0.0
        """The sum of the times waited, in seconds."""
        self.ran = 0.0
        """The sum of the times run, in seconds."""

    def add(self, other: Counts) -> None:
        """Count what another has counted, too."""
        numbers = self.numbers
        for kind, number in enumerate(other.numbers):
            if number:
                numbers[kind] += number
        _add(self.submitted, other.submitted)
        _add(self.waiting, other.waiting)
        _add(self.running, other.running)
        self.waited += other.waited
        self.ran += other.ran

    def pack(self) -> bytes:
        """Return this as a few dozen bytes, which ``unpack`` reads."""
        packed = bytearray()
        for values in (self.numbers, self.waiting, self.running):
            _put_list(packed, values)
        _put(packed, int(self.waited * 1e6))
        _put(packed, int(self.ran * 1e6))
        _put_list(packed, self.submitted)
        return bytes(packed)


def unpack(packed: bytes) -> Counts:
    """Return the counts that were packed; kinds unknown here are left out.

    Raises:
        ValueError: it packed no such bytes.
    """
    counts = Counts()
    try:
        end = _take_list(packed, 0, counts.numbers)
        end = _take_list(packed, end, counts.waiting)
        end = _take_list(packed, end, counts.running)
        waited, end = _take(packed, end)
        ran, end = _take(packed, end)
        if end < len(packed):
            # Stores of earlier versions have no such list.
            _take_list(packed, end, counts.submitted)
    except IndexError:
        raise ValueError("these are no counts") from None
    del counts.numbers[KINDS:]
    counts.waited = waited / 1e6
    counts.ran = ran / 1e6
    return counts


def numbers_of(packed: bytes) -> list[int]:
    """Return only the numbers of packed counts: a tenth of the work of ``unpack``."""
    numbers: list[int] = [0] * KINDS
    _take_list(packed, 0, numbers)
    return numbers


def _grow(values: list[int], number: int) -> None:
    while len(values) <= number:
        values.append(0)


def _add(values: list[int], others: list[int]) -> None:
    _grow(values, len(others) - 1)
    for number, value in enumerate(others):
        if value:
            values[number] += value


def _put(packed: bytearray, value: int) -> None:
    """Append a number from 0, seven bits a byte, the lowest first."""
    while value > 127:
        packed.append(value & 127 | 128)
        value >>= 7
    packed.append(max(value, 0))


def _put_list(packed: bytearray, values: list[int]) -> None:
    """Append how many numbers there are before the last zeros, and these numbers."""
    end = len(values)
    while end and not values[end - 1]:
        end -= 1
    _put(packed, end)
    for value in values[:end]:
        _put(packed, value)


def _take(packed: bytes, start: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    value = 0
    shift = 0
    while True:
        byte = packed[start]
        start += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, start
        shift += 7


def _take_list(packed: bytes, start: int, values: list[int]) -> int:
    count, start = _take(packed, start)
    if count > len(packed):
        raise ValueError("these are no counts")
    _grow(values, count - 1)
    for number in range(count):
        values[number], start = _take(packed, start)
    return start
