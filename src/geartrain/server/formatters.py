"""The levels of the log, and what a line of it looks like."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from geartrain.texts import cut, visible

__all__ = [
    "ALERT",
    "FATAL",
    "FORMATS",
    "LEVELS",
    "NOTICE",
    "GearmandFormatter",
    "JsonFormatter",
    "PlainFormatter",
    "formatter_for",
    "level_name",
]

NOTICE = 25
ALERT = 60
FATAL = 70

LEVELS = {
    "FATAL": FATAL,
    "ALERT": ALERT,
    "CRITICAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "NOTICE": NOTICE,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
}
"""The original's level names, gravest first, as numbers of ``logging``."""

_NAMES = {number: name for name, number in LEVELS.items()}

# Characters of a record's words, and of a line of its traceback. Our own lines stay far
# below; a peer's texts must not decide how much is written.
_MOST_WORDS = 4000
_LAST_WORDS = 500
_MOST_LINE = 1000
# Lines of a traceback: its first, and then its last, which say what was raised.
_FIRST_LINES = 20
_LAST_LINES = 100
# No line of ours begins so: what an exception says cannot be taken for one.
_BELOW = "  | "


def level_name(level: int) -> str:
    """Return the original's name of a level, or that of ``logging``."""
    return _NAMES.get(level) or logging.getLevelName(level)


class _OneLineFormatter(logging.Formatter):
    """Escapes and cuts words, so that no peer can forge a line or fill a disk."""

    def text(self, record: logging.LogRecord) -> str:
        """Return the record's words on one line, a traceback below them, indented."""
        lines = [_shortened(record.getMessage())]
        if record.exc_info:
            lines += _indented(self.formatException(record.exc_info))
        if record.stack_info:
            lines += _indented(record.stack_info)
        return "\n".join(lines)


def _shortened(words: str) -> str:
    """Return words visibly; of many the first, and the last, which often say why."""
    if len(words) <= _MOST_WORDS // 4:
        return visible(words)
    first, last = visible(words[:_MOST_WORDS]), visible(words[-_LAST_WORDS:])
    if len(words) <= _MOST_WORDS and len(first) <= _MOST_WORDS:
        return first
    left_out = max(0, len(words) - _MOST_WORDS)
    return f"{first[:_MOST_WORDS]}… ({left_out} more) …{last[-_LAST_WORDS:]}"


def _indented(text: str) -> Iterator[str]:
    lines = text.split("\n")
    left_out = len(lines) - _FIRST_LINES - _LAST_LINES
    for number, line in enumerate(lines):
        if number < _FIRST_LINES or number >= _FIRST_LINES + left_out:
            yield _BELOW + visible(cut(line, _MOST_LINE))
        elif number == _FIRST_LINES:
            yield f"{_BELOW}… {left_out} lines are left out here"


class GearmandFormatter(_OneLineFormatter):
    """``  ERROR 2026-01-31 12:00:00.000000 [  main ] words``, as gearmand writes."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of gearmand's log."""
        when = datetime.fromtimestamp(record.created)
        thread = "main" if record.threadName == "MainThread" else record.threadName
        level = level_name(record.levelno)
        return f"{level:>7} {when:%F %T.%f} [{thread or '-':>6.6} ] {self.text(record)}"


class PlainFormatter(_OneLineFormatter):
    """``2026-01-31 12:00:00.000 INFO    geartrain.server: words``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one plain line."""
        when = datetime.fromtimestamp(record.created)
        level = level_name(record.levelno)
        milliseconds = f"{record.msecs:03.0f}"[:3]
        return (
            f"{when:%F %T}.{milliseconds} {level:<7} {record.name}: {self.text(record)}"
        )


class JsonFormatter(_OneLineFormatter):
    """One object a line, for programs that collect logs.

    ``time`` (UTC, RFC 3339), ``level``, ``logger``, ``action``, ``message``; then the
    fields of the event, such as ``function`` and ``handle``; ``exception`` last. What a
    peer sent is escaped and cut as in text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        when = datetime.fromtimestamp(record.created, UTC)
        words, *trace = self.text(record).split("\n")
        line: dict[str, Any] = {
            "time": f"{when:%FT%T.%f}Z",
            "level": level_name(record.levelno),
            "logger": record.name,
            # Lines of programs that run in this process have none.
            "action": getattr(record, "action", "other"),
            "message": words,
        }
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line.setdefault(name, _field(value))
        if trace:
            line["exception"] = "\n".join(each.removeprefix(_BELOW) for each in trace)
        return json.dumps(line)


# What every record has: the rest was given as extra.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime",
    "message",
    "taskName",
}


def _field(value: object) -> bool | int | float | str | None:
    """Return a value of an event as JSON has it, texts escaped and cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        value = value.decode(errors="surrogateescape")
    return visible(cut(str(value), _MOST_LINE))


FORMATS = ("text", "json", "auto")
"""How lines may look; ``auto`` is JSON unless they are written to a terminal."""


def formatter_for(name: str, *, on_terminal: bool) -> logging.Formatter:
    """Return the formatter of one of ``FORMATS``."""
    is_json = name == "json" or (name == "auto" and not on_terminal)
    return JsonFormatter() if is_json else PlainFormatter()
