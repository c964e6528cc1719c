"""What a job server can be told: the one configuration object."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field

from geartrain.server.config import PolicyEntry
from geartrain.transport.address import Address
from geartrain.transport.listeners import OPEN_TO_ALL
from geartrain.transport.tls import Tls

__all__ = [
    "GIB",
    "MAX_HANDLE_PREFIX",
    "MIB",
    "Keepalive",
    "Options",
    "default_handle_prefix",
]

MIB = 1024 * 1024
GIB = 1024 * MIB

# A handle has at most 63 bytes in C clients: 14 are left for the number.
MAX_HANDLE_PREFIX = 48


def default_handle_prefix() -> str:
    """Return ``H:<host name>``, cut to fit a handle."""
    return f"H:{platform.node() or 'localhost'}"[:MAX_HANDLE_PREFIX]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """TCP keepalive of accepted connections, in seconds; None is the system's.

    Attributes:
        idle: silence before the first probe.
        interval: time between probes.
        count: unanswered probes before the connection is given up.
    """

    idle: int | None = 60
    interval: int | None = 15
    count: int | None = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything a job server can be told.

    Attributes:
        listen: where to accept connections; each is listened on.
        backlog: connections the system may hold before they are accepted.
        socket_mode: the mode of unix sockets' files.
        max_packet: the largest workload or result taken, in bytes.
        max_memory: bytes of memory beyond which jobs are refused, and worse; 0 is none,
            None three quarters of the machine's or its control group's.
        max_outbox: unread bytes held for one peer before it is disconnected.
        job_retries: at which loss of its worker a job fails; -1 is at none, 0 and
            1 are at the first.
        backoff_delay: seconds before a job's second attempt, where no policy says.
        store: where background jobs are kept, ``memory:`` or ``sqlite:///path``.
        durability: what a stored job has survived when it is acknowledged:
            ``"disk"``, a power cut; ``"os"``, the end of the process; ``"memory"``,
            which is written behind, only a stop in order.
        policies: patterns of functions and their settings, as ``Policies.change``
            takes them, in the order given.
        handle_prefix: what job handles begin with; ``:<number>`` follows.
        exceptions: forward WORK_EXCEPTION to every client, asked for or not.
        compat: whose choice of the next job to follow, ``"2.0"`` (priority is
            global, functions take turns) or ``"1.1"`` (functions in the order
            they were registered).
        round_robin: with ``compat="1.1"``, let functions take turns.
        timezone: the zone SUBMIT_JOB_SCHED's fields are read in, such as
            ``Europe/Vienna``; None is the system's own.
        descriptors: open files to allow the process; None is all it may have.
        keepalive: TCP keepalive of accepted connections; None switches it off.
        tls: what all TCP connections are made with; None leaves them plain, as unix
            sockets always are.
        log_level: the level's name, as the text command ``verbose`` answers it.
    """

    listen: tuple[Address, ...]
    socket_mode: int = OPEN_TO_ALL
    backlog: int = 1024
    max_packet: int = GIB
    max_memory: int | None = None
    max_outbox: int = 256 * MIB
    job_retries: int = 5
    backoff_delay: float = 1.0
    store: str = "memory:"
    durability: str = "disk"
    policies: tuple[PolicyEntry, ...] = ()
    handle_prefix: str = field(default_factory=default_handle_prefix)
    exceptions: bool = False
    compat: str = "2.0"
    round_robin: bool = False
    timezone: str | None = None
    descriptors: int | None = None
    keepalive: Keepalive | None = field(default_factory=Keepalive)
    tls: Tls | None = None
    log_level: str = "NOTICE"
