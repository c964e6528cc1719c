"""What a job server tells of an owner: whom limits count jobs and connections for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["OwnerRow", "owner_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRow:
    """What an owner uses, and what its limits allow; None is no limit.

    Attributes:
        owner: the principal, the address, or the range of a site.
        kind: ``principal`` or ``address``.
        used: how much of the limit that is nearest, from 0 to 1; more where a limit
            came later.
        connections: how many it has.
        max_connections: how many it may have.
        jobs: how many of its jobs wait or run.
        recurring: how many recurring jobs it has.
        max_jobs: how many it may have of the former, and of the latter.
        bytes: of the workloads of its jobs.
        recurring_bytes: of those of its recurring jobs.
        max_bytes: how many it may have of the former, and of the latter.
        submissions_left: how many jobs it may submit at once now.
        max_submissions: how many it may submit a second.
        node: the name of the job server, if that is another than the one asked.
    """

    owner: str
    kind: str
    used: float
    connections: int
    max_connections: int | None
    jobs: int
    recurring: int
    max_jobs: int | None
    bytes: int
    recurring_bytes: int
    max_bytes: int | None
    submissions_left: int | None
    max_submissions: int | None
    node: str | None = None


def owner_row(values: Mapping[str, Any]) -> OwnerRow:
    """Read a row of ``show owners``; raise TypeError if it is not one."""
    names = [each.name for each in fields(OwnerRow)]
    return OwnerRow(**{name: values[name] for name in names if name in values})
