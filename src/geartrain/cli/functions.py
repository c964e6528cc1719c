"""``geartrain functions``: the functions of a running job server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import click

from geartrain.admin import Admin, FunctionRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, SPAN, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["functions", "held"]

_FUNCTIONS: RowListing[dict[str, Any]] = RowListing(
    columns=(
        Column("FUNCTION", itemgetter("function"), NAME),
        Column("WORKERS", itemgetter("workers"), COUNT),
        Column("JOBS", itemgetter("jobs"), COUNT, worth=2),
        Column("HELD", itemgetter("held"), COUNT),
        Column("OLDEST", itemgetter("oldest"), SPAN),
        Column("NEXT", itemgetter("next"), AGE, worth=0),
        Column("STATE", itemgetter("state")),
        Column("SERVED BY", lambda row: ", ".join(row["served_by"]) or None, PROSE),
    ),
    to_json=dict,
    nothing="there are no functions yet",
)


@click.command(short_help="List the functions.", context_settings=CONTEXT)
@listing_options("Only this function, or those that match a glob.")
def functions(view: View) -> None:
    """List the functions that have workers or jobs, or had some, and who serves them.

    JOBS counts waiting and running jobs. OLDEST is how long the first job that could
    run has waited. HELD counts those that wait for a rate or a place, and NEXT is when
    the rate lets one start. STATE is paused if workers get no jobs, or draining if new
    ones are refused.
    """
    view.show(_FUNCTIONS, lambda admin, ask: _objects(admin))


def _objects(admin: Admin) -> Iterator[dict[str, Any]]:
    serving = defaultdict(list)
    for worker in admin.workers():
        name = worker.address if worker.id == "-" else f"{worker.id} {worker.address}"
        for function in worker.functions:
            serving[function].append(name)
    unread = admin.unread
    rows = admin.functions()
    admin.unread = unread + admin.unread
    for row in sorted(rows, key=lambda row: row.function):
        yield {
            "function": row.function,
            "workers": row.workers,
            "jobs": row.waiting + row.running,
            "held": row.held,
            "oldest": row.oldest,
            "next": row.next,
            "state": held(row),
            "served_by": serving[row.function],
        }


def held(row: FunctionRow) -> str | None:
    """Return how an operator holds a function: paused, draining, or both."""
    ways = {"paused": row.paused, "draining": row.draining}
    return ", ".join(name for name, is_so in ways.items() if is_so) or None
