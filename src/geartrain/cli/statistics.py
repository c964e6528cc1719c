"""``geartrain statistics``: what happens to the jobs of a running job server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import click

from geartrain.admin import Admin, Measures, SlotRow, StatisticsRow
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.tables import Column, write_list
from geartrain.cli.times import age, brief, short
from geartrain.cli.watch import repeat, watch_option
from geartrain.errors import OptionError
from geartrain.transport.connect import Connector

__all__ = ["statistics"]

_MINUTES = 60


@click.command(
    short_help="Show rates, waiting times and running times.", context_settings=CONTEXT
)
@click.option("--function", metavar="NAME", help="Show this function only.")
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
@click.option(
    "--sort",
    default="waiting",
    show_default=True,
    metavar="WHAT",
    help="Sort functions by their name (function), or by a number, the most first: "
    "waiting, running, dead, oldest, succeeded, failed….",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Maximum number of functions.",
)
@watch_option
@json_option
@server_option
def statistics(
    function: str | None,
    by: str | None,
    server: Connector,
    watch: float | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Show how many jobs come and go, how long they wait, and how long they run.

    IN/S and OK/S are submitted and succeeded jobs per second, ERR/S failed attempts.
    Half of the jobs waited no longer than WAIT50, and 95 % no longer than WAIT95; RUN50
    and RUN95 say the same of running times. OLDEST is how long the first job that
    could run has waited.
    """

    def show(admin: Admin) -> None:
        if by is not None:
            slots = admin.statistics_by_time(by, function)
            write_list(slots, _SLOTS, _slot_object, as_json)
        else:
            rows = _rows(admin, function, **wanted)
            write_list(rows, _FUNCTIONS, _statistics_object, as_json)

    if function == "":
        raise OptionError("the function is empty: name one, or leave it out")
    with Admin(server) as admin:
        repeat(lambda: show(admin), watch)


def _rows(
    admin: Admin, function: str | None, over: int, sort: str, limit: int | None
) -> Iterable[StatisticsRow]:
    if function is not None:
        return [admin.statistics(function, over=over)]
    return _with_total(admin, over, sort, limit)


def _with_total(
    admin: Admin, over: int, sort: str, limit: int | None
) -> Iterator[StatisticsRow]:
    yield from admin.statistics_by_function(sort=sort, limit=limit, over=over)
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
        "failures": dict(measures.failures),
        "waited": waited,
        "ran": ran,
    }


def _failures(measures: Measures) -> int:
    return sum(measures.failures.values())


def _rate(number: float, seconds: float) -> str:
    """Return a number a second with three digits."""
    rate = number / seconds
    return f"{rate:.0f}" if rate >= 100 or not rate else f"{rate:#.3g}".rstrip(".")


def _oldest(row: StatisticsRow) -> str | None:
    oldest = row.now["oldest"]
    return None if oldest is None else age(oldest)


_FUNCTIONS: tuple[Column[StatisticsRow], ...] = (
    Column("FUNCTION", lambda row: row.function or "TOTAL", is_elastic=True),
    Column("WAITING", lambda row: row.now["waiting"], is_number=True),
    Column("DELAYED", lambda row: row.now["delayed"], is_number=True, is_minor=True),
    Column("RUNNING", lambda row: row.now["running"], is_number=True),
    Column("DEAD", lambda row: row.now["dead"], is_number=True),
    Column("WORKERS", lambda row: row.now["workers"], is_number=True),
    Column("OLDEST", _oldest, is_number=True),
    Column(
        "IN/S",
        lambda row: _rate(row.recent.counts["submitted"], row.seconds),
        is_number=True,
    ),
    Column(
        "OK/S",
        lambda row: _rate(row.recent.counts["succeeded"], row.seconds),
        is_number=True,
    ),
    Column(
        "ERR/S", lambda row: _rate(_failures(row.recent), row.seconds), is_number=True
    ),
    Column(
        "WAIT50",
        lambda row: short(row.recent.waited.p50),
        is_number=True,
        is_minor=True,
    ),
    Column("WAIT95", lambda row: short(row.recent.waited.p95), is_number=True),
    Column(
        "RUN50", lambda row: short(row.recent.ran.p50), is_number=True, is_minor=True
    ),
    Column("RUN95", lambda row: short(row.recent.ran.p95), is_number=True),
)

_SLOTS: tuple[Column[SlotRow], ...] = (
    Column("TIME", lambda row: brief(row.time)),
    *(
        Column(
            name.upper(),
            lambda row, name=name: row.measures.counts[name],  # type: ignore[misc]
            is_number=True,
        )
        for name in ("submitted", "started", "succeeded")
    ),
    Column("ERRORS", lambda row: _failures(row.measures), is_number=True),
    Column("DEAD", lambda row: row.measures.counts["dead"], is_number=True),
    Column("WAIT50", lambda row: short(row.measures.waited.p50), is_number=True),
    Column("WAIT95", lambda row: short(row.measures.waited.p95), is_number=True),
    Column("RUN50", lambda row: short(row.measures.ran.p50), is_number=True),
    Column("RUN95", lambda row: short(row.measures.ran.p95), is_number=True),
)
