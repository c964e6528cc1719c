"""``geartrain import``: submit the jobs of gearmand's persistent queue."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import click

from geartrain.cli.common import server_option
from geartrain.cli.program import complain
from geartrain.cli.progress import ProgressBar
from geartrain.errors import OptionError
from geartrain.importing.importer import QueueImporter, Tally
from geartrain.importing.locations import Location, open_source
from geartrain.importing.submitter import Submitter, connect
from geartrain.transport.connect import Connector

__all__ = ["import_"]

_NAME = "geartrain import"


@click.command(
    "import",
    short_help="Submit the jobs of gearmand's persistent queue.",
    context_settings={"max_content_width": 88},
)
@click.argument("source")
@click.option(
    "--table",
    metavar="NAME",
    help="The queue's table.  [default: gearman_queue; PostgreSQL: queue]",
)
@click.option(
    "--prefix",
    metavar="TEXT",
    help="Prefix of the queue's keys.  [default: _gear_; memcached: gear_]",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME",
    help="A function in the keys of Redis or memcached; needed if dashes in a key make"
    " it ambiguous. May be repeated.",
)
@click.option(
    "--delete",
    is_flag=True,
    help="Delete each job from the old queue once the job server has accepted it.",
)
@click.option("--dry-run", is_flag=True, help="Read and check all jobs, submit none.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@server_option
def import_(
    source: str, server: Connector, dry_run: bool, quiet: bool, **reading: Any
) -> int:
    """Submit the background jobs of gearmand's persistent queue.

    SOURCE is sqlite:///full/path, a file, mysql://user:password@host:port/database,
    postgresql://user:password@host:port/database, redis://host:port or
    memcached://host:port. Stop gearmand first. The exit status is 1 if a job was
    skipped.
    """
    location = Location(url=source, **reading)
    if location.delete and dry_run:
        raise OptionError("--delete and --dry-run exclude each other")
    return _import(location, None if dry_run else server, quiet)


def _import(location: Location, server: Connector | None, quiet: bool) -> int:
    """Import to a job server, or only read without one; return the exit status."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(ProgressBar(is_wanted=not quiet))

        def advance(tally: Tally) -> None:
            rate = tally.rows / (time.monotonic() - start)
            progress.show(f"{tally.rows:,} jobs, {rate:,.0f} a second")

        opened = stack.enter_context(contextlib.closing(open_source(location)))
        submitter = None
        if server is not None:
            submitter = Submitter(connect(server))
            stack.callback(submitter.close)
        importer = QueueImporter(
            opened,
            submitter,
            location.delete,
            lambda words: complain(_NAME, words),
            advance,
        )
        try:
            importer.run()
        finally:
            progress.hide()
            _tell(importer.tally, server is None, location.delete, quiet)
    return 1 if importer.tally.skipped else 0


def _tell(tally: Tally, is_dry: bool, deletes: bool, quiet: bool) -> None:
    """Print the counts."""
    if tally.leveled:
        complain(
            _NAME,
            f"{tally.leveled} jobs of high or low priority that have a due time became"
            " normal: SUBMIT_JOB_EPOCH has no other",
        )
    if quiet:
        return
    if is_dry:
        click.echo(f"{tally.rows} read, {tally.skipped} to skip, nothing submitted")
        return
    deleted = f", {tally.deleted} deleted" if deletes else ""
    click.echo(
        f"{tally.rows} read: {tally.submitted} submitted,"
        f" {tally.coalesced} coalesced, {tally.skipped} skipped{deleted}"
    )
