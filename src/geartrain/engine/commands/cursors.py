"""Cursors: where the list of each of several job servers is to be gone on with.

One is the ``after`` of a list over all of them. It names those that have more, each by
its identity, with their own ``after``; of one that has only begun that is empty.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from geartrain.errors import OptionError

__all__ = ["cursor_text", "read_cursor", "with_argument"]

_MARK: Final = b"nodes:"


def cursor_text(places: dict[bytes, bytes]) -> str:
    """Return a cursor of the places by identities."""
    parts = [
        f"{quote_from_bytes(identity)}={quote_from_bytes(place)}"
        for identity, place in places.items()
    ]
    return _MARK.decode() + "&".join(parts)


def read_cursor(after: bytes) -> dict[bytes, bytes] | None:
    """Read what ``cursor_text`` wrote; None for the beginning of a list.

    Raises:
        OptionError: it is no such cursor.
    """
    if not after:
        return None
    places: dict[bytes, bytes] = {}
    for part in after.removeprefix(_MARK).split(b"&"):
        identity, equals, place = part.partition(b"=")
        if not (equals and after.startswith(_MARK)):
            raise OptionError("after is not from a list of all job servers")
        places[unquote_to_bytes(identity)] = unquote_to_bytes(place)
    return places


def with_argument(words: list[bytes], name: bytes, value: bytes) -> list[bytes]:
    """Return the words of a command with this value of an argument, or without it."""
    kept = [word for word in words if not word.startswith(name + b"=")]
    if value:
        kept.append(name + b"=" + quote_from_bytes(value).encode())
    return kept
