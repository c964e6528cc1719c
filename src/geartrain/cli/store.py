"""``geartrain store``: check, compact, back up, export and import the job store."""

from __future__ import annotations

import dataclasses
import sys
import time

import click

from geartrain.admin import Admin
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import write_json
from geartrain.cli.program import complain
from geartrain.errors import OptionError
from geartrain.stores.kinds import MEMORY
from geartrain.stores.locations import default_store, file_of, make_store, show_store
from geartrain.stores.maintenance import tasks
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["store"]

# Seconds from one look at a backup to the next.
_POLL = 0.1

_path = click.argument("path", required=False, metavar="[PATH]")


@click.group(
    short_help="Check, compact, back up, export and import the job store.",
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.pass_context
def store(context: click.Context) -> None:
    """Check, compact, back up, export and import the job store.

    status and backup ask a running job server; all others work on the file of a store
    that no job server uses. PATH is a file or sqlite:///full/path. The default is the
    default of geartrain server --store.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@store.command(
    "status",
    short_help="Show the state of a running server's store.",
    context_settings=CONTEXT,
)
@json_option
@server_option
def status(server: Connector, as_json: bool) -> int:
    """Ask a running job server for the state of its store.

    The exit status is 1 if the store refuses new jobs, or cannot save the ends of jobs.
    """
    with Admin(server) as admin:
        row = admin.store()
    if as_json:
        write_json([dataclasses.asdict(row)])
    else:
        said = [row.store, row.state]
        if row.reason is not None:
            said.append(row.reason)
        if row.durability is not None:
            said.append(row.durability)
        if row.unsaved:
            said.append(f"{row.unsaved} jobs whose end is not saved")
        if row.unkept:
            said.append(f"{row.unkept} jobs acknowledged and not saved")
        if row.size is not None:
            said.append(f"{row.size} bytes")
        if row.free is not None:
            said.append(f"{row.free} bytes free")
        click.echo(", ".join(said))
    return 0 if row.state == "ok" else 1


@store.command(
    "backup",
    short_help="Copy a running server's store.",
    context_settings=CONTEXT,
)
@json_option
@server_option
def backup(server: Connector, as_json: bool) -> int:
    """Have a running job server of this machine copy its store, and wait for that.

    The copy lies beside the store, named after the time. It has every job that was
    acknowledged when it ended. The exit status is 1 if it failed.
    """
    with Admin(server) as admin:
        admin.backup()
        row = admin.store()
        while row.backup_state == "running":
            time.sleep(_POLL)
            row = admin.store()
    if as_json:
        write_json([{"backup": row.backup, "reason": row.backup_reason}])
    elif row.backup_state == "done":
        click.echo(visible(row.backup or ""))
    if row.backup_state == "done":
        return 0
    complain("geartrain store backup", row.backup_reason or "it failed")
    return 1


@store.command(
    "check", short_help="Look for damage in a store.", context_settings=CONTEXT
)
@_path
@json_option
def check(path: str | None, as_json: bool) -> int:
    """Look for damage, and print what is lost.

    The exit status is 1 if there is damage.
    """
    file = _file(path)
    report = tasks.check(file)
    if as_json:
        write_json([{"path": file, **dataclasses.asdict(report)}])
    else:
        for problem in report.problems:
            complain("geartrain store check", problem)
        click.echo(
            f"{visible(file)}: {report.jobs} jobs, {report.dead} dead letters,"
            f" {report.schedules} recurring jobs, {report.entries} entries,"
            f" {report.results} results, {report.endings} endings,"
            f" {len(report.problems)} problems"
        )
    return 1 if report.problems else 0


@store.command(
    "compact",
    short_help="Return a store's free space to the disk.",
    context_settings=CONTEXT,
)
@_path
@json_option
def compact(path: str | None, as_json: bool) -> None:
    """Return the space of deleted jobs to the disk."""
    file = _file(path)
    before, after = tasks.compact(file)
    if as_json:
        write_json([{"path": file, "before": before, "after": after}])
    else:
        click.echo(f"{visible(file)}: {before} bytes before, {after} bytes after")


@store.command(
    "export", short_help="Write a store as lines of JSON.", context_settings=CONTEXT
)
@_path
def export(path: str | None) -> int:
    """Write all that is kept to stdout, one JSON object a line.

    That is jobs, dead letters, recurring jobs, entries such as policies changed at run
    time, results, and what became of jobs.

    Rows that cannot be read are left out; then the exit status is 1.
    """
    file = _file(path)
    written, unreadable = tasks.export(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    complain("geartrain store export", f"{written} written, {unreadable} unreadable")
    return 1 if unreadable else 0


@store.command("import", short_help="Read an exported store.", context_settings=CONTEXT)
@_path
def import_lines(path: str | None) -> None:
    """Read the output of export from stdin into a store, creating it if missing.

    PATH may also name a database, such as mysql://user:password@host/database.
    """
    location = _location(path)
    if file_of(location):
        count = tasks.import_lines(file_of(location), sys.stdin.buffer)
    elif location == MEMORY:
        raise OptionError("memory: keeps nothing: name a file or a database")
    else:
        made = make_store(location, "disk")
        count = tasks.import_into(made, sys.stdin.buffer)
    click.echo(f"{count} imported")


def _location(path: str | None) -> str:
    """Return the name of the store that a path or the default names."""
    location = default_store() if path is None else path
    # Here a bare word is a file, too.
    is_word = location and not any(each in location for each in "/:")
    return f"./{location}" if is_word else location


def _file(path: str | None) -> str:
    """Return the file that a path or the default names.

    Raises:
        OptionError: it names no file.
    """
    location = _location(path)
    file = file_of(location)
    if not file and location == MEMORY:
        raise OptionError("memory: keeps nothing in a file: name a file")
    if not file:
        raise OptionError(
            f"{show_store(location)} is no file: use the tools of that database"
        )
    return file
