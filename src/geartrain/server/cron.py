"""The calendar of schedules: expressions of cron, and dates, in a time zone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from cronsim import CronSim, CronSimError

from geartrain.errors import OptionError
from geartrain.server.zones import find_zone

__all__ = ["calendar"]

# Longer than any expression that means something.
_MAX_EXPRESSION: Final = 1_024
_NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][-+:.0-9Z]{4,})?")
# Zones that are in use at a time: most schedules have one of a few.
_MOST_ZONES: Final = 64


def calendar(timezone: str | None) -> Callable[[str, str, float], float]:
    """Return the engine's calendar, with the zone of schedules that name none.

    None is the system's own.

    Raises:
        OptionError: there is no such zone.
    """
    own = find_zone(timezone)
    named = lru_cache(_MOST_ZONES)(find_zone)

    def next_time(text: str, zone_name: str, after: float) -> float:
        """Return the first time after ``after``, both in seconds since 1970.

        ``text`` is a date, or cron's five or six fields, of which seconds are first.

        Raises:
            ValueError: it names no time, or none that ever comes.
        """
        try:
            zone = named(zone_name) if zone_name else own
        except OptionError as error:
            raise ValueError(str(error)) from error
        if _DATE.fullmatch(text):
            return _moment_of(text, zone)
        try:
            found = _next(_fields(text), zone, after)
        except CronSimError as error:
            raise ValueError(f"cron {text!r}: {error}") from error
        except (OverflowError, OSError):
            found = None
        if found is None:
            raise ValueError(f"cron {text!r}: such a time never comes")
        return found

    return next_time


def _moment_of(text: str, zone: tzinfo) -> float:
    """Return a date's moment in seconds since 1970; a day's is its last second."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == len("2030-12-31"):
            moment = moment.replace(hour=23, minute=59, second=59)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"{text!r} is no date: {error}") from error


def _fields(text: str) -> list[str]:
    """Return the fields of an expression of cron."""
    if len(text) > _MAX_EXPRESSION:
        raise ValueError(
            f"cron {text[:100]!r}…: an expression has at most {_MAX_EXPRESSION} bytes"
        )
    text = text.strip()
    if text.startswith("@"):
        found = _NICKNAMES.get(text.lower())
        if found is None:
            raise ValueError(f"cron {text!r}: use one of {', '.join(_NICKNAMES)}")
        return found.split()
    fields = text.split()
    if len(fields) not in (5, 6):
        raise ValueError(
            f"cron {text!r}: it has {len(fields)} fields, but minute, hour, day, month"
            " and weekday are wanted, and seconds before them if need be"
        )
    return fields


def _next(words: list[str], zone: tzinfo, after: float) -> float | None:
    """Return the first time that cron's fields name after another, by a zone's clocks.

    Debian's cron decides what becomes of times that clocks skip, or show twice. Where
    the hours are named, a time that is skipped is made up for right after the gap; with
    a star for the hour there is nothing to make up for. A time that comes twice runs
    both times if there is a star for the minute or the hour, and else the first time.
    cronsim alone would name a time that has passed, or none for half an hour where
    clocks are changed by half an hour, so it only finds what a clock has to show.
    """
    start = datetime.fromtimestamp(math.floor(after), zone)
    minute, hour = words[-5], words[-4]
    names_hours = not hour.startswith("*")
    is_repeated = minute.startswith("*") or not names_hours
    found = None
    for shown in CronSim(" ".join(words), start.replace(tzinfo=None)):
        found = _moment(shown, zone, after, names_hours, is_repeated)
        if found is not None:
            break
    if is_repeated and start.fold == 0 and _overlap(start):
        again = _second_pass(words, start, after)
        if again is not None and (found is None or again < found):
            return again
    return found


def _moment(
    shown: datetime, zone: tzinfo, after: float, names_hours: bool, is_repeated: bool
) -> float | None:
    """Return when a clock shows this, after another time; None for never."""
    first = shown.replace(tzinfo=zone)
    if _overlap(first) < timedelta(0):
        moment = _end_of_gap(first) if names_hours else after
    else:
        moment = first.timestamp()
        if moment <= after and is_repeated:
            moment = first.replace(fold=1).timestamp()
    return moment if moment > after else None


def _overlap(first: datetime) -> timedelta:
    """Return by how much clocks are set back around a time; less than 0: forward."""
    before, later = first.utcoffset(), first.replace(fold=1).utcoffset()
    return (before or timedelta(0)) - (later or timedelta(0))


def _second_pass(words: list[str], start: datetime, after: float) -> float | None:
    """Return the first time of a second pass whose first pass is under way."""
    zone, overlap = start.tzinfo, _overlap(start)
    begin = start.replace(tzinfo=None) - overlap
    for shown in CronSim(" ".join(words), begin - timedelta(seconds=1)):
        again = shown.replace(tzinfo=zone, fold=1)
        if _overlap(again.replace(fold=0)) and again.timestamp() > after:
            return again.timestamp()
        if shown > begin + 2 * overlap:
            return None
    return None


def _end_of_gap(first: datetime) -> float:
    """Return when clocks that skip this time are set forward, in seconds since 1970."""
    before = first.utcoffset()
    low = int(first.replace(fold=1).timestamp())
    high = int(first.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, first.tzinfo).utcoffset() == before:
            low = middle
        else:
            high = middle
    return float(high)
