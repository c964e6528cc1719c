"""Notices: what the engine has an operator read in the log."""

from __future__ import annotations

__all__ = ["Notice"]


class Notice:
    """One line for the log; there is none for a job that goes its way.

    Attributes:
        level: ``"debug"``, ``"info"`` or ``"warning"``.
        action: what happened, as one word a machine can search for.
        text: what happened, for people.
    """

    __slots__ = ("action", "level", "text")

    def __init__(self, level: str, action: str, text: str) -> None:
        self.level = level
        self.action = action
        self.text = text
