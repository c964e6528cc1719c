"""``geartrain cluster``: the job servers that one helps, or is helped by."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import Admin, ClusterRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, SPAN, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.texts import visible

__all__ = ["cluster"]

_CLUSTER: RowListing[ClusterRow] = RowListing(
    columns=(
        Column("ROLE", lambda row: row.role, worth=3),
        Column("NODE", lambda row: row.node, NAME),
        Column("ADDRESS", lambda row: row.address, worth=2),
        Column("STATE", lambda row: row.state, worth=3),
        Column("SINCE", lambda row: row.since, AGE),
        Column("LEASE", lambda row: row.lease, SPAN),
        Column("LANES", lambda row: row.lanes or None, TEXT),
        Column("RUNNING", lambda row: row.running, COUNT, worth=2),
        Column("JOBS", lambda row: row.jobs, COUNT, worth=2),
        Column("RETURNED", lambda row: row.returned, COUNT, worth=0),
        Column("FAILED", lambda row: row.failed, COUNT, worth=0),
        Column("FUNCTIONS", lambda row: " ".join(row.functions), PROSE),
        Column("LAST ERROR", lambda row: row.error, PROSE),
    ),
    to_json=dataclasses.asdict,
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

    Of those that share a store, LANES are the sets of jobs that are its own for as long
    as its LEASE, in seconds, and one is leading: it submits the jobs of schedules.

    Of each that is helped FUNCTIONS are those that it is offered while
    workers have nothing to do; JOBS has it given, and RETURNED are those that no worker
    began in time. Of a helper they are what it offers, and the jobs that it was given.
    """
    view.show(_CLUSTER, lambda admin, ask: admin.cluster())
