"""Keys of the form function-unique, as Redis and memcached hold them."""

from __future__ import annotations

import re
from collections.abc import Collection

from geartrain.importing.records import Unreadable

__all__ = ["split_key"]

# What libgearman makes where the caller gives no unique.
_UUID = re.compile(
    rb"(.*)-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.DOTALL
)


def split_key(
    key: bytes, functions: Collection[bytes], origin: str
) -> tuple[bytes, bytes] | Unreadable:
    """Part a key, its prefix removed, into function and unique.

    Both may hold dashes. It is never guessed which of them does: a key is read by the
    functions given, else by its only dash or a UUID at its end.
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
        return Unreadable(origin=origin, reason="no dash parts function and unique")
    if named:
        return Unreadable(
            origin=origin, reason="it begins with several of the functions given"
        )
    return Unreadable(
        origin=origin,
        reason="its dashes leave open where the function ends: name it with --function",
    )
