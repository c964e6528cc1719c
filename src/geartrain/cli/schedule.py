"""``geartrain schedule``: the recurring jobs of a running job server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import click

from geartrain.admin import Admin, RunRow, ScheduleRow
from geartrain.cli.columns import AGE, MOMENT, NAME, TEXT, Column
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.cli.output import write_json
from geartrain.cli.tables import write_table
from geartrain.cli.times import local
from geartrain.errors import OptionError
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["outcome", "schedule"]


def outcome(run: RunRow | None) -> str | None:
    """Return what came of a time, in a word; None if there was none."""
    return None if run is None else run.outcome or "unfinished"


def _object(row: ScheduleRow) -> dict[str, Any]:
    """Return a schedule as a JSON object; lists have neither runs nor workloads."""
    values = dataclasses.asdict(row)
    values["headers"] = dict(row.headers)
    del values["workload"], values["runs"]
    return values


_SCHEDULES: RowListing[ScheduleRow] = RowListing(
    columns=(
        Column("NAME", lambda row: row.name, NAME),
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("TIMES", lambda row: row.times, worth=2),
        Column("ZONE", lambda row: row.timezone, TEXT, worth=0),
        Column("STATE", lambda row: row.state),
        Column("NEXT", lambda row: row.next, MOMENT, worth=0),
        Column("WHEN", lambda row: row.next, AGE, worth=2),
        Column("LAST", lambda row: row.last and row.last.due, AGE, worth=1),
        Column("OUTCOME", lambda row: outcome(row.last), worth=1),
        Column("FROM", lambda row: row.source, worth=0),
        Column("UNIQUE", lambda row: row.unique or None, TEXT, worth=0),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=_object,
    nothing="there are no schedules",
    key=lambda row: (row.node, row.name),
)

_RUNS: tuple[Column[RunRow], ...] = (
    Column("DUE", lambda run: run.due, MOMENT),
    Column("OUTCOME", outcome),
    Column("ENDED", lambda run: run.ended, MOMENT),
    Column("HANDLE", lambda run: run.handle, TEXT),
)

_SETTINGS = """

Settings are those of [schedules.NAME] in the server's file:

\b
function   what the jobs are sent to
cron       minute, hour, day, month and weekday; seconds first, if six; or @daily
every      seconds from one time to the next, instead of cron
timezone   of cron and until, such as Europe/Vienna; else the server's
workload, unique, priority, headers   of each job
options    of each job's submission: 'ttl=1h&max_attempts=3'
jitter     seconds by which each time is put off at most
until      a date, such as 2030-12-31, after which there are no more times
missed     once, skip or all: of times that passed while the server was away
overlap    allow, skip or wait: where the job of the time before has not ended
paused     true or false
"""

_name = click.argument("name")
_settings = click.argument("settings", nargs=-1, metavar="NAME=VALUE...", required=True)


@click.group(
    short_help="See, add and steer recurring jobs.",
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.pass_context
def schedule(context: click.Context) -> None:
    """See, add and steer recurring jobs."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@schedule.command("list", short_help="List recurring jobs.", context_settings=CONTEXT)
@listing_options("Only schedules of this function, or of those that match a glob.")
def schedule_list(view: View) -> None:
    """List recurring jobs, their next times, and what came of their last.

    NAME is the handle where a client submitted it. STATE is waiting, paused, held (for
    the job of the time before), ended or lost. NODE is the job server that submits its
    jobs, if that is another than the one asked.
    """
    view.show(_SCHEDULES, lambda admin, ask: admin.schedules(function=ask.function))


@schedule.command("show", short_help="Show a recurring job.", context_settings=CONTEXT)
@_name
@json_option
@server_option
def schedule_show(name: str, server: Connector, as_json: bool) -> None:
    """Show all of one schedule, and what came of its last times."""
    with Admin(server) as admin:
        row = admin.schedule(name)
    workload = (row.workload or b"").decode("utf-8", "surrogateescape")
    if as_json:
        runs = [dataclasses.asdict(run) for run in row.runs]
        write_json([{**_object(row), "workload": workload, "runs": runs}])
        return
    for line in _details(row, workload):
        click.echo(line)
    if row.runs:
        click.echo()
        write_table(_RUNS, row.runs)


def _details(row: ScheduleRow, workload: str) -> Iterable[str]:
    """Give the lines of a schedule, without what it has not."""
    headers = " ".join(f"{name}={value}" for name, value in row.headers.items())
    values = {
        "name": row.name,
        "function": row.function,
        "state": row.state,
        "times": row.times,
        "timezone": row.timezone,
        "next": None if row.next is None else local(row.next),
        "until": row.until,
        "jitter": f"{row.jitter:g} s" if row.jitter else None,
        "missed": row.missed,
        "overlap": row.overlap,
        "priority": row.priority,
        "unique": row.unique,
        "headers": headers,
        "options": row.options,
        "workload": workload,
        "from": row.source,
        "changed": ", ".join(row.changed),
    }
    return [
        f"{label + ':':<10} {visible(value)}"
        for label, value in values.items()
        if value
    ]


@schedule.command(
    "add",
    short_help="Add a recurring job.",
    context_settings=CONTEXT,
    help="Add a schedule.\n\n\b\ngeartrain schedule add nightly function=report"
    " cron='0 3 * * mon-fri'" + _SETTINGS,
)
@_name
@_settings
@server_option
def schedule_add(name: str, settings: tuple[str, ...], server: Connector) -> None:
    """Add a schedule, and say when it is due."""
    given = _parsed(settings)
    with Admin(server) as admin:
        admin.add_schedule(name, given)
        _tell_next(admin, name)


@schedule.command(
    "change",
    short_help="Change a recurring job.",
    context_settings=CONTEXT,
    help="Change settings of a schedule; NAME= takes back what was changed at run"
    " time, so that the file's value holds again." + _SETTINGS,
)
@_name
@_settings
@server_option
def schedule_change(name: str, settings: tuple[str, ...], server: Connector) -> None:
    """Change a schedule, and say when it is due."""
    given = _parsed(settings)
    with Admin(server) as admin:
        admin.change_schedule(name, given)
        _tell_next(admin, name)


def _tell_next(admin: Admin, name: str) -> None:
    row = admin.schedule(name)
    next_time = "no next time" if row.next is None else local(row.next)
    click.echo(f"{visible(name)}: {row.state}, {next_time}")


def _parsed(words: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` words.

    Raises:
        OptionError: a word is something else, or a name is given twice.
    """
    parsed: dict[str, str] = {}
    for each in words:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise OptionError(f"{each!r} is not name=value")
        if name in parsed:
            raise OptionError(f"{name!r} is given twice")
        parsed[name] = value
    return parsed


def _steering(
    verb: str, done: str, act: Callable[[Admin, str], None], text: str
) -> None:
    """Make the command for a verb that takes names and nothing else."""

    @schedule.command(verb, short_help=text, context_settings=CONTEXT, help=text)
    @click.argument("names", nargs=-1, required=True, metavar="NAME...")
    @server_option
    def steer(names: tuple[str, ...], server: Connector) -> None:
        with Admin(server) as admin:
            for name in names:
                act(admin, name)
                click.echo(f"{visible(name)}: {done}")


_steering("run", "submitted", Admin.run_schedule, "Submit a schedule's job now.")
_steering("skip", "next time left out", Admin.skip_schedule, "Leave out the next time.")
_steering("pause", "paused", Admin.pause_schedule, "Have no times until it is resumed.")
_steering("resume", "resumed", Admin.resume_schedule, "Have times again.")
_steering("remove", "removed", Admin.remove_schedule, "End a schedule.")


@schedule.command(
    "next",
    short_help="Show the next times.",
    context_settings=CONTEXT,
    help="Show the next times of a schedule, or of settings before they become one."
    "\n\n\b\ngeartrain schedule next nightly"
    "\ngeartrain schedule next cron='30 2 * * *' timezone=Europe/Vienna",
)
@click.argument("what", nargs=-1, required=True, metavar="NAME | NAME=VALUE...")
@click.option("--count", default=5, show_default=True, metavar="N", help="How many.")
@json_option
@server_option
def schedule_next(
    what: tuple[str, ...], server: Connector, count: int, as_json: bool
) -> None:
    """Show the next times of a schedule, or of settings."""
    with Admin(server) as admin:
        if len(what) == 1 and "=" not in what[0]:
            found = admin.next_times(what[0], count=count)
        else:
            found = admin.times_of(_parsed(what), count=count)
    if as_json:
        write_json([{"time": time} for time in found])
        return
    for time in found:
        click.echo(local(time))
