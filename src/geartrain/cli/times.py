"""Times and durations as people write and read them."""

from __future__ import annotations

from datetime import datetime

import click

from geartrain.durations import read_duration

__all__ = ["age", "brief", "duration", "local", "quantity", "short"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# About three thousand years.
_MOST = 1e11


def duration(text: str) -> float:
    """Read a duration such as ``45s``, ``20m``, ``1h30m`` or ``2w``, in seconds.

    Raises:
        click.BadParameter: it is not a duration.
    """
    seconds = read_duration(text.strip())
    if seconds is None or not 0 <= seconds <= _MOST:
        raise click.BadParameter(
            f"{text!r} is not a duration: write 45s, 20m, 1h30m, 7d or 2w"
        )
    return seconds


def quantity(text: str) -> float:
    """Read a number, or a duration in seconds; raise ValueError if it is neither."""
    seconds = read_duration(text)
    return float(text) if seconds is None else seconds


def local(seconds: float) -> str:
    """Return seconds since 1970 in ISO 8601, in the system's time zone."""
    try:
        moment = datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.0f}s after 1970"
    return moment.isoformat(timespec="seconds")


def brief(seconds: float) -> str:
    """Return seconds since 1970 as ``local`` does, without the zone's offset."""
    return local(seconds)[: len("2026-12-31T23:59:59")]


def age(seconds: float) -> str:
    """Return a number of seconds in its two largest units: ``4d 3h``, ``3m 20s``."""
    left = max(0, int(seconds))
    for unit, lesser in (("d", "h"), ("h", "m"), ("m", "s")):
        if left >= _SECONDS[unit]:
            count, rest = divmod(left, _SECONDS[unit])
            return f"{count}{unit} {rest // _SECONDS[lesser]}{lesser}"
    return f"{left}s"


def short(seconds: float | None) -> str | None:
    """Return a time with two digits: ``0.3ms``, ``45ms``, ``1.2s``, ``3m 20s``."""
    if seconds is None:
        return None
    if seconds >= 100:
        return age(seconds)
    if seconds >= 1:
        return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.1f}s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f}ms" if milliseconds >= 10 else f"{milliseconds:.1f}ms"
