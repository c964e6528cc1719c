"""What all commands that ask a running job server have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from geartrain.admin import DEFAULT_SERVER

__all__ = ["CONTEXT", "as_json", "asked_server", "workload_only"]

CONTEXT: dict[str, Any] = {"max_content_width": 88}

_Function = TypeVar("_Function", bound=Callable[..., Any])


def asked_server(function: _Function) -> _Function:
    """Add ``--server``."""
    return click.option(
        "--server",
        default=DEFAULT_SERVER,
        show_default=True,
        envvar="GEARTRAIN_SERVER",
        show_envvar=True,
        metavar="ADDRESS",
        help="The running job server: host:port or unix:/path.",
    )(function)


def as_json(function: _Function) -> _Function:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object a line."
    )(function)


def workload_only(function: _Function) -> _Function:
    """Add ``--workload``."""
    return click.option(
        "--workload",
        is_flag=True,
        help="Write the workload alone, byte by byte as it is.",
    )(function)
