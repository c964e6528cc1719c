"""Links: the job servers that this one works for, as the engine tells of them.

The engine has none: the driver does, and keeps this up to date.
"""

from __future__ import annotations

from typing import Final

__all__ = ["AWAY", "CONNECTED", "CONNECTING", "ITSELF", "LinkReport"]

# Seconds for which a refusal is known: what was refused is tried each minute.
_KNOWN: Final = 75.0
_MOST_REFUSALS: Final = 20

CONNECTING: Final = "connecting"
"""It has not been reached yet."""

CONNECTED: Final = "connected"
"""It gives jobs if it has some."""

AWAY: Final = "away"
"""It cannot be reached, or does not answer; it is tried again."""

ITSELF: Final = "itself"
"""What answers at the address is this job server."""


class LinkReport:
    """A job server that this one works for, and how that goes."""

    def __init__(self, address: str, identity: bytes = b"", name: bytes = b"") -> None:
        self.address = address
        """Its address, as it was configured or found."""
        self.identity = identity
        """What tells its process apart; empty where it does not say."""
        self.name = name
        """What it is called; empty where it does not say."""
        self.is_found = bool(identity)
        """It was found by the store that both share, and not configured."""
        self.state = CONNECTING
        """One of the words above."""
        self.since = 0.0
        """Since when, in seconds since 1970; 0 if never."""
        self.error = ""
        """What last went wrong; empty for nothing."""
        self.refusals: dict[str, float] = {}
        """Why it refuses what it is offered, and when it last said so."""
        self.offered: dict[bytes, None] = {}
        """The functions that it is told this job server's workers can do."""
        self.running = 0
        """How many of its jobs are here."""
        self.taken = 0
        """How many jobs it has given to this job server."""
        self.returned = 0
        """How many of these were given back, as no worker began them in time."""

    def refuse(self, text: str, now: float) -> None:
        """Note that it refuses what it is offered."""
        self.error = text
        if text in self.refusals or len(self.refusals) < _MOST_REFUSALS:
            self.refusals[text] = now

    def forget_refusals(self, now: float) -> None:
        """Forget what it has not said again."""
        for text, when in list(self.refusals.items()):
            if now - when > _KNOWN:
                del self.refusals[text]
