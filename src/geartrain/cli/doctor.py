"""``geartrain doctor``: look for what is wrong with a job server and its machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import click

from geartrain.cli.columns import PROSE, Column
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.examination import Finding, examine_machine, examine_server
from geartrain.cli.output import write_json
from geartrain.cli.server import server_configuration
from geartrain.cli.tables import write_table
from geartrain.configuration.option import options_of
from geartrain.errors import OptionError
from geartrain.server.options import Options
from geartrain.transport.connect import Connector

__all__ = ["doctor"]

_COLUMNS: list[Column[Finding]] = [
    Column("", attrgetter("level")),
    Column("WHAT", attrgetter("topic"), worth=2),
    Column("FOUND", attrgetter("text"), PROSE),
    Column("TO DO", attrgetter("remedy"), PROSE),
]


@click.command(
    short_help="Look for what is wrong with a job server and its machine.",
    context_settings=CONTEXT,
)
@click.option(
    "--config",
    metavar="PATH",
    help="The configuration file of the server.  [env var: GEARTRAIN_CONFIG]",
)
@server_option
@json_option
def doctor(config: str | None, server: Connector, as_json: bool) -> int:
    """Look for what is wrong, and say what to do.

    That is the configuration that geartrain server would read, the limits of this
    machine, certificates, the store, the versions in use, whether the job server
    answers, and what it says is wrong. Nothing is changed.

    The exit status is 1 if something is wrong; a warning is no reason.
    """
    findings = [*_configured(config), *examine_server(server)]
    if as_json:
        write_json([dataclasses.asdict(each) for each in findings])
    else:
        write_table(_COLUMNS, findings)
    return int(any(each.level == "wrong" for each in findings))


def _configured(config: str | None) -> Iterator[Finding]:
    """Examine the configuration, and the machine for what it asks."""
    flags: dict[str, Any] = dict.fromkeys(options_of(Options))
    try:
        configuration = server_configuration({**flags, "config": config})
    except OptionError as error:
        yield Finding("wrong", "configuration", str(error), "mend it, and ask again")
        return
    file = configuration.file
    said = "no file" if file is None else file.path
    yield Finding("ok", "configuration", f"{said}, {len(configuration.given)} given")
    for notice in configuration.notices:
        yield Finding("warning", "configuration", notice, "mend or remove it")
    yield from examine_machine(configuration.options)
