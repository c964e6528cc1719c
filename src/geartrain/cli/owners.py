"""``geartrain owners``: what each owner uses of what its limits allow."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin.owners import OwnerRow
from geartrain.cli.columns import COUNT, NAME, SIZE, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["owners"]

_OWNERS: RowListing[OwnerRow] = RowListing(
    columns=(
        Column("OWNER", lambda row: row.owner, NAME),
        Column("KIND", lambda row: row.kind, worth=0),
        Column("USED %", lambda row: round(row.used * 100), COUNT, worth=2),
        Column("CONNECTIONS", lambda row: row.connections, COUNT),
        Column("MOST CONN", lambda row: row.max_connections, COUNT),
        Column("JOBS", lambda row: row.jobs, COUNT, worth=2),
        Column("MOST JOBS", lambda row: row.max_jobs, COUNT, worth=2),
        Column("BYTES", lambda row: row.bytes, SIZE),
        Column("MOST BYTES", lambda row: row.max_bytes, SIZE),
        Column("RECURRING", lambda row: row.recurring, COUNT, worth=0),
        Column("LEFT NOW", lambda row: row.submissions_left, COUNT),
        Column("MOST /S", lambda row: row.max_submissions, COUNT),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="nobody with limits uses anything",
    limit=100,
)


@click.command(
    short_help="List what each owner uses of its limits.", context_settings=CONTEXT
)
@listing_options()
def owners(view: View) -> None:
    """List what each owner uses of what its limits allow, the fullest first.

    An owner is a principal with limits in [access], or an address where
    --max-connections-per-address and the like are set. LEFT NOW is how many jobs it may
    submit at once now, and MOST /S how many a second. `geartrain jobs --owner NAME`
    lists its jobs.
    """
    view.show(_OWNERS, lambda admin, ask: admin.owners(limit=ask.limit))
