"""How the store is: what the text command ``store`` answers."""

from __future__ import annotations

from typing import Final, NamedTuple

from geartrain.engine.model.commits import Commits

__all__ = [
    "ALIVE",
    "EXPIRED",
    "FAILING",
    "LEADING",
    "LOST",
    "OK",
    "REFUSING",
    "UNKNOWN",
    "Health",
    "StoreNode",
]

OK: Final = "ok"
"""Everything is saved."""

REFUSING: Final = "refusing"
"""New background jobs are refused; what becomes of the others is saved."""

FAILING: Final = "failing"
"""Nothing is saved: what has ended runs again after a restart."""


LEADING: Final = "leading"
"""Of a node: it is alive, and submits the jobs of the file's schedules."""

ALIVE: Final = "alive"
"""Its lease runs."""

EXPIRED: Final = "expired"
"""Its lease has ended: another takes over its jobs."""


UNKNOWN: Final = "unknown"
"""This job server has not reached the store for so long that it cannot tell."""


LOST: Final = "lost"
"""It ended without a stop, or lost the store, and is not back: another has its jobs."""


class StoreNode(NamedTuple):
    """A job server that keeps its jobs in the same store.

    Attributes:
        name: what it is called.
        identity: what tells its process apart from all others.
        address: where others reach it; empty if it is not to be reached.
        host: where it runs.
        started: when it opened the store, in seconds since 1970.
        lease_until: until when its jobs are its own unless its lease is renewed, by the
            steady clock.
        lanes: the sets of jobs that are its own.
        is_leading: it submits the jobs of the file's schedules.
        is_self: it is this one.
    """

    name: str
    identity: bytes
    address: str
    host: str
    started: float
    lease_until: float
    lanes: tuple[int, ...]
    is_leading: bool
    is_self: bool


class Health:
    """How a store is, as the driver sees it."""

    def __init__(self) -> None:
        self.state = OK
        """``OK``, ``REFUSING`` or ``FAILING``."""
        self.reason = ""
        """Why it is not ``OK``; empty if it is."""
        self.since = 0.0
        """When that began, in seconds since 1970; 0 for the start."""
        self.is_slow = False
        """It has not answered for long."""
        self.location = "memory:"
        """The store's name."""
        self.commits = Commits()
        """How long its commits took, and how large they were."""
        self.durability = ""
        """What commits survive by the settings of the store's server, in words such as
        ``synchronous_commit=on``; empty for a store without a server.
        """
        self.nodes: tuple[StoreNode, ...] = ()
        """The job servers that share the store as they were at the last look, the
        first to open it first; empty if it is not shared.
        """
        self.size: int | None = None
        """The bytes of its file and its log; None if it has none."""
        self.free: int | None = None
        """The bytes that these can still grow by; None if that is not known."""
        self.wants_backup = False
        """An operator asked for a backup, which has not begun."""
        self.backup = ""
        """The file of the last backup, or of the one under way; empty for none."""
        self.backup_state = ""
        """Of that: ``running``, ``done`` or ``failed``."""
        self.backup_reason = ""
        """Why it failed; empty if it did not."""

    def tell_backup(self, state: str, file: str, reason: str) -> None:
        """Note how a backup is."""
        self.backup = file
        self.backup_reason = reason
        # Last: who sees that it is over reads the others next.
        self.backup_state = state
