"""The levels of the log, and what a line of it looks like."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from geartrain.texts import cut, visible

__all__ = [
    "ALERT",
    "FATAL",
    "LEVELS",
    "NOTICE",
    "GearmandFormatter",
    "PlainFormatter",
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
