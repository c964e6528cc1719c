"""How the store is: what the text command ``store`` answers."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILING", "OK", "REFUSING", "Health"]

OK: Final = "ok"
"""Everything is saved."""

REFUSING: Final = "refusing"
"""New background jobs are refused; what becomes of the others is saved."""

FAILING: Final = "failing"
"""Nothing is saved: what has ended runs again after a restart."""


class Health:
    """How a store is, as the driver sees it.

    Attributes:
        state: ``OK``, ``REFUSING`` or ``FAILING``.
        reason: why it is not ``OK``; empty if it is.
        since: when that began, in seconds since 1970; 0 for the start.
        location: the store's name.
        size: the bytes of its file and its log; None if it has none.
        free: the bytes that these can still grow by; None if that is not known.
    """

    __slots__ = ("free", "location", "reason", "since", "size", "state")

    def __init__(self) -> None:
        self.state = OK
        self.reason = ""
        self.since = 0.0
        self.location = "memory:"
        self.size: int | None = None
        self.free: int | None = None
