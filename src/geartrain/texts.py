"""Show names and texts that came from elsewhere: escaped, cut, on one line.

A peer chooses the names of functions, its client id, uniques, and what an exception
says. Shown as they are, they could forge a line of the log, steer the terminal that it
is read on, or fill a disk.
"""

from __future__ import annotations

# typing is slow to import, and scripts run `gearadmin` for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["cut", "quoted", "shown", "visible"]

NAME_SHOWN: Final = 200
"""Characters of a name that are shown: real ones are shorter."""


def visible(text: str) -> str:
    r"""Return text on one line without control characters: these are escaped.

    So are characters that change the direction of writing, line separators, and bytes
    that were not UTF-8 (lone surrogates, as ``os.fsdecode`` makes them).

    >>> visible("a\nb\u202e\udcff")
    'a\\nb\\u202e\\xff'
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def cut(text: str, most: int) -> str:
    """Return text, or of a long one the first ``most`` characters and how many follow.

    >>> cut("abcdef", 4)
    'abcd… (2 more)'
    """
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text) - most} more)"


def quoted(name: bytes | str, most: int = NAME_SHOWN) -> str:
    r"""Return a name in quotes, visible and cut, for a line of the log or an error.

    >>> quoted(b"resize")
    "'resize'"
    >>> quoted(b"it's\n\xff")
    "'it\\'s\\n\\xff'"
    """
    text, rest = _parted(name, most)
    text = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{visible(text)}'" + (f"… ({rest} more)" if rest else "")


def shown(name: bytes | str, most: int = NAME_SHOWN) -> str:
    r"""Return a handle or an address, visible and cut, without quotes.

    >>> shown(b"H:host:1\n")
    'H:host:1\\n'
    """
    text, rest = _parted(name, most)
    return visible(text) + (f"… ({rest} more)" if rest else "")


def _parted(name: bytes | str, most: int) -> tuple[str, int]:
    """Return the first characters, and how many more there are, or bytes."""
    rest = 0
    if isinstance(name, bytes):
        # A character has at most four bytes: the rest need not be decoded to be cut.
        rest = max(0, len(name) - 4 * most)
        name = name[: 4 * most].decode("utf-8", "surrogateescape")
    return name[:most], rest + max(0, len(name) - most)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()
