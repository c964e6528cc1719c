"""The configuration file, ``geartrain.toml``."""

from __future__ import annotations

import difflib
import json
import tomllib
from dataclasses import dataclass
from typing import Any

from geartrain.engine.model.settings import Value, check_setting
from geartrain.errors import OptionError

__all__ = ["Config", "PolicyEntry", "read_config"]

PolicyEntry = tuple[bytes, dict[str, Value]]

# No file written by people is larger, and a device never ends.
_MAX_BYTES = 16 * 1024 * 1024
_TABLES = ("functions",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a configuration file says.

    Attributes:
        policies: patterns and their settings, from ``[functions."name or glob"]``.
    """

    policies: tuple[PolicyEntry, ...] = ()


def read_config(path: str) -> Config:
    """Read a configuration file.

    Raises:
        OptionError: it cannot be read, or says what means nothing; the message names
            the file and the place.
    """
    try:
        return _config(_parsed(_text(path)))
    except OSError as error:
        raise OptionError(f"{path}: cannot be read: {error.strerror}") from None
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from None


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
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise OptionError(f"not TOML: {error}") from None
    except RecursionError:
        raise OptionError("not TOML: nested too deeply") from None


def _config(tables: dict[str, Any]) -> Config:
    for name in tables:
        if name not in _TABLES:
            near = difflib.get_close_matches(name, _TABLES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"use {', '.join(_TABLES)}"
            raise OptionError(f"{name!r} is no table of this file: {hint}")
    functions = tables.get("functions", {})
    if not isinstance(functions, dict):
        raise _no_table("functions", functions)
    return Config(policies=tuple(_policy(*each) for each in functions.items()))


def _policy(pattern: str, settings: Any) -> PolicyEntry:
    """Read one table of ``[functions]``."""
    table = _quoted(pattern)
    if not pattern:
        raise OptionError(f"[{table}]: write the name of a function, or a glob")
    if not isinstance(settings, dict):
        raise _no_table(table, settings)
    for name, value in settings.items():
        if isinstance(value, dict):
            whole = _quoted(f"{pattern}.{name}")
            raise OptionError(f"[functions.{pattern}.{name}]: write [{whole}]")
    try:
        return pattern.encode(), {
            name: check_setting(name, value) for name, value in settings.items()
        }
    except OptionError as error:
        raise OptionError(f"[{table}]: {error}") from None


def _quoted(pattern: str) -> str:
    """Return the name of a function's table as it is to be written."""
    return f"functions.{json.dumps(pattern, ensure_ascii=False)}"


def _no_table(name: str, value: object) -> OptionError:
    return OptionError(f"{name} cannot be {value!r}: it is a table of settings")
