"""Keys of entries, as long as they may be, in an index that takes 2,704 bytes at most.

A longer key is kept as its digest, and whole in front of the value. So it is told from
no other, and found again.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import Final

from geartrain.engine.records import Entry

__all__ = ["pack_entry", "pack_key", "unpack_entry"]

_LONGEST: Final = 1024
# No key of ours begins so; one that does is packed, however short it is.
_MARK: Final = b"\0long\0"
_LENGTH: Final = Struct("<I")


def _is_packed(key: bytes) -> bool:
    return len(key) > _LONGEST or key.startswith(_MARK)


def pack_key(key: bytes) -> bytes:
    """Return what a key is kept as.

    >>> pack_key(b"mail")
    b'mail'
    """
    return _MARK + blake2b(key).digest() if _is_packed(key) else key


def pack_entry(key: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return what the key and the value of an entry are kept as."""
    if _is_packed(key):
        value = _LENGTH.pack(len(key)) + key + value
    return pack_key(key), value


def unpack_entry(kind: bytes, key: bytes, value: bytes) -> Entry:
    """Return an entry as it was before it was packed."""
    if key.startswith(_MARK) and len(value) >= _LENGTH.size:
        end = _LENGTH.size + _LENGTH.unpack_from(value)[0]
        key, value = value[_LENGTH.size : end], value[end:]
    return Entry(kind, key, value)
