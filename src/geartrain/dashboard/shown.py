r"""How numbers, times, sizes and names are written on pages: filters of the templates.

Every text that a template puts out passes through ``shown_value``: control characters,
characters that change the direction of writing, and bytes that are not UTF-8 are
visible (``\xff``). So a name is shown rightly without a filter, and ``name`` only cuts
it.

A number and its unit stand on one line: a no-break space is between them wherever a
filter has written both.
"""

from __future__ import annotations

import functools
import json
import re
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from geartrain.texts import error_line, shown_worker, visible

__all__ = ["FILTERS", "duration", "local", "rate", "shown_value", "size"]

NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no value."""

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86400.0

# The space between a number and its unit.
_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=[A-Za-z%])")
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"

# Characters of a name in a table.
_NAME: Final = 60
# Characters of an error or another text on one line.
_LINE: Final = 200


def _unparted(write: Callable[..., str]) -> Callable[..., Markup]:
    """Return a filter that keeps each number that is written beside its unit."""

    @functools.wraps(write)
    def kept(*values: Any) -> Markup:
        # In a plain text ``shown_value`` would make the no-break space visible.
        return Markup(escape(_BEFORE_UNIT.sub(_NO_BREAK, write(*values))))

    return kept


def shown_value(value: Any) -> Any:
    """Return what a template puts out with all of its characters visible."""
    if type(value) is str:
        return visible(value)
    return NOTHING if value is None else value


def count(value: float | None) -> str:
    """Return a number with separators between thousands.

    >>> count(1204)
    '1,204'
    """
    return NOTHING if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """Return a number in a few characters.

    >>> short(1204), short(1_640_000), short(52_300)
    ('1,204', '1.64 M', '52.3 k')
    """
    if value is None:
        return NOTHING
    if value < 10_000:
        return count(value)
    number, unit = _scaled(value / 1000, "kMG")
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def _scaled(value: float, units: str) -> tuple[float, str]:
    """Return a value in the unit that suits it; each is a thousand times the last."""
    for unit in units[:-1]:
        if value < 999.5:
            return value, unit
        value /= 1000
    return value, units[-1]


def rate(value: float | None) -> str:
    """Return how often something happens a second.

    >>> rate(0.04), rate(18.24), rate(482.3)
    ('0.04', '18.2', '482')
    """
    if value is None:
        return NOTHING
    if value == 0:
        return "0"
    if value < 0.1:
        return f"{max(value, 0.01):.2f}"
    return f"{value:.1f}" if value < 100 else short(value)


def percent(part: float, whole: float) -> str:
    """Return a part of a whole as a percentage.

    >>> percent(12, 100), percent(1, 3000)
    ('12 %', '0.033 %')
    """
    if not whole:
        return NOTHING
    value = 100 * part / whole
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.2g} %"


def duration(seconds: float | None) -> str:
    """Return a number of seconds with the unit that suits it.

    >>> duration(0.0042), duration(6.13), duration(720), duration(12_000)
    ('4.2 ms', '6.1 s', '12 min', '3 h 20 min')
    """
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return _milliseconds(1000 * seconds)
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < _HOUR:
        small = 1 if seconds < 10 * _MINUTE else _MINUTE
        return _two(seconds, _MINUTE, "min", small, "s")
    if seconds < _DAY:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "d", _HOUR, "h")


def span(seconds: float) -> str:
    """Return a duration that need not be exact: how long ago something was.

    >>> span(95), span(12_000), span(200_000)
    ('1 min', '3 h 20 min', '2 d')
    """
    if _HOUR <= seconds < 10 * _HOUR:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0) // 1:.0f} s"


def _milliseconds(value: float) -> str:
    if value <= 0:
        return "0 s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"


def _two(seconds: float, large: float, unit: str, small: float, lesser: str) -> str:
    whole, rest = divmod(int(seconds), int(large))
    rest //= int(small)
    return f"{whole} {unit} {rest} {lesser}" if rest else f"{whole} {unit}"


def size(value: float | None) -> str:
    """Return a number of bytes.

    >>> size(142), size(8192), size(3_200_000_000)
    ('142 bytes', '8.2 kB', '3.2 GB')
    """
    if value is None:
        return NOTHING
    if value < 1000:
        return "1 byte" if value == 1 else f"{value:.0f} bytes"
    number, unit = _scaled(value / 1000, "kMGT")
    return f"{number:.0f} {unit}B" if number >= 100 else f"{number:.2g} {unit}B"


def moment(when: float | None) -> str | Markup:
    """Return a time of day, with the date if it is another day, as a ``<time>``.

    Its title has the whole of it with the zone, which is the job server's.
    """
    if when is None:
        return NOTHING
    then = local(when)
    today = datetime.now(UTC).astimezone().date()
    text = f"{then:%H:%M:%S}" if then.date() == today else f"{then.day} {then:%b %H:%M}"
    return _time(then, text)


def ago(when: float | None, now: float | None = None) -> str | Markup:
    """Return how long ago something was, as a ``<time>``; its title has the time."""
    if when is None:
        return NOTHING
    then = local(when)
    seconds = (time.time() if now is None else now) - when
    text = f"{span(seconds)} ago" if seconds >= 1 else "just now"
    return _time(then, text)


def until(when: float | None, now: float | None = None) -> str | Markup:
    """Return in what time something will be, as a ``<time>``."""
    if when is None:
        return NOTHING
    then = local(when)
    seconds = when - (time.time() if now is None else now)
    return _time(then, f"in {span(seconds)}" if seconds >= 1 else "now")


def local(when: float, zone: tzinfo | None = None) -> datetime:
    """Return a time by the clocks of a zone, or here; the last if they have no such.

    A job may be due in the last hours of the year 9999, which are over in some zones.
    """
    try:
        return datetime.fromtimestamp(when, UTC).astimezone(zone)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _time(then: datetime, text: str) -> Markup:
    whole = f"{then:%Y-%m-%d %H:%M:%S} {then.tzname()}"
    stamp = then.isoformat(timespec="milliseconds")
    text = _BEFORE_UNIT.sub(_NO_BREAK, text)
    # Hundreds of a page: Markup.format takes ten times as long.
    return Markup(
        f'<time datetime="{stamp}" title="{escape(whole)}">{escape(text)}</time>'
    )


def name(text: str | None, most: int = _NAME) -> str | Markup:
    """Return a name, cut where it is long: its title then has more of it."""
    if text is None:
        return NOTHING
    seen = visible(text)
    if len(seen) <= most:
        return seen
    return Markup('<span title="{}">{}…</span>').format(seen[:1000], seen[:most])


def line(text: str | None, most: int = _LINE) -> str | Markup:
    """Return the first line of a text, cut."""
    first, _, rest = (text or "").strip().partition("\n")
    if rest and len(first) <= most:
        return Markup('<span title="{}">{} …</span>').format(
            visible(rest[:1000]), visible(first)
        )
    return name(first, most)


def block(text: str) -> Markup:
    """Return a text of several lines, to stand in a ``<pre>``."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return Markup("\n").join(escape(visible(each)) for each in lines)


def plural(number: float, noun: str, several: str = "") -> str:
    """Return a number with its noun.

    >>> plural(1, "job"), plural(1204, "job")
    ('1 job', '1,204 jobs')
    """
    return f"{count(number)} {noun if number == 1 else several or noun + 's'}"


def packed(text: Any) -> str:
    """Return a value of a hidden field, which any bytes survive: percent-encoded."""
    return quote(str(text), safe="", errors="surrogateescape")


def key(text: Any) -> str:
    """Return what an element of a page that is about a name has as its id."""
    return packed(text).replace("%", "_")


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "ago": ago,
    "block": block,
    "count": count,
    "duration": _unparted(duration),
    "error_line": error_line,
    "json": json.dumps,
    "key": key,
    "line": line,
    "moment": moment,
    "name": name,
    "packed": packed,
    "percent": _unparted(percent),
    "plural": plural,
    "rate": _unparted(rate),
    "shell": shlex.quote,
    "short": _unparted(short),
    "size": _unparted(size),
    "span": _unparted(span),
    "until": until,
    "worker": shown_worker,
}
"""The filters, by what templates call them."""
