"""``geartrain doctor``: look for what is wrong with a job server and its machine."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.examination import Finding, examine_machine, examine_server
from geartrain.cli.output import write_json, write_lines
from geartrain.cli.server import server_configuration
from geartrain.configuration.option import options_of
from geartrain.errors import OptionError
from geartrain.server.options import Options
from geartrain.texts import visible
from geartrain.transport.connect import SERVERS, Connector

__all__ = ["doctor"]

_INDENT = " " * 25
"""Below it is what was found, and what to do."""


@click.command(
    short_help="Look for what is wrong with a job server and its machine.",
    context_settings=CONTEXT,
)
@click.option(
    "--config",
    metavar="PATH",
    help="The configuration file of the server.  [env var: GEARTRAIN_CONFIG]",
)
@json_option
@server_option
def doctor(config: str | None, server: Connector, as_json: bool) -> int:
    """Look for what is wrong, and say what to do.

    That is the configuration that geartrain server would read, the limits of this
    machine, certificates, the store, the versions in use, whether the job server
    answers, and what it says is wrong. Nothing is changed.

    The exit status is 1 if something is wrong; a warning is no reason.
    """
    findings = [*_configured(config, _is_named()), *examine_server(server)]
    if as_json:
        write_json([dataclasses.asdict(each) for each in findings])
    else:
        write_lines([line for each in findings for line in _lines(each)])
    return int(any(each.level == "wrong" for each in findings))


def _lines(finding: Finding) -> Iterator[str]:
    """Yield what was found and what to do, wrapped to the width of a terminal."""
    title = f"{finding.level:<7}  {finding.topic:<14}  "
    yield from _wrapped(title, finding.text)
    if finding.remedy:
        yield from _wrapped(f"{_INDENT}to do: ", finding.remedy)


def _wrapped(title: str, text: str) -> list[str]:
    line = f"{title}{visible(text)}"
    if not sys.stdout.isatty():
        return [line]
    width = max(shutil.get_terminal_size().columns, 2 * len(_INDENT))
    # A name stays whole, so that it can be copied.
    return textwrap.wrap(line, width, subsequent_indent=_INDENT, break_on_hyphens=False)


def _is_named() -> bool:
    """Tell whether the server to ask was named: it need not be this machine's."""
    source = click.get_current_context().get_parameter_source("server")
    return source is not ParameterSource.DEFAULT or bool(os.environ.get(SERVERS))


def _configured(config: str | None, is_named: bool) -> Iterator[Finding]:
    """Examine the configuration, and the machine for what it asks.

    With a server that is named, the store is looked at only if that is named, too: the
    default one would be another's.
    """
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
    has_store = "store" in configuration.given or not is_named
    yield from examine_machine(configuration.options, has_store=has_store)
