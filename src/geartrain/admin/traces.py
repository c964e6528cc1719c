"""The rows of a trace: the packets of a connection as they passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PacketRow", "packet_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRow:
    """One packet, or line of text, of a connection.

    Attributes:
        time: when it passed, in seconds since 1970.
        connection: the number of the connection, as in ``show connections``.
        address: the host that it comes from.
        direction: ``in`` for what the job server received, ``out`` for what it sent;
            empty for the end of the connection.
        packet: the packet type, such as ``SUBMIT_JOB_BG``; ``text`` for a line of
            text, ``garbage`` for neither, ``left`` for the end of the connection,
            ``missed`` for packets that were not told because rows were not read.
        size: the bytes of its arguments, or of the line; how many packets were missed.
        first: the first of these; what is not UTF-8 is lone surrogates.
    """

    time: float
    connection: int
    address: str
    direction: str
    packet: str
    size: int
    first: str


def packet_row(values: Mapping[str, Any]) -> PacketRow:
    """Read a job server's row of a trace; raise KeyError if it is none."""
    return PacketRow(
        time=values["time"],
        connection=values["connection"],
        address=values.get("address", ""),
        direction=values.get("direction", ""),
        packet=values["packet"],
        size=values.get("size", 0),
        first=values.get("first", ""),
    )
