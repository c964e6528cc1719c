"""How the store is: what the text command ``store`` answers."""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.commits import Commits

__all__ = ["FAILING", "OK", "REFUSING", "Health"]

OK: Final = "ok"
"""Everything is saved."""

REFUSING: Final = "refusing"
"""New background jobs are refused; what becomes of the others is saved."""

FAILING: Final = "failing"
"""Nothing is saved: what has ended runs again after a restart."""


class Health:
    """How a store is, as the driver sees it."""

    def __init__(self) -> None:
        self.state = OK
        """``OK``, ``REFUSING`` or ``FAILING``."""
        self.reason = ""
        """Why it is not ``OK``; empty if it is."""
        self.since = 0.0
        """When that began, in seconds since 1970; 0 for the start."""
        self.is_slow = False
        """It has not answered for long."""
        self.location = "memory:"
        """The store's name."""
        self.commits = Commits()
        """How long its commits took, and how large they were."""
        self.size: int | None = None
        """The bytes of its file and its log; None if it has none."""
        self.free: int | None = None
        """The bytes that these can still grow by; None if that is not known."""
        self.wants_backup = False
        """An operator asked for a backup, which has not begun."""
        self.backup = ""
        """The file of the last backup, or of the one under way; empty for none."""
        self.backup_state = ""
        """Of that: ``running``, ``done`` or ``failed``."""
        self.backup_reason = ""
        """Why it failed; empty if it did not."""

    def tell_backup(self, state: str, file: str, reason: str) -> None:
        """Note how a backup is."""
        self.backup = file
        self.backup_reason = reason
        # Last: who sees that it is over reads the others next.
        self.backup_state = state
