"""What ``geartrain worker`` was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from geartrain.supervisor.targets import Target
from geartrain.transport.address import Address

if TYPE_CHECKING:
    from geartrain.transport.tls import Tls

__all__ = ["Limits", "Options"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """After what a process is replaced between jobs, and what a job may take.

    Attributes:
        jobs: so many jobs; None for no limit, as everywhere here.
        seconds: so long a life.
        memory: so many resident bytes.
        job_seconds: how long one job may run; then its process is killed.
    """

    jobs: int | None = None
    seconds: float | None = None
    memory: int | None = None
    job_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which workers to run, in how many processes, and how to look after them.

    Attributes:
        processes: of each target.
        servers: in place of the workers' own; empty leaves them.
        tls: in place of the workers' own; None leaves it.
        concurrency: in place of the workers' own; None leaves it.
        prefetch: in place of the workers' own; None leaves it.
        grace: how many seconds the jobs at hand have to finish at a stop.
        watch: reload when a file of the loaded modules changes.
        liveness_file: touched every second while all is well; empty for none.
        liveness: where to answer HTTP requests with 200 or 503; None for nowhere, port
            0 for any free one.
    """

    targets: tuple[Target, ...]
    processes: int = 1
    servers: tuple[str, ...] = ()
    tls: Tls | None = None
    concurrency: int | None = None
    prefetch: int | None = None
    limits: Limits = field(default_factory=Limits)
    grace: float = 25.0
    watch: bool = False
    liveness_file: str = ""
    liveness: Address | None = None
