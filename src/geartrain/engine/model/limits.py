"""Limits of what an owner may use, and how much it uses.

An owner is a principal with limits of its own, or an address.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["NO_LIMITS", "Limits", "Load", "Usage"]


class Limits(NamedTuple):
    """What an owner may use; 0 is no limit.

    Attributes:
        connections: how many it may have at once.
        submissions: how many jobs it may submit a second, and at once after a rest.
        jobs: how many of its jobs may wait or run, and how many may recur.
        size: the bytes of all workloads of these jobs.
    """

    connections: int = 0
    submissions: int = 0
    jobs: int = 0
    size: int = 0


NO_LIMITS: Final = Limits()
"""Everybody may use what there is."""


class Load:
    """A number of jobs, and the bytes of their workloads."""

    def __init__(self, jobs: int = 0, size: int = 0) -> None:
        self.jobs = jobs
        """How many there are."""
        self.size = size
        """The bytes of all their workloads."""

    def add(self, size: int) -> None:
        """Count a job."""
        self.jobs += 1
        self.size += size

    def remove(self, size: int) -> None:
        """Count a job no more; one that was never counted leaves nothing below 0."""
        self.jobs = max(0, self.jobs - 1)
        self.size = max(0, self.size - size)


class Usage:
    """What one owner uses: a principal, an address, or one site of IPv6."""

    def __init__(
        self, owner: bytes, limits: Limits, is_principal: bool, now: float
    ) -> None:
        self.owner = owner
        """The principal, the address, or the range of a site."""
        self.is_principal = is_principal
        """It is a principal."""
        self.limits = limits
        """What it may use now."""
        self.connections = 0
        """How many connections it has."""
        self.peers = 0
        """How many peers it has: these, and the requests of HTTP under way."""
        self.allowance = float(limits.submissions)
        """How many jobs it may submit now."""
        self.counted_at = now
        """When that was so."""
        self.waiting = Load()
        """Its jobs that have not ended."""
        self.kept = Load()
        """Those of them that a store keeps."""
        self.recurring = Load()
        """Its recurring jobs."""
