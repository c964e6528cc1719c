"""Policies in the configuration file: the tables ``[functions."name or glob"]``."""

from __future__ import annotations

import json
from typing import Any

from geartrain.configuration.file import ConfigFile
from geartrain.engine.model.patterns import Patterns
from geartrain.engine.model.settings import Value, check_setting
from geartrain.errors import OptionError

__all__ = ["PolicyEntry", "policy_places", "read_policies"]

PolicyEntry = tuple[bytes, dict[str, Value]]

_TABLE = "functions"


def read_policies(file: ConfigFile) -> tuple[PolicyEntry, ...]:
    """Return patterns and their settings, in the order of the file.

    Raises:
        OptionError: one means nothing; the message names the file, line and table.
    """
    entries = file.tables.get(_TABLE, {}).items()
    patterns = Patterns()
    return tuple(_policy(file, patterns, *entry) for entry in entries)


def policy_places(file: ConfigFile) -> list[tuple[str, str]]:
    """Return each table of ``read_policies`` by its name, with its file and line."""
    patterns = file.tables.get(_TABLE, {})
    return [(_quoted(each), file.place(_TABLE, each)) for each in patterns]


def _policy(
    file: ConfigFile, patterns: Patterns, pattern: str, settings: Any
) -> PolicyEntry:
    """Read one table of ``[functions]``, which follows those of the other patterns."""
    table = _quoted(pattern)
    if not pattern:
        words = f"[{table}]: write the name of a function, or a glob"
        raise file.refusal(words, _TABLE, pattern)
    if not isinstance(settings, dict):
        words = f"{table} cannot be {settings!r}: it is a table of settings"
        raise file.refusal(words, _TABLE, pattern)
    try:
        patterns.add(pattern.encode())
    except OptionError as error:
        raise file.refusal(f"[{table}]: {error}", _TABLE, pattern) from None
    return pattern.encode(), {
        name: _setting(file, pattern, name, value) for name, value in settings.items()
    }


def _setting(file: ConfigFile, pattern: str, name: str, value: Any) -> Value:
    keys = (_TABLE, pattern, name)
    if isinstance(value, dict):
        whole = _quoted(f"{pattern}.{name}")
        raise file.refusal(f"[{'.'.join(keys)}]: write [{whole}]", *keys)
    try:
        return check_setting(name, value)
    except OptionError as error:
        raise file.refusal(f"[{_quoted(pattern)}]: {error}", *keys) from None


def _quoted(pattern: str) -> str:
    """Return the name of a function's table as the file has to spell it."""
    return f"{_TABLE}.{json.dumps(pattern, ensure_ascii=False)}"
