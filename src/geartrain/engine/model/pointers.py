"""JSON pointers (RFC 6901): where in a workload its flow key is."""

from __future__ import annotations

import json
from typing import Final

from geartrain.engine.model.addressees import is_addressed

__all__ = ["check_pointer", "key_at"]

# Bytes of a workload that is parsed: 64 KiB take half a millisecond.
_MOST: Final = 64 * 1024
_LONGEST_POINTER: Final = 255
# Bytes of a key.
_LONGEST_KEY: Final = 255


def check_pointer(text: str) -> bool:
    """Tell whether a text is a pointer to a part of a document."""
    if not text.startswith("/") or len(text) > _LONGEST_POINTER:
        return False
    plain = text.replace("~0", "").replace("~1", "")
    return "~" not in plain


def key_at(pointer: str, workload: bytes) -> bytes:
    """Return the text, whole number, true or false at a pointer; empty if none is.

    A workload that is no JSON, or longer than 64 KiB, has none, and no key is longer
    than 255 bytes.

    >>> key_at("/account/id", b'{"account": {"id": 7}}')
    b'7'
    """
    if len(workload) > _MOST or workload.lstrip()[:1] not in (b"{", b"["):
        return b""
    try:
        found: object = json.loads(workload)
    except (ValueError, RecursionError):
        return b""
    for step in pointer[1:].split("/"):
        found = _within(found, step.replace("~1", "/").replace("~0", "~"))
    if isinstance(found, bool):
        return b"true" if found else b"false"
    if isinstance(found, int):
        return _short(b"%d" % found)
    return (
        _short(found.encode("utf-8", "surrogatepass"))
        if isinstance(found, str)
        else b""
    )


def _within(whole: object, step: str) -> object:
    if isinstance(whole, dict):
        return whole.get(step)
    if isinstance(whole, list) and step.isascii() and step.isdecimal():
        place = int(step) if len(step) < 6 else len(whole)
        return whole[place] if place < len(whole) else None
    return None


def _short(key: bytes) -> bytes:
    is_one = len(key) <= _LONGEST_KEY and not is_addressed(key)
    return key if is_one else b""
