"""Limits of what one address may use, and how much it uses."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["NO_LIMITS", "Limits", "Usage"]


class Limits(NamedTuple):
    """What each address may use; 0 is no limit.

    Attributes:
        connections: how many it may have at once.
        submissions: how many jobs it may submit a second, and at once after a rest.
    """

    connections: int = 0
    submissions: int = 0


NO_LIMITS: Final = Limits()
"""Everybody may use what there is."""


class Usage:
    """What one address, or one site of IPv6, uses."""

    def __init__(self, owner: bytes, allowance: float, now: float) -> None:
        self.owner = owner
        """The address, or the range of a site."""
        self.connections = 0
        """How many connections it has."""
        self.peers = 0
        """How many peers it has: these, and the requests of HTTP under way."""
        self.allowance = allowance
        """How many jobs it may submit now."""
        self.counted_at = now
        """When that was so."""
