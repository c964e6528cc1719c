"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from geartrain.admin.spans import about
from geartrain.cli.program import complain
from geartrain.errors import OptionError
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector, default_servers
from geartrain.transport.tls import Tls

__all__ = [
    "CONTEXT",
    "json_option",
    "server_option",
    "workload_option",
]

CONTEXT: dict[str, Any] = {"max_content_width": 88}

_Function = TypeVar("_Function", bound=Callable[..., Any])


_SERVER = (
    click.option(
        "--server",
        default=lambda: default_servers()[0],
        show_default="the first of GEARMAN_SERVERS, else 127.0.0.1:4730",
        envvar="GEARTRAIN_SERVER",
        show_envvar=True,
        metavar="ADDRESS",
        help="The running job server: host:port or unix:/path.",
    ),
    click.option(
        "--local",
        is_flag=True,
        help="Ask this job server alone, and not all that share its store.",
    ),
    click.option(
        "--tls",
        is_flag=True,
        envvar="GEARTRAIN_TLS",
        show_envvar=True,
        help="Use TLS; implied by the next three options.",
    ),
    click.option(
        "--tls-ca",
        envvar="GEARTRAIN_TLS_CA",
        show_envvar=True,
        metavar="PATH",
        help="Authorities to trust (PEM).  [default: the system's trust store]",
    ),
    click.option(
        "--tls-cert",
        envvar="GEARTRAIN_TLS_CERT",
        show_envvar=True,
        metavar="PATH",
        help="Certificate to present if the job server asks for one (PEM).",
    ),
    click.option(
        "--tls-key",
        envvar="GEARTRAIN_TLS_KEY",
        show_envvar=True,
        metavar="PATH",
        help="Private key of --tls-cert.  [default: in the same file]",
    ),
    click.option(
        "--token-file",
        envvar="GEARTRAIN_TOKEN_FILE",
        show_envvar=True,
        metavar="PATH",
        help="Show the job server the token in this file.",
    ),
)


def server_option(function: _Function) -> _Function:
    """Add ``--server`` and its TLS options; ``server`` becomes a connector to it.

    Of a command's decorators it is the lowest, so that its help lists its own first.
    """

    @functools.wraps(function)
    def connected(
        *arguments: Any,
        server: str,
        local: bool,
        tls: bool,
        tls_ca: str | None,
        tls_cert: str | None,
        tls_key: str | None,
        token_file: str | None,
        **flags: Any,
    ) -> Any:
        files = Tls(ca=tls_ca or "", cert=tls_cert or "", key=tls_key or "")
        used = files if tls or files != Tls() else None
        token = Path(token_file) if token_file else None
        connector = SocketConnector(parse_address(server), used, token)
        missing: dict[str, str] = {}
        # Only commands that list have it.
        every = flags.pop("every", False)
        if local and every:
            raise OptionError("--local and --all exclude each other")
        span = "local" if local else "all" if every else ""
        try:
            with about(span, missing.__setitem__):
                return function(*arguments, server=connector, **flags)
        finally:
            for name, reason in missing.items():
                complain("geartrain", f"{name} did not answer: {reason}")

    for option in reversed(_SERVER):
        connected = option(connected)
    return cast("_Function", connected)


def json_option(function: _Function) -> _Function:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object a line."
    )(function)


def workload_option(function: _Function) -> _Function:
    """Add ``--workload``."""
    return click.option(
        "--workload",
        is_flag=True,
        help="Write the bytes of the workload, and nothing else.",
    )(function)
