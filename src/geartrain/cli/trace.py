"""``geartrain trace``: the packets of a connection as they pass."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Final

import click

from geartrain.admin import Admin, PacketRow
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import write_json, write_lines
from geartrain.cli.program import complain
from geartrain.errors import OptionError
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["trace"]

# Seconds beyond those of the trace to wait for the job server's answer.
_PATIENCE: Final = 20.0

_ARROWS: Final = {"in": "-->", "out": "<--", "": "---"}


@click.command(
    short_help="Show the packets of a connection as they pass.",
    context_settings=CONTEXT,
)
@click.argument("connection", metavar="NUMBER|ADDRESS")
@click.option("--limit", default=1000, metavar="N", help="End after so many packets.")
@click.option(
    "--seconds",
    default=60.0,
    metavar="S",
    help="Stop after S seconds, at most 3600.",
)
@click.option(
    "--first",
    default=64,
    metavar="BYTES",
    help="How many bytes of each packet to show, at most 1024.",
)
@json_option
@server_option
def trace(
    connection: str,
    limit: int,
    seconds: float,
    first: int,
    server: Connector,
    as_json: bool,
) -> int:
    """Show each packet that a connection sends (-->) and is sent (<--).

    NUMBER is that of a connection, as in `geartrain connections --json`. ADDRESS is the
    host that connections come from: those that are there, and those that come. It ends
    by itself, or at Ctrl-C.
    """
    if seconds <= 0:
        raise OptionError("--seconds is a number above 0")
    # Ctrl-C is how one ends what has gone on long enough.
    with (
        contextlib.suppress(KeyboardInterrupt),
        Admin(server, timeout=seconds + _PATIENCE) as admin,
    ):
        rows = admin.trace(connection, limit=limit, seconds=seconds, first=first)
        is_silent = True
        for row in rows:
            is_silent = False
            if as_json:
                write_json([dataclasses.asdict(row)])
            else:
                write_lines([_line(row)])
        if is_silent:
            complain("geartrain", _silence(connection))
    return 0


def _silence(connection: str) -> str:
    lists = "geartrain connections lists who is connected, and from where"
    return f"no packet passed of {connection}: {lists}"


def _line(row: PacketRow) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(row.time))
    part = f"{row.time % 1:.6f}".removeprefix("0")
    head = f"{moment}{part} {row.connection} {_ARROWS.get(row.direction, '---')} "
    if row.packet == "left":
        return f"{head}the connection ended"
    if row.packet == "missed":
        return f"{head}{row.size} packets passed unseen: they came too fast to be shown"
    shown = visible(row.first)
    rest = "…" if len(row.first.encode("utf-8", "surrogateescape")) < row.size else ""
    return f"{head}{row.packet} {row.size} {shown}{rest}".rstrip()
