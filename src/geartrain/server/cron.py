"""The calendar of SUBMIT_JOB_SCHED: five cron-like fields."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from geartrain.server.zones import find_zone

__all__ = ["calendar"]

# Longer than any field that means something.
_MAX_FIELD = 200
_NAMES = ("minute", "hour", "day of month", "month", "day of week")


def calendar(timezone: str | None) -> Callable[[list[bytes], float], float]:
    """Return the engine's calendar for a zone; None is the system's own.

    Raises:
        OptionError: there is no such zone.
    """
    zone = find_zone(timezone)

    def next_time(fields: list[bytes], after: float) -> float:
        """Return the first time after ``after``, both in seconds since 1970.

        Raises:
            ValueError: the fields name no time, or none that ever comes.
        """
        words = _cron_fields(fields)
        try:
            found = _next(words, zone, after)
        except CronSimError as error:
            raise ValueError(f"{_shown(fields)}: {error}") from error
        except (OverflowError, OSError):
            found = None
        if found is None:
            raise ValueError(f"{_shown(fields)}: such a time never comes")
        return found

    return next_time


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
    names_hours = not words[1].startswith("*")
    is_repeated = words[0].startswith("*") or not names_hours
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


def _shown(fields: list[bytes]) -> str:
    shown = (
        f"{name} {field.decode('ascii', 'replace')!r}"
        for name, field in zip(_NAMES, fields, strict=True)
    )
    return ", ".join(shown)


def _cron_fields(fields: list[bytes]) -> list[str]:
    """Translate the wire's fields into cron's."""
    for name, field in zip(_NAMES, fields, strict=True):
        if len(field) > _MAX_FIELD:
            shown = field[:_MAX_FIELD].decode("ascii", "replace")
            raise ValueError(
                f"{name} {shown!r}…: a field has at most {_MAX_FIELD} bytes"
            )
    texts = [field.decode("ascii", "replace").strip(" ") or "*" for field in fields]
    if any(text.split() != [text] for text in texts):
        raise ValueError(f"{_shown(fields)}: a field has no white space")
    return [*texts[:4], _cron_weekdays(fields, texts[4])]


def _cron_weekdays(fields: list[bytes], text: str) -> str:
    """Count days from Monday, 1, as cron does.

    PROTOCOL, "SUBMIT_JOB_SCHED": "day of week (0-6, 0 = Monday)". Names of days mean
    the same in both; steps and the n of "the nth such day" are no days.
    """

    def shift(found: re.Match[str]) -> str:
        if int(found.group()) > 6:
            raise ValueError(f"{_shown(fields)}: days are 0 (Monday) to 6, or names")
        return str(int(found.group()) + 1)

    text = re.sub(r"(?:(?<=,)|^)\*/", "0-6/", text)
    return re.sub(r"(?<![/#\w])[0-9]+", shift, text)
