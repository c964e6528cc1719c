"""The calendar of SUBMIT_JOB_SCHED: five cron-like fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from geartrain.errors import OptionError

__all__ = ["calendar"]

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
        start = datetime.fromtimestamp(after, zone)
        if zone is None:
            start = start.astimezone()
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
    """Translate the wire's fields into cron's: empty is ``*``, Monday is 0."""
    texts = [field.decode("ascii", "replace").strip() or "*" for field in fields]
    if any(" " in text for text in texts):
        raise ValueError(f"{_shown(fields)}: a field has no spaces")
    # PROTOCOL, "SUBMIT_JOB_SCHED": "day of week (0-6, 0 = Monday)"; cron's 0 is
    # Sunday. Names of days mean the same in both, and steps are left alone.
    texts[4] = re.sub(r"(?<![/\w])[0-6](?!\w)", _cron_weekday, texts[4])
    return texts


def _cron_weekday(found: re.Match[str]) -> str:
    return str(int(found.group()) + 1)
