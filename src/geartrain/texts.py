"""Show names and texts that came from elsewhere: escaped, cut, on one line.

A peer chooses the names of functions, its client id, uniques, and what an exception
says. Shown as they are, they could forge a line of the log, steer the terminal that it
is read on, or fill a disk.
"""

from __future__ import annotations

# typing is slow to import, and scripts run `gearadmin` for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Final

__all__ = [
    "counted",
    "cut",
    "error_line",
    "nearest",
    "quoted",
    "shown",
    "shown_worker",
    "span_of",
    "visible",
]

NAME_SHOWN: Final = 200
"""Characters of a name that are shown: real ones are shorter."""

_ENDS_READ: Final = 4096
"""Bytes of a long error that are read, at its beginning and at its end."""


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


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "job"), counted(1200, "job")
    ('1 job', '1200 jobs')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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


def shown_worker(worker: bytes | str) -> str:
    """Return a worker's client id and address, without the ``-`` of one with no id.

    >>> shown_worker(b"- 10.0.0.7"), shown_worker("resizer-2 10.0.0.7")
    ('10.0.0.7', 'resizer-2 10.0.0.7')
    """
    nameless = "- " if isinstance(worker, str) else b"- "
    return shown(worker.removeprefix(nameless))  # type: ignore[arg-type]


def error_line(error: bytes | str) -> str:
    r"""Return the line of an error that says what went wrong.

    That is the first line, but of a Python traceback, which ends with it, the first
    after the frames.

    >>> error_line("no such picture\nStack trace:\n#0 resize.php(7)")
    'no such picture'
    >>> error_line(b"Traceback (most recent call last):\n  File …\nOSError: no route\n")
    'OSError: no route'
    """
    if isinstance(error, bytes):
        if len(error) > 2 * _ENDS_READ:
            error = error[:_ENDS_READ] + b"\n" + error[-_ENDS_READ:]
        error = error.decode("utf-8", "surrogateescape")
    lines = [each.rstrip() for each in error.strip().split("\n") if each.strip()]
    if not lines:
        return ""
    headers = [i for i, each in enumerate(lines) if "Traceback" in each]
    if not headers or headers[0] > 0:
        return lines[0]
    below = lines[headers[-1] + 1 :]
    return next((each for each in below if not each[0].isspace()), lines[-1].strip())


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


def span_of(seconds: float) -> str:
    """Return a length of time for people."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"


def nearest(name: str, known: Collection[str], otherwise: str = "") -> str:
    """Return a hint at the nearest of the known names, or else at all of them.

    >>> nearest("max_memry", ["listen", "max_memory"])
    "did you mean 'max_memory'?"

    ``otherwise`` says what else to do where no name is near.
    """
    # Imported here: it takes a millisecond, and mistakes are rare.
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return otherwise or f"use {', '.join(known)}"
