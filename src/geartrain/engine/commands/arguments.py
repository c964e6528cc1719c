"""Arguments of text commands: ``name=value`` words with percent-encoded values."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.durations import read_duration
from geartrain.engine.model.globs import LONGEST
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import error

__all__ = ["Arguments", "Latest", "invalid", "read_arguments", "read_latest"]

_LIMIT: Final = 100
_MOST: Final = 1000
# Units of work, as ``turns`` counts it, of a byte of a glob: about 5 µs.
_COMPILED: Final = 4
# A hundred years.
_MOST_SECONDS: Final = 3155760000.0


class Arguments:
    """The values given, by name."""

    def __init__(self, values: dict[bytes, bytes]) -> None:
        self._values = values

    def get(self, name: bytes) -> bytes:
        """Return a value, or nothing."""
        return self._values.get(name, b"")

    def pattern(self, name: bytes, state: State) -> bytes:
        """Return a value that is to be compiled as a glob, and count the work of it.

        Raises:
            OptionError: it has more than ``LONGEST`` bytes.
        """
        value = self._values.get(name, b"")
        if len(value) > LONGEST:
            raise OptionError(f"{name.decode()} is at most {LONGEST} bytes for a glob")
        state.turns.work += len(value) * _COMPILED
        return value

    def number(self, name: bytes, default: int) -> int:
        """Return a value as a number.

        Raises:
            OptionError: it is none.
        """
        value = self._values.get(name)
        if value is None:
            return default
        if not value.isdigit() or len(value) > 18:
            shown = value.decode("utf-8", "replace")
            raise OptionError(f"{name.decode()} is a number, not {shown!r}")
        return int(value)

    def seconds(self, name: bytes) -> float:
        """Return a value as a number of seconds from 0; 0 if it is not given.

        Raises:
            OptionError: it is none.
        """
        value = self._values.get(name, b"0")
        shown = value.decode("utf-8", "replace")
        seconds = read_duration(shown)
        if seconds is None or not 0 <= seconds <= _MOST_SECONDS:
            raise OptionError(
                f"{name.decode()} is seconds from 0, or a time such as 20m, not"
                f" {shown!r}"
            )
        return seconds

    def limit(self) -> int:
        """Return how many rows are wanted, at most 1000.

        Raises:
            OptionError: the limit is no number from 1.
        """
        limit = self.number(b"limit", _LIMIT)
        if limit < 1:
            raise OptionError("limit is a number from 1")
        return min(limit, _MOST)


class Latest:
    """Which of the latest rows are wanted."""

    def __init__(self, function: bytes, most: int, before: int) -> None:
        self.function = function
        """Those about this function; empty for all."""
        self.most = most
        """How many."""
        self.before = before
        """The number of the last row that was listed; 0 for none."""


def read_latest(words: list[bytes]) -> Latest:
    """Read ``[function=F] [limit=N] [after=T]``.

    Raises:
        OptionError: as ``read_arguments`` does.
    """
    arguments = read_arguments(words, (b"function", b"limit", b"after"))
    before = arguments.number(b"after", 0)
    return Latest(arguments.get(b"function"), arguments.limit(), before)


def read_arguments(words: list[bytes], names: tuple[bytes, ...]) -> Arguments:
    """Read ``name=value`` words.

    Raises:
        OptionError: a word is none, its name is not one of these or is given twice, or
            it has no value.
    """
    values: dict[bytes, bytes] = {}
    for word in words:
        name, equals, value = word.partition(b"=")
        shown = name.decode("utf-8", "replace")
        if not equals or name not in names:
            allowed = ", ".join(each.decode() + "=" for each in names)
            raise OptionError(f"{shown!r} is none of {allowed}")
        if name in values:
            raise OptionError(f"{shown!r} is given twice")
        if not value:
            raise OptionError(f"{shown} is empty: name one, or leave it out")
        values[name] = unquote_to_bytes(value)
    return Arguments(values)


def invalid(reason: str) -> bytes:
    """Return the error of a command that was given wrong arguments."""
    return error(b"INVALID_ARGUMENTS", reason)
