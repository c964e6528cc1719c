"""``--watch``: show something at intervals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["repeat", "watch_option"]

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
# Seconds.
_INTERVAL = 2.0

_Function = TypeVar("_Function", bound=Callable[..., Any])


def watch_option(function: _Function) -> _Function:
    """Add ``--watch``."""
    return click.option(
        "--watch",
        is_flag=False,
        flag_value=_INTERVAL,
        type=click.FloatRange(min=0.1, max=86400),
        metavar="[SECONDS]",
        help=f"Show it again at this interval, by default {_INTERVAL:g} seconds.",
    )(function)


def repeat(show: Callable[[], None], every: float | None) -> None:
    """Show something once, or ``every`` given seconds until Ctrl-C.

    A terminal is cleared each time. In a pipe each output follows the last.
    """
    is_terminal = sys.stdout.isatty()
    try:
        while True:
            if every is not None and is_terminal:
                click.echo(_CLEAR, nl=False)
            show()
            sys.stdout.flush()
            if every is None:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        if every is None:
            raise
