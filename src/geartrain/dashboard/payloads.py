"""Payloads: workloads, results and streamed data as people read them.

The first bytes of one are shown: as indented JSON, as text, or in hexadecimal. JSON is
indented by its tokens and never read as values, so that a number of 40 digits stays as
it is, and so that a part of a document can be shown, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from geartrain.admin.job_rows import data_of
from geartrain.dashboard.redaction import Redaction

__all__ = ["FIRST", "Payload", "hexadecimal", "indented", "payload", "payload_of"]

FIRST: Final = 8192
"""Bytes that are shown of one."""

# Bytes of one that is no text: four times as many characters are shown.
_FIRST_HEX: Final = 2048
_BYTES_A_LINE: Final = 16

# Deeper JSON is shown as it is: each level would indent every line below it.
_DEEPEST: Final = 40
# Characters and tokens of an array or object that stays on one line.
_SHORT: Final = 60
_FEW: Final = 24

_JSON: Final = re.compile(
    r'\s*(?:("(?:[^"\\\x00-\x1f]|\\.)*")|(-?\d[\d.eE+-]*|true|false|null)|([{}\[\],:]))'
)
_OPEN: Final = {"{": "}", "[": "]"}

# Control characters that texts have.
_PLAIN: Final = frozenset("\n\r\t")


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The beginning, or the end, of some bytes.

    Attributes:
        kind: ``JSON``, ``text`` or ``bytes``; empty for no bytes.
        text: what is shown.
        size: how many bytes there are.
        shown: how many of them are shown.
        problem: why nothing is shown, in a sentence; empty if it is.
        is_redacted: whether a hook has changed what is shown.
    """

    kind: str
    text: str
    size: int
    shown: int
    problem: str = ""
    is_redacted: bool = False

    @property
    def is_cut(self) -> bool:
        """Tell whether there are more bytes than are shown."""
        return self.shown < self.size


async def payload(
    text: str | None,
    encoding: str | None,
    size: int,
    function: str,
    redaction: Redaction,
) -> Payload:
    """Return what is shown of bytes that a row has as text or base64.

    ``size`` is how many there are in all; the row may have fewer.
    """
    data = b"" if text is None else data_of(text, encoding or "utf-8")
    return await payload_of(data, size, function, redaction)


async def payload_of(
    data: bytes, size: int, function: str, redaction: Redaction
) -> Payload:
    """Return what is shown of bytes, of which there are ``size`` in all."""
    if redaction.is_on:
        return await _redacted(data, size, function, redaction)
    return _shown(data, size)


async def _redacted(
    data: bytes, size: int, function: str, redaction: Redaction
) -> Payload:
    seen = await redaction.shown(function, data) if data else b""
    if seen is None:
        return Payload(kind="", text="", size=size, shown=0, problem=redaction.failure)
    found = _shown(seen, len(seen))
    return Payload(
        kind=found.kind,
        text=found.text,
        size=size,
        shown=size if seen == data and len(data) == size else found.shown,
        is_redacted=seen != data or len(data) < size,
    )


def _shown(data: bytes, size: int) -> Payload:
    if not data:
        return Payload(kind="", text="", size=size, shown=0)
    text = _text(data[:FIRST], len(data) > FIRST or size > len(data))
    if text is None:
        part = data[:_FIRST_HEX]
        return Payload(kind="bytes", text=hexadecimal(part), size=size, shown=len(part))
    shown = len(text.encode())
    pretty = indented(text, is_whole=shown == size)
    if pretty is None:
        return Payload(kind="text", text=text, size=size, shown=shown)
    return Payload(kind="JSON", text=pretty, size=size, shown=shown)


def _text(data: bytes, is_cut: bool) -> str | None:
    """Return bytes as text; None if they are none."""
    for end in range(len(data), max(len(data) - (3 if is_cut else 0), 0) - 1, -1):
        try:
            text = data[:end].decode()
        except UnicodeDecodeError:
            continue
        is_plain = all(each >= " " or each in _PLAIN for each in text)
        return text if is_plain else None
    return None


def hexadecimal(data: bytes) -> str:
    r"""Return bytes in lines with their place and their characters.

    >>> print(hexadecimal(b"\x00\xffGeartrain"))
    0000  00 ff 47 65 61 72 74 72 61 69 6e                 ..Geartrain
    """
    lines = []
    for place in range(0, len(data), _BYTES_A_LINE):
        part = data[place : place + _BYTES_A_LINE]
        seen = "".join(chr(each) if 32 <= each < 127 else "." for each in part)
        lines.append(f"{place:04x}  {part.hex(' '):<{3 * _BYTES_A_LINE}} {seen}")
    return "\n".join(lines)


def indented(text: str, *, is_whole: bool) -> str | None:
    """Return JSON with a line for each member; None for what is no object or array.

    Of a part of a document, the beginning is enough.

    >>> print(indented('{"id": 12345678901234567890, "of": [1, 2.10]}', is_whole=True))
    {
      "id": 12345678901234567890,
      "of": [1, 2.10]
    }
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    if is_whole and not _is_json(text):
        return None
    tokens = list(_tokens(text))
    if not is_whole and not tokens:
        return None
    return _laid_out(tokens)


def _is_json(text: str) -> bool:
    try:
        # Numbers are not made: one of 8,000 digits would be refused, or rounded.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _tokens(text: str) -> Iterator[str]:
    """Give the tokens of JSON, and as the last what is cut or is none."""
    place = 0
    while match := _JSON.match(text, place):
        yield match[match.lastindex or 0]
        place = match.end()
    rest = text[place:].strip()
    if rest:
        yield rest


def _laid_out(tokens: list[str]) -> str | None:
    parts: list[str] = []
    depth, place = 0, 0
    while place < len(tokens):
        token = tokens[place]
        line = "\n" + "  " * depth
        if token in _OPEN:
            end = _short_end(tokens, place)
            if end:
                parts.append(_inline(tokens[place : end + 1]))
                place = end + 1
                continue
            depth += 1
            if depth > _DEEPEST:
                return None
            parts.append(token + line + "  ")
        elif token in ("}", "]"):
            depth = max(depth - 1, 0)
            parts.append("\n" + "  " * depth + token)
        elif token == ",":
            parts.append(token + line)
        else:
            parts.append(": " if token == ":" else token)
        place += 1
    return "".join(parts)


def _short_end(tokens: list[str], start: int) -> int:
    """Return where an array or object ends that is short and has no other; else 0."""
    length = 0
    for place in range(start + 1, min(start + _FEW, len(tokens))):
        token = tokens[place]
        if token == _OPEN[tokens[start]]:
            return place if tokens[start] == "[" or place == start + 1 else 0
        length += len(token) + 1
        if token in _OPEN or length > _SHORT:
            return 0
    return 0


def _inline(tokens: list[str]) -> str:
    return "".join(", " if token == "," else token for token in tokens)
