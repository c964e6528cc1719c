"""Searches: what is typed into the field of the jobs' page, read.

``function:mail.* state:dead error:"no such file" age:>10m`` are qualifiers, all of
which have to hold; a word alone is a handle or a unique.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from geartrain.admin.connection import word
from geartrain.errors import OptionError

__all__ = ["QUALIFIERS", "STATES", "Search", "quoted_value", "read_search"]

STATES: Final[Mapping[str, str]] = {
    "running": "running",
    "waiting": "ready",
    "delayed": "scheduled",
    "dead": "dead",
    "ended": "ended",
    "succeeded": "succeeded",
    "failed": "failed",
    "expired": "expired",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
    "dropped": "dropped",
    "all": "all",
}
"""What ``state:`` takes, and what the job server calls it."""

QUALIFIERS: Final[Mapping[str, str]] = {
    "function": "a name, or a glob such as mail.*",
    "state": ", ".join(STATES),
    "unique": "the job's unique",
    "key": "the flow key that it shares a rate and places by, if it has not ended",
    "batch": "the batch that it was submitted in, if it has not ended",
    "owner": "the principal or address whose limits count it",
    "handle": "the job's handle",
    "error": 'a part of its last error, as in error:"timed out"',
    "age": "since it was submitted: >10m, <2h, with s, m, h, d or w",
}
"""The qualifiers, and what each takes."""

# States of which jobs can be cancelled, moved or run now.
_STEERED: Final = frozenset({"", "running", "waiting", "delayed"})

_TOKEN: Final = re.compile(r'(?:([A-Za-z]+):)?("(?:[^"\\]|\\.)*"?|\S+)')
_AGE: Final = re.compile(r"([<>]?)(\d+(?:\.\d+)?)\s*([smhdw]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for.

    Attributes:
        text: what was typed.
        name: the handle or unique of one job; empty if others are looked for.
        state: where they are, as ``STATES`` has it; empty for what has not ended.
        filters: the conditions, by what text commands call them.
    """

    text: str = ""
    name: str = ""
    state: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return the conditions as arguments of a text command."""
        return "".join(f" {name}={word(self.filters[name])}" for name in self.filters)

    @property
    def is_steered(self) -> bool:
        """Tell whether what is found can be cancelled, moved, or run now."""
        return not self.name and self.state in _STEERED and bool(self.filters)

    @property
    def is_dead(self) -> bool:
        """Tell whether dead letters are looked for."""
        return not self.name and self.state == "dead"

    @property
    def letters(self) -> Mapping[str, str]:
        """Return the conditions as those of dead letters, which have no state."""
        return {name: self.filters[name] for name in self.filters if name != "state"}


def read_search(text: str) -> Search:
    """Return what a text looks for.

    Raises:
        OptionError: a qualifier or its value is unknown.
    """
    filters: dict[str, str] = {}
    names: list[str] = []
    state = ""
    for match in _TOKEN.finditer(text):
        qualifier, value = (match[1] or "").lower(), _plain(match[2])
        if qualifier not in QUALIFIERS or match[2] == "":
            # A handle has colons of its own: H:host:1.
            names.append(_plain(match[0]) if match[1] else value)
            continue
        if qualifier in filters:
            raise OptionError(f"{qualifier}: is given twice: one of each can hold")
        if qualifier == "handle":
            names.append(value)
        elif qualifier == "age":
            _add_age(filters, value)
        elif qualifier == "state":
            state = value.lower()
            filters["state"] = _state(state)
        else:
            filters[qualifier] = value
    if len(names) > 1:
        raise OptionError(
            f"{names[1]!r}: one handle or unique is looked for at a time; qualifiers"
            f" are {', '.join(f'{each}:' for each in QUALIFIERS)}"
        )
    name = names[0] if names else ""
    if name and filters:
        raise OptionError("a handle or unique is looked for alone, without qualifiers")
    return Search(text=text, name=name, state=state, filters=filters)


def _plain(value: str) -> str:
    """Return what is in quotes, if it is."""
    if not value.startswith('"'):
        return value
    whole = value[1:-1] if len(value) > 1 and value.endswith('"') else value[1:]
    return re.sub(r"\\(.)", r"\1", whole)


def quoted_value(value: str) -> str:
    r"""Return a value as a search has it.

    >>> quoted_value("mail.send"), quoted_value('timed "out"')
    ('mail.send', '"timed \\"out\\""')
    """
    if value and not re.search(r'[\s"\\]', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _state(value: str) -> str:
    found = STATES.get(value)
    if found is None:
        raise OptionError(f"state:{value} is none: it is {QUALIFIERS['state']}")
    return found


def _add_age(filters: dict[str, str], value: str) -> None:
    match = _AGE.fullmatch(value.replace("min", "m"))
    if match is None:
        raise OptionError(f"age:{value} is no age: write age:>10m or age:<2h")
    name = "newer" if match[1] == "<" else "older"
    if name in filters:
        raise OptionError("age: is given twice: once with > and once with < can hold")
    filters[name] = f"{float(match[2]) * _UNITS[match[3]]:g}"
