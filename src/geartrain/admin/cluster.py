"""Other job servers as the text command ``cluster`` tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ClusterRow", "cluster_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRow:
    """A job server: the one that was asked, or one that it knows.

    Attributes:
        role: ``self`` for the one that was asked; ``node`` for one that shares its
            store; ``helped`` for one whose jobs its workers do, and ``helper`` for one
            whose workers do its jobs. One that is several of these has a row for each.
        node: its name; None if it does not tell one.
        identity: what tells its process apart; None likewise, and for one that is lost.
        address: where it is; None if it is not to be reached by others.
        state: ``connected``, ``away``, ``connecting``, or ``itself`` for an address
            that turned out to be the job server's own. Of one that shares the store,
            and ``self`` if any does: ``leading`` for the one that submits the jobs of
            the file's schedules, ``alive``, ``expired`` if its lease has ended, or
            ``unknown`` if the one that was asked does not reach the store. ``lost`` is
            one that ended without a stop, or lost the store, in the last hour and is
            not back: the one that was asked has its jobs.
        since: since when that is so, in seconds since 1970; None if it is not known. Of
            one that shares the store, since when it does.
        functions: the functions that are offered to it, or by it.
        running: how many of these jobs are under way; None for ``self`` and ``node``.
        jobs: how many there have been; likewise.
        returned: how many a helped one has been given back, as no worker began them.
        failed: how many attempts by a helper failed, or went to others.
        error: what last went wrong with a helped one; None for nothing.
        found: a helped one was found by the store, and not named by ``--peer``.
        host: on which machine, and as which process, one runs that shares the store;
            None for all others, as for the next.
        lease: seconds for which its jobs are its own unless its lease is renewed.
        lanes: the sets of jobs that are its own; empty for all others.
        store: of ``self``, where its background jobs are kept.
        durability: of ``self``, what their store's server says that commits survive.
    """

    role: str
    node: str | None
    identity: str | None
    address: str | None = None
    state: str = ""
    since: float | None = None
    functions: tuple[str, ...] = ()
    running: int | None = None
    jobs: int | None = None
    returned: int | None = None
    failed: int | None = None
    error: str | None = None
    found: bool = False
    host: str | None = None
    lease: float | None = None
    lanes: tuple[int, ...] = ()
    store: str | None = None
    durability: str | None = None


def cluster_row(values: Mapping[str, Any]) -> ClusterRow:
    """Read a row of ``cluster``; raise KeyError or TypeError if it is not one."""
    tuples = {
        name: tuple(values[name]) for name in ("functions", "lanes") if name in values
    }
    return ClusterRow(**{**values, **tuples})
