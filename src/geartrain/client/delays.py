"""Delays: when a job is due, by a time or by how long to wait."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from geartrain.errors import OptionError
from geartrain.seconds import Seconds, number

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from fractions import Fraction

__all__ = ["Moment", "due_bytes"]

Moment: TypeAlias = "float | Decimal | Fraction | datetime"

# Seconds since 1970 at the end of the year 9999, after which no calendar goes on.
_END_OF_TIME: Final = 253402300800


def due_bytes(at: Moment | None, delay: Seconds | None) -> bytes:
    """Return when a job is due, as SUBMIT_JOB_EPOCH has it; empty for at once.

    Raises:
        OptionError: both are given, or one is no time.
    """
    if at is not None and delay is not None:
        raise OptionError("a job is delayed by at= or by delay=, not by both")
    if delay is not None:
        return _relative(_delay_seconds(delay))
    if at is not None:
        when = _moment(at)
    else:
        return b""
    return f"{when:.3f}".removesuffix(".000").encode()


def _relative(delay: float) -> bytes:
    """Return a delay, for the job server to count: no clock of this machine's matters.

    A C job server reads no further than the time before it, which this machine's clock
    tells, and has to go by that.
    """
    seconds = f"{delay:.6f}".rstrip("0").rstrip(".")
    return f"{math.ceil(time.time() + delay)}+{seconds}".encode()


def _delay_seconds(delay: Seconds) -> float:
    """Return how many seconds a job is delayed by: a number from 0 on."""
    found = number(delay, "delay")
    if not 0 <= found < _END_OF_TIME:
        raise OptionError(
            f"delay={delay!r}: a job is delayed by seconds from 0 on, and has to be due"
            " before the year 10000"
        )
    return found


def _moment(at: object) -> float:
    """Return a moment in seconds since 1970."""
    from datetime import datetime, timedelta

    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise OptionError(f"at={at!r} has no time zone: give one with tzinfo=")
        try:
            # Before 1970 is as long over as 1970 is.
            return max(0.0, at.timestamp())
        except OverflowError:
            raise OptionError(f"at={at!r}: no calendar knows this time") from None
    if isinstance(at, timedelta):
        raise OptionError(f"at={at!r} is how long it takes: give it as delay=")
    try:
        when = number(at, "at")
    except OptionError:
        when = -1.0
    if not 0 <= when < _END_OF_TIME:
        raise OptionError(
            f"at={at!r}: give seconds since 1970, up to the year 9999, or a datetime"
            " with a time zone"
        )
    return when
