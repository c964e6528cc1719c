"""Globs: patterns that name functions, and what one of them covers."""

from __future__ import annotations

import fnmatch
import re
from typing import Final

__all__ = ["LONGEST", "covers", "is_pattern", "matcher", "matches", "translated"]

LONGEST: Final = 1_024
"""Bytes of a pattern, and of a name that globs are matched against."""


# In place of a bracket that nothing closes: a character that no byte is.
_BRACKET: Final = "\ue000"


def is_pattern(name: bytes) -> bool:
    """Tell whether a name is a glob: it has one of ``*``, ``?`` and ``[``."""
    return any(mark in name for mark in (b"*", b"?", b"["))


def matches(pattern: bytes, name: bytes) -> bool:
    """Tell whether a name or glob names a function."""
    if not is_pattern(pattern):
        return pattern == name
    return matcher(pattern).match(name) is not None


def matcher(pattern: bytes) -> re.Pattern[bytes]:
    """Compile a glob; ``fnmatch`` itself forgets all but the latest few hundred."""
    return re.compile(translated(pattern))


def translated(pattern: bytes) -> bytes:
    """Return a glob as a regular expression.

    ``fnmatch`` looks for the end of each set up to the end of the glob: 7,900 brackets
    that nothing closes took 3 seconds. So it is not shown them.
    """
    text = pattern.decode("latin-1")
    end = text.rfind("]") + 1
    seen = text[:end] + text[end:].replace("[", _BRACKET)
    return fnmatch.translate(seen).replace(_BRACKET, r"\[").encode("latin-1")


def covers(wide: bytes, pattern: bytes) -> bool:
    """Tell whether a glob names all that another glob, or a name, does.

    It is careful: where only a look at the structure of both could tell, as with
    ``*.a`` and ``b*.a``, the answer is no.
    """
    if not is_pattern(pattern):
        return matches(wide, pattern)
    start = wide[:-1]
    if wide.endswith(b"*") and not is_pattern(start):
        return pattern.startswith(start)
    return wide == pattern
