"""Notices: what the engine has an operator read in the log."""

from __future__ import annotations

__all__ = ["Notice"]


class Notice:
    """One line for the log. Jobs that run as expected cause none."""

    def __init__(
        self,
        level: str,
        action: str,
        text: str,
        function: bytes = b"",
        handle: bytes = b"",
        error: bytes = b"",
        who: tuple[bytes, bytes] | None = None,
    ) -> None:
        self.level = level
        """``"debug"``, ``"info"`` or ``"warning"``."""
        self.action = action
        """What happened, as one word a machine can search for."""
        self.text = text
        """What happened, for people."""
        self.function = function
        """The function it is about, if it is about one."""
        self.handle = handle
        """The job it is about, if it is about one."""
        self.error = error
        """The line of the job's error that says what went wrong."""
        self.who = who
        """Of what an operator did, the address of its connection and its client id."""

    def fields(self) -> dict[str, bytes]:
        """Return what it is about, by name."""
        found = {}
        if self.function:
            found["function"] = self.function
        if self.handle:
            found["handle"] = self.handle
        if self.error:
            found["error"] = self.error
        if self.who is not None:
            found["address"], found["client"] = self.who
        return found
