"""What a page is searched for: the conditions of ``--filter``, in one line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from geartrain.cli.filters import is_glob
from geartrain.errors import OptionError

__all__ = ["Asks", "Search", "asking_by", "equal", "read_search"]

_EQUAL: Final = re.compile(r"([a-z0-9_/-]+)=(.+)", re.I | re.S)
# What a glob takes for more than the character that it is.
_MARKS: Final = re.compile(r"([*?[])")

Asks = Callable[[str], tuple[str, Any] | None]
"""Returns the argument, and its value, by which a job server is asked for a condition;
None if it cannot be asked by that.
"""


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions that rows must meet, all of them.

    Attributes:
        text: as they were written.
        conditions: one by one, as ``row_filter`` reads them.
    """

    text: str = ""
    conditions: tuple[str, ...] = ()

    def parted(self, asks: Asks) -> tuple[dict[str, Any], list[str]]:
        """Return what the job server is asked by, and the conditions that are left."""
        given: dict[str, Any] = {}
        left = []
        for condition in self.conditions:
            argument = asks(condition)
            if argument is None or argument[0] in given:
                left.append(condition)
            else:
                given[argument[0]] = argument[1]
        return given, left


def asking_by(
    *names: str, globs: Collection[str] = (), texts: Collection[str] = ()
) -> Asks:
    """Return how a job server is asked that columns are exactly something.

    Those of ``globs`` may be a glob, too; those of ``texts`` are none, whatever
    characters they have.
    """

    def asks(condition: str) -> tuple[str, Any] | None:
        found = _EQUAL.fullmatch(condition)
        if found is None:
            return None
        name, value = found[1].lower(), found[2]
        is_asked = name in globs or name in texts
        is_asked = is_asked or (name in names and not is_glob(value))
        return (name, value) if is_asked else None

    return asks


def read_search(text: str) -> Search:
    """Read conditions with spaces between them; quotes hold a condition together.

    >>> read_search("state=ready 'error=no route'").conditions
    ('state=ready', 'error=no route')

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
    return Search(text.strip(), conditions)


def equal(column: str, value: str) -> str:
    """Return the condition that a column is exactly this, as part of a line.

    >>> equal("error", "is it [x]?")
    "'error=is it [[]x][?]'"
    """
    pattern = _MARKS.sub(r"[\1]", value)
    return shlex.quote(f"{column}={pattern}")
