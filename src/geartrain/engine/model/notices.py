"""Notices: what the engine has an operator read in the log."""

from __future__ import annotations

__all__ = ["Notice"]


class Notice:
    """One line for the log. Jobs that run as expected cause none."""

    def __init__(self, level: str, action: str, text: str) -> None:
        self.level = level
        """``"debug"``, ``"info"`` or ``"warning"``."""
        self.action = action
        """What happened, as one word a machine can search for."""
        self.text = text
        """What happened, for people."""
