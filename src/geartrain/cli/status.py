"""``geartrain status``: the load of a running job server, function by function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

import click

from geartrain.admin import Admin
from geartrain.cli.columns import COUNT, GROWTH, NAME, SPAN, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.functions import held
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.errors import RefusedError

__all__ = ["outcomes", "status"]

_Row = dict[str, Any]

_COUNTS = ("high", "normal", "low", "running", "workers", "died")
_WORTH = {"normal": 2, "running": 2, "high": 0, "low": 0}
# Their totals are shown as rates, and are no part of the JSON.
_TOTALS = ("submitted", "completed")


def _object(row: _Row) -> _Row:
    return {name: row[name] for name in row if name not in _TOTALS}


def _counted(name: str) -> Column[_Row]:
    return Column(name.upper(), itemgetter(name), COUNT, _WORTH.get(name, 1))


_STATUS: RowListing[_Row] = RowListing(
    columns=(
        Column("FUNCTION", itemgetter("function"), NAME),
        *map(_counted, _COUNTS),
        Column("OLDEST", itemgetter("oldest"), SPAN),
        Column("STATE", itemgetter("state")),
        Column("IN/S", itemgetter("submitted"), GROWTH, worth=2),
        Column("OK/S", itemgetter("completed"), GROWTH, worth=2),
    ),
    to_json=_object,
    nothing="there are no functions yet",
    key=itemgetter("function"),
    is_total=lambda row: "is_total" in row,
    heading=lambda admin: [f"job server {admin.version()} on {admin.address}", ""],
)


@click.command(
    short_help="Show each function's jobs and workers.", context_settings=CONTEXT
)
@listing_options("Only this function, or those that match a glob.")
def status(view: View) -> None:
    """Show how many jobs of each function wait and run, and how many workers serve it.

    Waiting jobs are counted by priority, delayed ones included. DIED counts the jobs
    that became dead letters since the job server started. OLDEST is how long the first
    job that could run has waited, and STATE says paused or draining. With --watch, IN/S
    and OK/S are the jobs that were submitted and completed a second since the look
    before.
    """
    view.show(_STATUS, lambda admin, ask: _rows(admin, with_total=not view.as_json))


def outcomes(admin: Admin) -> Mapping[str, Mapping[str, int]]:
    """Return the counters of each function; empty if the server has none."""
    try:
        rows = admin.counters()
    except RefusedError:
        return {}
    return {row.function: row.counts for row in rows if not row.forgotten}


def _rows(admin: Admin, *, with_total: bool) -> Iterator[_Row]:
    functions = admin.functions()
    counted = outcomes(admin)
    rows = []
    for each in functions:
        counts = counted.get(each.function, {})
        rows.append(
            {
                "function": each.function,
                "high": each.high,
                "normal": each.normal,
                "low": each.low,
                "running": each.running,
                "workers": each.workers,
                "died": counts.get("dead", 0),
                "oldest": each.oldest,
                "state": held(each),
                **{name: counts.get(name) for name in _TOTALS},
            }
        )
    yield from rows
    if rows and with_total:
        yield _total(rows)


def _total(rows: list[_Row]) -> _Row:
    def total(name: str) -> float | None:
        known = [row[name] for row in rows if row[name] is not None]
        return sum(known) if known else None

    oldest = [row["oldest"] for row in rows if row["oldest"] is not None]
    return {
        "function": "TOTAL",
        **{name: total(name) for name in (*_COUNTS, *_TOTALS)},
        # One that serves several functions is counted in each of their rows.
        "workers": None,
        "oldest": max(oldest, default=None),
        "state": None,
        "is_total": True,
    }
