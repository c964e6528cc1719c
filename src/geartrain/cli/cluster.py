"""``geartrain cluster``: job servers that share a store, or help each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from geartrain.admin import Admin, ClusterRow, ServerRow
from geartrain.admin.spans import about, checked_span
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, SPAN, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.texts import visible

__all__ = ["cluster"]

# Rows that are about a job server, and not about what one does for another.
_NODES: Final = ("self", "node")
# What stands before Geartrain's own version.
_OWN_VERSION: Final = "+geartrain-"
# The state of one that has ended, and has no process to be asked.
_LOST: Final = "lost"
_DIFFERS: Final = " (differs)"


@dataclass(frozen=True, slots=True)
class _Member:
    """A row of ``cluster``, with what that job server tells of itself.

    Attributes:
        row: the row.
        server: what it tells; None if it does not, or has a row of its own as a node.
        error: why it does not, or what last went wrong with it; None for nothing.
        version: its own version, and whether that differs from that of the one asked.
    """

    row: ClusterRow
    server: ServerRow | None
    error: str | None
    version: str | None

    @property
    def running(self) -> int | None:
        """How many jobs run there; of a peer, how many of one run at the other."""
        if self.row.role not in _NODES:
            return self.row.running
        return None if self.server is None else self.server.running


def _members(admin: Admin) -> list[_Member]:
    """Ask for the cluster, and each job server what it is doing."""
    rows = admin.cluster()
    span = checked_span(None)
    # Who does not answer has a row that says so.
    with about(span, lambda name, reason: None):
        servers = admin.servers(span=span if span == "local" else "all")
    nodes = {row.identity for row in rows if row.role in _NODES} - {None}
    found = []
    for row in rows:
        is_told = row.state != _LOST and (
            row.role in _NODES or row.identity not in nodes
        )
        server = _server_of(row, servers) if is_told else None
        error = row.error
        if server is None and is_told:
            error = error or _silence(row, admin)
        version = None if server is None else _version(server, servers[0])
        found.append(_Member(row, server, error, version))
    return found


def _server_of(row: ClusterRow, servers: Sequence[ServerRow]) -> ServerRow | None:
    """Return what a job server tells of itself."""
    if row.role == "self":
        return servers[0] if servers else None
    others = servers[1:]
    by_identity = (
        each for each in others if each.identity and each.identity == row.identity
    )
    # An earlier version tells no identity.
    by_name = (each for each in others if not each.identity and each.node == row.node)
    return next(by_identity, None) or next(by_name, None)


def _silence(row: ClusterRow, admin: Admin) -> str | None:
    """Return why a job server does not tell of itself, if that is known."""
    for name, reason in admin.unanswered.items():
        if name.rpartition(" (")[0] in (row.node, row.address):
            return f"did not answer: {reason}"
    return None


def _version(server: ServerRow, asked: ServerRow) -> str:
    own = server.version.rpartition(_OWN_VERSION)[2]
    return own if server.version == asked.version else own + _DIFFERS


def _object(member: _Member) -> dict[str, Any]:
    server = member.server
    values = dataclasses.asdict(member.row)
    return {
        **values,
        "running": member.running,
        "error": member.error,
        "version": server and server.version,
        "waiting": server and server.waiting,
        "workers": server and server.workers,
        "started": server and server.started,
    }


_CLUSTER: RowListing[_Member] = RowListing(
    columns=(
        Column("ROLE", lambda each: each.row.role, worth=3),
        Column("NODE", lambda each: each.row.node, NAME),
        Column("ADDRESS", lambda each: each.row.address, worth=2),
        Column("STATE", lambda each: each.row.state or None, worth=3),
        Column("VERSION", lambda each: each.version, worth=2),
        Column("UP", lambda each: each.server and each.server.started, AGE),
        Column("WAITING", lambda each: each.server and each.server.waiting, COUNT),
        Column("RUNNING", lambda each: each.running, COUNT, worth=2),
        Column("WORKERS", lambda each: each.server and each.server.workers, COUNT),
        Column("SINCE", lambda each: each.row.since, AGE, worth=0),
        Column("LEASE", lambda each: each.row.lease, SPAN),
        Column("LANES", lambda each: each.row.lanes or None, TEXT),
        Column("JOBS", lambda each: each.row.jobs, COUNT),
        Column("RETURNED", lambda each: each.row.returned, COUNT, worth=0),
        Column("FAILED", lambda each: each.row.failed, COUNT, worth=0),
        Column("FUNCTIONS", lambda each: " ".join(each.row.functions) or None, PROSE),
        Column("LAST ERROR", lambda each: each.error, PROSE),
    ),
    to_json=_object,
    nothing="the job server tells of no node",
    heading=lambda admin: _store(admin),
)


def _store(admin: Admin) -> list[str]:
    """Say what the jobs survive that several job servers share, in two lines."""
    row = admin.cluster()[0]
    if row.lease is None or row.store is None:
        return []
    return [f"store {visible(row.store)}: {visible(row.durability or '')}", ""]


@click.command(
    short_help="List the job servers that share a store, and peers.",
    context_settings=CONTEXT,
)
@listing_options()
def cluster(view: View) -> None:
    """List the job servers that share a store and help each other, as one sees it.

    Each tells its VERSION, marked where it differs from that of the one that is asked,
    how long it is UP, how many jobs wait and run there, and how many WORKERS it has. A
    job counts where it was submitted.

    Of those that share a store, LANES are the sets of jobs that are its own for as long
    as its LEASE, in seconds, and one is leading: it submits the jobs of schedules.

    Of each that is helped FUNCTIONS are those that it is offered while
    workers have nothing to do; RUNNING are its jobs that run here, JOBS all that it has
    given, and RETURNED are those that no worker began in time. Of a helper they are
    what it offers, and the jobs that it was given.
    """
    view.show(_CLUSTER, lambda admin, ask: _members(admin))
