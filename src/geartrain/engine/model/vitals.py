"""How the job server's process is: what the text command ``server`` answers."""

from __future__ import annotations

__all__ = ["Vitals"]


class Vitals:
    """A process, as the driver last saw it."""

    def __init__(self) -> None:
        self.build = "pure"
        """``compiled`` or ``pure``: which build of the core runs."""
        self.is_stopping = False
        """It takes no new connections, and ends."""
        self.started = 0.0
        """When it began to serve, in seconds since 1970."""
        self.lag = 0.0
        """How many seconds too late the event loop was, at most, in the last minute."""
        self.cpu = 0.0
        """The seconds of processor time that it took, the system's included."""
        self.resident: int | None = None
        """The bytes of memory that it has; None if that is not known."""
        self.descriptors: int | None = None
        """How many descriptors it has open; None if that is not known."""
        self.most_descriptors: int | None = None
        """How many it may have open; None if that is not known, or without limit."""
