r"""Columns: names and ids as lists of the text protocol show them.

A list is lines of columns that end with a line of one dot. Bytes of a name that would
make it something else are percent-encoded, as arguments of text commands are:
control characters, and a name that is a dot alone. All other bytes, a percent sign
included, are sent as they are.

PROTOCOL.md, "Names in lists", is about this; gearmand sends all bytes.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["client_id", "column", "line"]

_CONTROLS: Final = re.compile(rb"[\x00-\x1f\x7f]")
_IN_CLIENT_ID: Final = re.compile(rb"[\x00-\x1f\x7f]|^:| (?=:)")


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found.group()[0]


def column(name: bytes) -> bytes:
    """Return a name as a column shows it: as a C string, up to a NUL."""
    name = name.partition(b"\0")[0]
    if name == b".":
        return b"%2E"
    return _CONTROLS.sub(_escaped, name)


def client_id(name: bytes) -> bytes:
    """Return a worker's id as ``workers`` shows it.

    Its spaces stay, but for one before a colon: `` :`` is where its functions begin.
    """
    return _IN_CLIENT_ID.sub(_escaped, name)


def line(name: bytes) -> bytes:
    """Return a line that shows this name alone, its end included."""
    return column(name) + b"\n"
