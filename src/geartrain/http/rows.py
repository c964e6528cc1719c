r"""Rows of text commands as JSON for everybody.

The rows of the job server pass through as they are: nothing is parsed for a list of ten
thousand. Bytes that are not UTF-8 are lone surrogates in them (``\udcff``), which many
languages refuse to read. A row with such a text has U+FFFD in its place, and the whole
name in percent-encoding beside it: ``"function": "caf\ufffd",
"function_encoded": "caf%E9"``, as it is written in a path.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import quote_from_bytes

__all__ = ["AFTER", "lines_of", "readable", "readable_row"]

AFTER: Final = b'{"after": '
"""The beginning of the last row of a slice that others may follow."""

# A byte that is not UTF-8; the second half of a pair is none.
_LONE: Final = re.compile(rb"(?<!\\ud[89ab][0-9a-f]{2})\\udc[89a-f][0-9a-f]")


def lines_of(rows: list[bytes]) -> list[bytes]:
    """Return rows as JSON that any language reads."""
    if not any(_LONE.search(row) for row in rows):
        return rows
    return [readable_row(row) for row in rows]


def readable_row(row: bytes) -> bytes:
    """Return one row as JSON that any language reads."""
    if not _LONE.search(row):
        return row
    return json.dumps(readable(json.loads(row))).encode()


def readable(values: dict[str, Any]) -> dict[str, Any]:
    """Return values whose texts have no lone surrogates, their encoding beside."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found[name] = _shown(value)
        if found[name] != value and not _is_nested(value):
            found[f"{name}_encoded"] = _encoded(value)
    return found


def _is_nested(value: Any) -> bool:
    """Tell whether a value has objects in it, which have their encoding themselves."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, dict) for each in values)


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if isinstance(value, dict):
        return readable(value)
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_encoded(each) for each in value]
    if not isinstance(value, str):
        return value
    return quote_from_bytes(value.encode("utf-8", "surrogateescape"), safe="")
