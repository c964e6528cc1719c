"""Seconds, as programs give them: numbers and ``timedelta``, checked in one place."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from geartrain.errors import GeartrainError, OptionError

if TYPE_CHECKING:
    from datetime import timedelta
    from decimal import Decimal
    from fractions import Fraction

__all__ = ["FOREVER", "Seconds", "length", "limit", "number", "plain"]

Seconds: TypeAlias = "float | timedelta | Decimal | Fraction"

# Seconds, about 31 years: a timeout that is longer is none. Locks, polls and event
# loops overflow at different lengths, the first at 24 days.
FOREVER: Final = 1e9


def number(
    value: object, name: str, error: type[GeartrainError] = OptionError
) -> float:
    """Return a length of time in seconds, infinite perhaps.

    A ``timedelta`` is its seconds; other numbers are taken as they are, ``Decimal`` and
    ``Fraction`` too. ``name`` is what the error calls it.

    Raises:
        OptionError: it is no number, or NaN; of the class ``error``.
    """
    kind = type(value)
    if kind is float or kind is int:
        found = _float(value)
    elif isinstance(value, bool | str | bytes | None):
        found = math.nan
    else:
        found = _float(plain(value))
    if math.isnan(found):
        raise error(f"{name}={_shown(value)}: give seconds from 0 on, or a timedelta")
    return found


def plain(value: Any) -> Any:
    """Return a timedelta in seconds, and anything else as it is."""
    # Looked up, not imported: without it there is no timedelta.
    datetime = sys.modules.get("datetime")
    if datetime is not None and isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return value


def limit(
    value: Seconds | None,
    name: str = "timeout",
    error: type[GeartrainError] = OptionError,
) -> float | None:
    """Return a timeout in seconds, 0 or more; None is none, as is one of 31 years.

    Raises:
        OptionError: it is no number, or negative; of the class ``error``.
    """
    if value is None:
        return None
    found = value if type(value) is float else number(value, name, error)
    if 0.0 <= found < FOREVER:
        return found
    if found >= FOREVER:
        return None
    number(value, name, error)
    raise error(f"{name}={_shown(value)}: give seconds from 0 on, or a timedelta")


def length(
    value: Seconds, name: str, error: type[GeartrainError] = OptionError
) -> float:
    """Return a length of time in seconds that is more than 0, at most 31 years.

    Raises:
        OptionError: it is no number, or none above 0; of the class ``error``.
    """
    found = number(value, name, error)
    if not found > 0:
        raise error(f"{name}={_shown(value)}: it has to be more than 0 seconds")
    return min(found, FOREVER)


def _float(value: object) -> float:
    """Return a number as a float; NaN for what is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]
    except (TypeError, ValueError):
        return math.nan


def _shown(value: object) -> str:
    """Return a value for an error, cut where it is long."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else f"{text[:60]}…"
