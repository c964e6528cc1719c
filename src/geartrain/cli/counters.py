"""``geartrain counters``: outcomes of the jobs of a running job server."""

from __future__ import annotations

from functools import partial

import click

from geartrain.admin import CounterRow
from geartrain.cli.columns import COUNT, GROWTH, NAME, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["counters"]


def _object(row: CounterRow) -> dict[str, str | int]:
    forgotten = {"forgotten": row.forgotten} if row.forgotten else {}
    return {"function": row.function, **forgotten, **row.counts}


def _name(row: CounterRow) -> str:
    return f"({row.forgotten} forgotten)" if row.forgotten else row.function


def _count(name: str, row: CounterRow) -> int | None:
    return row.counts.get(name)


def _counted(name: str, worth: int = 1) -> Column[CounterRow]:
    return Column(name.upper(), partial(_count, name), COUNT, worth)


_COUNTERS: RowListing[CounterRow] = RowListing(
    columns=(
        Column("FUNCTION", _name, NAME),
        Column("IN/S", partial(_count, "submitted"), GROWTH, worth=2),
        Column("OK/S", partial(_count, "completed"), GROWTH, worth=2),
        _counted("submitted", worth=2),
        _counted("completed", worth=2),
        _counted("failed"),
        _counted("retried"),
        _counted("crashed"),
        _counted("timed_out"),
        _counted("dead"),
        _counted("cancelled", worth=0),
        _counted("expired", worth=0),
        _counted("refused_results", worth=0),
    ),
    to_json=_object,
    nothing="nothing has been counted yet",
    key=lambda row: row.function,
    is_total=lambda row: row.forgotten > 0,
)


@click.command(
    short_help="Show job counters by function and outcome.", context_settings=CONTEXT
)
@listing_options("Only this function, or those that match a glob.")
def counters(view: View) -> None:
    """Show how each function's jobs have ended since the job server started.

    With --watch, IN/S and OK/S are the jobs that were submitted and completed a second
    since the look before. A refused result came from a worker that the job had been
    taken from. The last row is the total of functions that the job server has forgotten
    because nobody used them.
    """
    view.show(_COUNTERS, lambda admin, ask: admin.counters())
