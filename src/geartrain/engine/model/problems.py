"""Problems: what is wrong now, of the whole job server or of one function."""

from __future__ import annotations

__all__ = ["Problem"]


class Problem:
    """One thing that is wrong, for as long as it is."""

    def __init__(
        self, name: str, function: bytes, text: str, value: float, remedy: str
    ) -> None:
        self.name = name
        """Which condition it is, as one word."""
        self.function = function
        """Whose it is; empty for the whole job server."""
        self.text = text
        """What is wrong, in a sentence."""
        self.value = value
        """The number that it is about: of jobs, seconds or bytes."""
        self.remedy = remedy
        """What mends it."""
        self.since = 0.0
        """When it was first seen, a server time."""
