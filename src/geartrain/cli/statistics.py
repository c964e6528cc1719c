"""``geartrain statistics``: what happens to the jobs of a running job server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import click

from geartrain.admin import Admin, Measures, SlotRow, StatisticsRow
from geartrain.cli.columns import COUNT, MOMENT, NAME, RATE, SECONDS, SPAN, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.filters import is_glob
from geartrain.cli.listing import Ask, RowListing, View, listing_options
from geartrain.errors import OptionError

__all__ = ["statistics"]

_MINUTES = 60


@click.command(
    short_help="Show rates, waiting times and running times.", context_settings=CONTEXT
)
@click.option(
    "--by",
    type=click.Choice(["minute", "hour"]),
    help="Show each minute of the last hour, or each hour of the last three days.",
)
@click.option(
    "--over",
    type=click.IntRange(1, _MINUTES),
    default=5,
    show_default=True,
    metavar="MINUTES",
    help="Show rates and times of the last minutes.",
)
@listing_options("Only this function, or those that match a glob.")
def statistics(view: View, by: str | None, over: int) -> None:
    """Show how many jobs come and go, how long they wait, and how long they run.

    IN/S and OK/S are submitted and succeeded jobs per second, ERR/S failed attempts.
    Half of the jobs waited no longer than WAIT50, and 95 % no longer than WAIT95; RUN50
    and RUN95 say the same of running times. HELD is how many of those that wait do so
    for a rate or a place. OLDEST is how long the first job that
    could run has waited.
    """
    if by is not None:
        function = view.function
        if function is not None and is_glob(function):
            raise OptionError("--by shows one function, or all: name it without a glob")
        whole = dataclasses.replace(view, function=None)
        whole.show(_SLOTS, lambda admin, ask: admin.statistics_by_time(by, function))
    else:
        view.show(_FUNCTIONS, lambda admin, ask: _rows(admin, ask, over))


def _rows(admin: Admin, ask: Ask, over: int) -> Iterable[StatisticsRow]:
    if ask.function is not None:
        return [admin.statistics(ask.function, over=over)]
    return _with_total(admin, ask, over)


def _with_total(admin: Admin, ask: Ask, over: int) -> Iterator[StatisticsRow]:
    sort = ask.sort or "function"
    yield from admin.statistics_by_function(sort=sort, limit=ask.limit, over=over)
    yield admin.statistics(over=over)


def _statistics_object(row: StatisticsRow) -> dict[str, Any]:
    """Return a row as the JSON object that the job server sends."""
    functions = {} if row.functions is None else {"functions": row.functions}
    return {
        "function": row.function,
        **functions,
        "time": row.time,
        "now": row.now,
        "total": _measures_object(row.total),
        "recent": {"seconds": row.seconds, **_measures_object(row.recent)},
    }


def _slot_object(row: SlotRow) -> dict[str, Any]:
    """Return a row as the JSON object that the job server sends."""
    span = {"time": row.time, "seconds": row.seconds}
    return {**span, **_measures_object(row.measures)}


def _measures_object(measures: Measures) -> dict[str, Any]:
    waited = dataclasses.asdict(measures.waited)
    ran = dataclasses.asdict(measures.ran)
    for times in (waited, ran):
        if times["buckets"] is None:
            del times["buckets"]
    return {
        **measures.counts,
        "submitted_by": measures.submitted_by,
        "failures": dict(measures.failures),
        "waited": waited,
        "ran": ran,
    }


def _failures(measures: Measures) -> int:
    return sum(measures.failures.values())


def _each_second(name: str, row: StatisticsRow) -> float:
    return row.rate(name)


_FUNCTIONS: RowListing[StatisticsRow] = RowListing(
    columns=(
        Column("FUNCTION", lambda row: row.function or "TOTAL", NAME),
        Column("WAITING", lambda row: row.now["waiting"], COUNT, worth=2),
        Column("HELD", lambda row: row.now.get("held", 0), COUNT, worth=0),
        Column("DELAYED", lambda row: row.now["delayed"], COUNT, worth=0),
        Column("RUNNING", lambda row: row.now["running"], COUNT, worth=2),
        Column("DEAD", lambda row: row.now["dead"], COUNT),
        Column("WORKERS", lambda row: row.now["workers"], COUNT),
        Column("OLDEST", lambda row: row.now["oldest"], SPAN),
        Column("IN/S", partial(_each_second, "submitted"), RATE),
        Column("OK/S", partial(_each_second, "succeeded"), RATE),
        Column("ERR/S", lambda row: _failures(row.recent) / row.seconds, RATE),
        Column("WAIT50", lambda row: row.recent.waited.p50, SECONDS, worth=0),
        Column("WAIT95", lambda row: row.recent.waited.p95, SECONDS),
        Column("RUN50", lambda row: row.recent.ran.p50, SECONDS, worth=0),
        Column("RUN95", lambda row: row.recent.ran.p95, SECONDS),
    ),
    to_json=_statistics_object,
    nothing="there are no functions yet",
    sort="waiting",
    server_sorts=frozenset(
        {
            *("function", "waiting", "held", "delayed", "running", "dead"),
            *("workers", "oldest"),
        }
    ),
    is_total=lambda row: row.function is None,
)


def _counted(name: str) -> Column[SlotRow]:
    return Column(name.upper(), lambda row: row.measures.counts[name], COUNT, worth=2)


_SLOTS: RowListing[SlotRow] = RowListing(
    columns=(
        Column("TIME", lambda row: row.time, MOMENT, worth=3),
        *map(_counted, ("submitted", "started", "succeeded")),
        Column("ERRORS", lambda row: _failures(row.measures), COUNT),
        Column("DEAD", lambda row: row.measures.counts["dead"], COUNT),
        Column("WAIT50", lambda row: row.measures.waited.p50, SECONDS, worth=0),
        Column("WAIT95", lambda row: row.measures.waited.p95, SECONDS),
        Column("RUN50", lambda row: row.measures.ran.p50, SECONDS, worth=0),
        Column("RUN95", lambda row: row.measures.ran.p95, SECONDS),
    ),
    to_json=_slot_object,
    nothing="nothing has happened yet",
)
