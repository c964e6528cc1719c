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
from geartrain.cli.running import Running, ask_options
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
    running = ask_options(server)
    findings = [*_configured(config, running, _is_named()), *examine_server(server)]
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


def _configured(
    config: str | None, running: Running, is_named: bool
) -> Iterator[Finding]:
    """Examine the configuration, and the machine for what it asks.

    A store that nobody names here is that of the job server that answers. If none does,
    the default one is looked at unless a server is named: that would be another's.
    """
    flags: dict[str, Any] = dict.fromkeys(options_of(Options))
    try:
        configuration = server_configuration({**flags, "config": config})
    except OptionError as error:
        yield Finding("wrong", "configuration", str(error), "mend it, and ask again")
        return
    file = configuration.file
    given = f"{len(configuration.given)} given"
    if file is not None:
        yield Finding("ok", "configuration", f"{file.path}, {given}")
    elif running.file:
        yield _unread(running)
    else:
        yield Finding("ok", "configuration", f"no file, {given}")
    for notice in configuration.notices:
        yield Finding("warning", "configuration", notice, "mend or remove it")
    is_given = "store" in configuration.given
    yield from examine_machine(
        configuration.options,
        has_store=is_given or not is_named,
        running=None if is_given else running,
    )


def _unread(running: Running) -> Finding:
    """Say that the job server has a file of which nothing is known here."""
    file = running.file
    text = (
        f"no file is named here, but {running.server} runs with {file}: what follows"
        " about limits, certificates and access goes by the defaults"
    )
    return Finding("warning", "configuration", text, f"name it: --config {file}")
