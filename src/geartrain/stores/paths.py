"""The names of files as they are shown."""

from __future__ import annotations

__all__ = ["shown"]


def shown(path: str) -> str:
    r"""Return a path as text on one line, whatever bytes are in it.

    What cannot be shown is escaped as in Python:

    >>> shown("/srv/caf\udce9\n.db")
    '/srv/caf\\xe9\\n.db'
    """
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
