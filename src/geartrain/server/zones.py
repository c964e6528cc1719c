"""Time zones: the one that is named, or the system's own.

The system's is read as the C library does, from ``TZ`` or ``/etc/localtime``, and
becomes the same kind of zone as one that is named: Python's plain local times cannot
tell the two passes of an hour that comes twice.
"""

from __future__ import annotations

import io
import os
import struct
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geartrain.errors import OptionError

__all__ = ["find_zone"]

_LOCALTIME: Final = "/etc/localtime"
_UTC: Final = "UTC"


def find_zone(name: str | None) -> tzinfo:
    """Return the zone of this name; None is the system's own.

    Raises:
        OptionError: there is no zone of this name.
    """
    if name is None:
        return _system_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OptionError(
            f"timezone {name!r} is unknown: use a name such as Europe/Vienna"
        ) from error


def _system_zone() -> tzinfo:
    """Return the system's zone; UTC, as for the C library, if none can be read."""
    text = os.environ.get("TZ")
    if text is None:
        return _from_file(_LOCALTIME) or ZoneInfo(_UTC)
    text = text.removeprefix(":")
    return _named(text) or _by_rules(text) or ZoneInfo(_UTC)


def _named(text: str) -> tzinfo | None:
    """Return the zone of a name or a file, as ``TZ`` has it."""
    if text.startswith("/"):
        return _from_file(text)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _from_file(path: str) -> tzinfo | None:
    try:
        with open(path, "rb") as file:
            return ZoneInfo.from_file(file, os.path.realpath(path))
    except (OSError, ValueError):
        return None


def _by_rules(text: str) -> tzinfo | None:
    """Return the zone whose rules the text has: ``CET-1CEST,M3.5.0,M10.5.0/3``.

    RFC 8536: a file of a zone ends with such a text, so a file with no more than that
    is made of it.
    """
    header = struct.Struct(">4sc15x6I")
    block = header.pack(b"TZif", b"2", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"
    try:
        footer = b"\n" + text.encode("ascii") + b"\n"
        zone = ZoneInfo.from_file(io.BytesIO(block + block + footer), text)
        # Only when it is used a text without meaning is found out.
        datetime.now(zone).utcoffset()
    except (ValueError, OSError):
        return None
    return zone if text else None
