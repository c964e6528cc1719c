"""What a page is searched for: the conditions of ``--filter``, in one line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from geartrain.cli.filters import is_glob
from geartrain.errors import OptionError

__all__ = ["Search", "equal", "read_search"]

_EQUAL: Final = re.compile(r"([a-z0-9_/-]+)=(.+)", re.I | re.S)
# What a glob takes for more than the character that it is.
_MARKS: Final = re.compile(r"([*?[])")


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions that rows must meet, all of them.

    Attributes:
        text: as they were written.
        conditions: one by one, as ``row_filter`` reads them.
        equal: of those that say exactly what a column is, its value by its name.
    """

    text: str = ""
    conditions: tuple[str, ...] = ()
    equal: Mapping[str, str] = field(default_factory=dict)

    def is_only_by(self, names: Collection[str]) -> bool:
        """Whether it says nothing but exactly what these columns are."""
        return len(self.equal) == len(self.conditions) and set(self.equal) <= set(names)


def read_search(text: str) -> Search:
    """Read conditions with spaces between them; quotes hold a condition together.

    >>> read_search("state=ready 'age>10m'").equal
    {'state': 'ready'}

    Raises:
        OptionError: a quote is not closed.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    try:
        conditions = tuple(lexer)
    except ValueError:
        raise OptionError("a quote is not closed: close it, or leave it out") from None
    exact = {}
    for condition in conditions:
        found = _EQUAL.fullmatch(condition)
        if found is not None and not is_glob(found[2]):
            exact[found[1].lower()] = found[2]
    return Search(text.strip(), conditions, exact)


def equal(column: str, value: str) -> str:
    """Return the condition that a column is exactly this, as part of a line.

    >>> equal("error", "is it [x]?")
    "'error=is it [[]x][?]'"
    """
    pattern = _MARKS.sub(r"[\1]", value)
    return shlex.quote(f"{column}={pattern}")
