"""``geartrain top``: a job server on a full screen."""

from __future__ import annotations

import os
import shlex
import sys

import click

from geartrain.cli.common import CONTEXT, server_option
from geartrain.errors import OptionError
from geartrain.transport.connect import Connector

__all__ = ["top"]

# Seconds between two looks.
_INTERVAL = 2.0
# As in ``pages``, which is not imported for the help: textual is large.
_PAGES = (
    "functions",
    "jobs",
    "workers",
    "failures",
    "dead",
    "history",
    "schedules",
    "actions",
    "problems",
)
_THEMES = ("auto", "dark", "light", "terminal")


@click.command(
    short_help="See and steer a job server on a full screen.", context_settings=CONTEXT
)
# The choices in the place of [PAGE] would be broken in the middle of a word.
@click.argument("page", type=click.Choice(_PAGES), default=_PAGES[0], metavar="[PAGE]")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILTER",
    help="Only rows that are like this, as of `geartrain jobs`. Repeatable.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.2, max=3600),
    default=_INTERVAL,
    show_default=True,
    metavar="SECONDS",
    help="Seconds between two looks at the job server.",
)
@click.option(
    "--read-only", "is_read_only", is_flag=True, help="Have no keys that change things."
)
@click.option(
    "--theme",
    type=click.Choice(_THEMES),
    default=_THEMES[0],
    show_default=True,
    envvar="GEARTRAIN_TOP_THEME",
    show_envvar=True,
    help="Colours: auto is by the terminal's background, terminal its own 16 colours.",
)
@server_option
def top(
    page: str,
    server: Connector,
    filters: tuple[str, ...],
    interval: float,
    is_read_only: bool,
    theme: str,
) -> None:
    """See what a job server does, live, and steer it.

    PAGE is what is shown first: functions, jobs, workers, failures, dead, history,
    schedules, actions or problems. The keys stand in the last line; `?` lists them all.
    """
    if not _has_screen():
        raise OptionError(
            "top needs a terminal with a screen: in a pipe, or where TERM is dumb, use"
            " geartrain statistics --watch"
        )
    for name in ("COLUMNS", "LINES"):
        # Some shells export them, and textual would never follow the terminal's size.
        os.environ.pop(name, None)
    from geartrain.top.app import Top
    from geartrain.top.themes import chosen_theme

    Top(
        server,
        page=page,
        search=shlex.join(filters),
        interval=interval,
        is_read_only=is_read_only,
        theme=chosen_theme(theme),
    ).run()


def _has_screen() -> bool:
    """Tell whether there is a terminal that can do more than print lines.

    textual draws on stderr, but with stdout redirected, or where TERM is ``dumb``, it
    shows nothing and takes no keys, not even Ctrl+C.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    is_dumb = os.environ.get("TERM", "").lower() == "dumb"
    return not is_dumb and all(each.isatty() for each in streams)
