"""The configuration file, ``geartrain.toml``."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from geartrain.configuration.option import Given, Option
from geartrain.errors import OptionError
from geartrain.texts import nearest

__all__ = ["TABLES", "ConfigFile", "read_file", "read_options"]

TABLES = ("server", "worker", "functions", "schedules", "access", "hooks", "submit")
# Those that are written with two brackets, as often as wanted.
_LISTS = frozenset({"hooks"})

# No file written by people is larger, and a device never ends.
_MAX_BYTES = 16 * 1024 * 1024
# Maximum characters of a file in which lines are searched: each try parses it again.
_MAX_SEARCHED = 1024 * 1024
# Maximum number of lines that a value may take for its key to be found.
_MAX_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """A configuration file that is TOML, with no other tables than ``TABLES``.

    Attributes:
        path: where it is.
        text: what is in it.
        tables: the same, as tables.
    """

    path: str
    text: str
    tables: Mapping[str, dict[str, Any]]

    def place(self, *keys: str | int) -> str:
        """Return the file and line where a key stands, ``geartrain.toml:3``.

        A number is that of a table in a list of them, from 0.
        """
        line = _line_of(self.text, keys)
        return f"{self.path}:{line}" if line else self.path

    def refusal(self, words: str, *keys: str | int) -> OptionError:
        """Return an error about a key, with the file and line."""
        return OptionError(f"{self.place(*keys)}: {words}")


def read_file(path: str) -> ConfigFile:
    """Read a configuration file.

    Raises:
        OptionError: it cannot be read, is not TOML or has an unknown table; the
            message names the file and the line.
    """
    try:
        text = _text(path)
        tables = _parsed(text)
    except OSError as error:
        raise OptionError(f"{path}: cannot be read: {error.strerror}") from None
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from None
    file = ConfigFile(path=path, text=text, tables=tables)
    for name, table in tables.items():
        if name not in TABLES:
            hint = nearest(name, TABLES)
            raise file.refusal(f"{name!r} is no table of this file: {hint}", name)
        if name in _LISTS and not _is_list_of_tables(table):
            raise file.refusal(f"write [[{name}]] before the settings of each", name)
        if name not in _LISTS and not isinstance(table, dict):
            words = f"{name} cannot be {table!r}: it is a table of settings"
            raise file.refusal(words, name)
    return file


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def read_options(file: ConfigFile, options: Mapping[str, Option]) -> dict[str, Given]:
    """Return the values that the tables of a program's options give.

    Raises:
        OptionError: a key or a value is wrong; the message names the file and the line.
    """
    given: dict[str, Given] = {}
    for table in dict.fromkeys(option.table for option in options.values()):
        known = {name: each for name, each in options.items() if each.table == table}
        given |= _read_table(file, table, known, options)
    return given


def _read_table(
    file: ConfigFile,
    table: str,
    options: Mapping[str, Option],
    of_all_tables: Mapping[str, Option],
) -> dict[str, Given]:
    given = {}
    for name, value in file.tables.get(table, {}).items():
        option = options.get(name)
        if option is None:
            other = of_all_tables.get(name)
            hint = f"write it in [{other.table}]" if other else nearest(name, options)
            words = f"{name!r} is no option of [{table}]: {hint}"
            raise file.refusal(words, table, name)
        try:
            taken = option.take(value)
        except OptionError as error:
            raise file.refusal(f"{name}: {error}", table, name) from None
        given[name] = Given(taken, "file", name, partial(file.place, table, name))
    return given


def _text(path: str) -> str:
    """Return a file's text."""
    with open(path, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise OptionError(f"larger than {_MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise OptionError(f"byte 0x{byte:02x} in line {line} is not UTF-8") from None


def _parsed(text: str) -> dict[str, Any]:
    """Return the tables of a file."""
    # Imported here: it takes 2 ms, and most servers have no file.
    import tomllib

    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise OptionError(f"not TOML: {error}") from None
    except RecursionError:
        raise OptionError("not TOML: nested too deeply") from None


def _line_of(text: str, keys: tuple[str | int, ...]) -> int:
    """Return the number of the line where a key stands, 0 if that is not found.

    Neither tomllib nor tomlkit tells where it read a key. So the file is read up to one
    line or another: the first after which the key is there is the one. What is there
    stays there, so halving finds it. That holds for every way to write a key, and needs
    no second parser.
    """
    if len(text) > _MAX_SEARCHED:
        return 0
    # A line that is cut before its \n must not keep the \r, which is no TOML by itself.
    lines = text.replace("\r\n", "\n").split("\n")

    def has_come(count: int) -> bool:
        return _has(_first_whole(lines, count), keys)

    line = bisect_left(range(1, len(lines) + 1), True, key=has_come) + 1
    return line if line <= len(lines) and has_come(line) else 0


def _first_whole(lines: list[str], count: int) -> dict[str, Any]:
    """Read the first lines, and as many more as their last value takes."""
    for end in range(count, min(count + _MAX_LINES, len(lines)) + 1):
        try:
            return _parsed("\n".join(lines[:end]))
        except OptionError:
            continue
    return {}


def _has(tables: Any, keys: tuple[str | int, ...]) -> bool:
    try:
        for key in keys:
            tables = tables[key]
    except (KeyError, IndexError, TypeError):
        return False
    return True
