"""Conditions: the options of all commands that say which jobs are meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from geartrain.cli.times import duration

__all__ = ["condition_options"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option("--unique", metavar="U", help="Only jobs with this unique."),
    click.option("--key", metavar="K", help="Only jobs of this flow key."),
    click.option("--batch", metavar="B", help="Only jobs of this batch."),
    click.option(
        "--owner", metavar="O", help="Only jobs that count for this owner's limits."
    ),
    click.option(
        "--error", metavar="TEXT", help="Only jobs whose last error has this text."
    ),
    click.option(
        "--kind",
        metavar="KIND",
        help="Only jobs whose last error is of this kind, as of `geartrain failures`.",
    ),
    click.option(
        "--older",
        type=duration,
        metavar="AGE",
        help="Submitted longer ago, as in 90s, 2h.",
    ),
    click.option("--newer", type=duration, metavar="AGE", help="Submitted since then."),
)


def condition_options(function: _Function) -> _Function:
    """Add options to a command, which passes them on as ``Conditions`` of ``Admin``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
