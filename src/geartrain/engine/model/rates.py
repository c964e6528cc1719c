"""Rates: how many jobs may start in which time, and the buckets that hold to them.

A bucket holds up to a burst of tokens; a job that starts takes one, and they come back
at an even pace. So in any time of the rate's length at most its count and a burst less
one start, and a function that was quiet for long has no claim to more than a burst.
"""

from __future__ import annotations

from typing import Final

from geartrain.durations import read_duration

__all__ = ["Bucket", "Rate", "check_rate", "read_rate"]

# Jobs a second. The pace of more is finer than a server time can tell.
_FASTEST: Final = 100_000.0
_LONGEST: Final = 1_000_000_000.0
_MOST_DIGITS: Final = 9
# Seconds by which a turn of the event loop may be late: where a burst is not given, as
# many tokens as come in this time are kept, or a fast rate would not be reached.
_LATENESS: Final = 0.02


class Rate:
    """At most so many jobs start in so much time, evenly."""

    def __init__(self, count: int, seconds: float) -> None:
        self.interval = seconds / count
        """Seconds from one token to the next."""
        self.burst = max(1, int(_LATENESS / self.interval))
        """How many tokens a bucket holds."""

    def is_like(self, other: Rate) -> bool:
        """Tell whether another rate is the same."""
        return self.interval == other.interval and self.burst == other.burst


def read_rate(text: str, burst: int = 0, servers: int = 1) -> Rate | None:
    """Return the rate that a text such as ``100/1m`` or ``50/s`` stands for, if any.

    ``burst`` is how many jobs may start at once after a pause; 0 is as many as a turn
    of the event loop may need, which is one up to 99 jobs a second. What is returned is
    the part that each of some job servers may use.

    >>> read_rate("100/1m").interval
    0.6
    """
    digits, slash, span = text.partition("/")
    if not (slash and span and digits.isascii() and digits.isdecimal()):
        return None
    count = int(digits) if len(digits) <= _MOST_DIGITS else 0
    seconds = read_duration(span if span[:1].isdecimal() else f"1{span}")
    if not count or seconds is None or not 0 < seconds <= _LONGEST:
        return None
    if count / seconds > _FASTEST:
        return None
    rate = Rate(count, seconds * servers)
    if burst > 0:
        rate.burst = max(1, burst // servers)
    return rate


def check_rate(text: str) -> bool:
    """Tell whether a text is a rate."""
    return read_rate(text) is not None


class Bucket:
    """The tokens of one rate; all that is kept of them is when they are complete."""

    def __init__(self) -> None:
        self.full_at = 0.0
        """The server time at which it is full, if no more jobs start."""

    def count_at(self, rate: Rate, now: float) -> int:
        """Return how many tokens there are at a server time."""
        burst = rate.burst
        if now >= self.full_at:
            return burst
        count = burst - int((self.full_at - now) / rate.interval) - 1
        count = min(max(count, 0), burst)
        # Rounding may be off by one; ``when`` decides, since alarms are set by it.
        while count < burst and now >= self.when(rate, count + 1):
            count += 1
        while count > 0 and now < self.when(rate, count):
            count -= 1
        return count

    def when(self, rate: Rate, count: int) -> float:
        """Return the server time from which there are so many tokens."""
        return self.full_at - (rate.burst - count) * rate.interval

    def start_at(self, rate: Rate, count: int, now: float) -> float:
        """Return when the last of ``count`` jobs starts if all start once they may.

        It may be more than a burst, and the time may have passed already.
        """
        return max(self.full_at, now) - (rate.burst - count) * rate.interval

    def take(self, rate: Rate, now: float) -> None:
        """Take a token for a job that starts now."""
        self.full_at = max(self.full_at, now) + rate.interval

    def put_back(self, rate: Rate) -> None:
        """Put the token of a job back that has not begun after all."""
        self.full_at -= rate.interval

    def adapt(self, rate: Rate, now: float) -> None:
        """Go on with another rate: nobody waits longer than that has them wait."""
        self.full_at = min(self.full_at, now + rate.burst * rate.interval)
