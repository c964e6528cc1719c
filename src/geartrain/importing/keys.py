"""Split the keys ``function-unique`` of gearmand's Redis and memcached queues."""

from __future__ import annotations

import re
from collections.abc import Collection

from geartrain.importing.records import Unreadable

__all__ = ["split_key"]

# The unique that libgearman makes if the caller gives none.
_UUID = re.compile(
    rb"(.*)-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.DOTALL
)


def split_key(
    key: bytes, functions: Collection[bytes], origin: str
) -> tuple[bytes, bytes] | Unreadable:
    """Split a key without its prefix into function and unique.

    Both may contain dashes, and nothing is guessed: a key is split after one of the
    functions given, or else at its only dash, or before a UUID at its end.
    """
    named = [name for name in functions if key.startswith(name + b"-")]
    if len(named) == 1:
        return named[0], key[len(named[0]) + 1 :]
    match = _UUID.fullmatch(key)
    if match is not None and not named:
        return match[1], match[2]
    if key.count(b"-") == 1:
        function, _, unique = key.partition(b"-")
        return function, unique
    if not key.count(b"-"):
        return Unreadable(
            origin=origin, reason="it has no dash between function and unique"
        )
    if named:
        return Unreadable(
            origin=origin, reason="it begins with several of the functions given"
        )
    return Unreadable(
        origin=origin,
        reason="it has several dashes, and the function may end at any of them: name it"
        " with --function",
    )
