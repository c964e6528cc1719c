"""The calendar of SUBMIT_JOB_SCHED: five cron-like fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from geartrain.errors import OptionError

__all__ = ["calendar"]

# Longer than any field that means something.
_MAX_FIELD = 200
_NAMES = ("minute", "hour", "day of month", "month", "day of week")


def calendar(timezone: str | None) -> Callable[[list[bytes], float], float]:
    """Return the engine's calendar for a zone; None is the system's own.

    Raises:
        OptionError: there is no such zone.
    """
    zone = _zone(timezone)

    def next_time(fields: list[bytes], after: float) -> float:
        """Return the first time after ``after``, both in seconds since 1970."""
        expression = " ".join(_cron_fields(fields))
        # Without a zone it stays a plain local time, so that the offset of each time
        # found is that of its own season.
        start = datetime.fromtimestamp(after, zone)
        try:
            return next(CronSim(expression, start)).timestamp()
        except CronSimError as error:
            raise ValueError(f"{_shown(fields)}: {error}") from error
        except StopIteration:
            raise ValueError(f"{_shown(fields)}: such a time never comes") from None

    return next_time


def _zone(timezone: str | None) -> tzinfo | None:
    if timezone is None:
        return None
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OptionError(
            f"timezone {timezone!r} is unknown: use a name such as Europe/Vienna"
        ) from error


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
