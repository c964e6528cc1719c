"""Hooks as the engine tells of them: what became of the latest messages to each.

The engine sends none: the driver does, and leaves word of it here.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DELIVERED", "DROPPED", "FAILED", "RETRYING", "Delivery", "HookReport"]

DELIVERED: Final = "delivered"
"""The hook took the message."""

RETRYING: Final = "retrying"
"""It did not, and the message is tried again."""

FAILED: Final = "failed"
"""It did not, and the message is given up."""

DROPPED: Final = "dropped"
"""Too many messages were waiting for it."""

# The latest messages that are remembered.
_MOST: Final = 10


class Delivery:
    """What became of a message."""

    def __init__(self, about: str, time: float, outcome: str, reason: str) -> None:
        self.about = about
        """What the message told, in a few words."""
        self.time = time
        """When this came of it, in seconds since 1970."""
        self.outcome = outcome
        """One of the words above."""
        self.reason = reason
        """Why it was not taken; empty if it was."""


class HookReport:
    """A hook, and how it fares.

    It is written by a thread of the driver while the engine reads it, so everything
    that belongs together is replaced at once.
    """

    def __init__(self, name: str, events: tuple[str, ...], function: str) -> None:
        self.name = name
        """Its command or address, without what is secret."""
        self.events = events
        """What it is told of; empty for everything."""
        self.function = function
        """A glob: it is told of these functions."""
        self.latest: tuple[Delivery, ...] = ()
        """What became of the latest messages, the latest first."""

    def add(self, delivery: Delivery) -> None:
        """Note what became of a message; a try is replaced by what follows it."""
        others = self.latest
        if delivery.outcome != DROPPED:
            others = tuple([each for each in others if each.outcome != RETRYING])
        self.latest = (delivery, *others[: _MOST - 1])
