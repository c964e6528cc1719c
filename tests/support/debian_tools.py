"""Run a tool of Debian's and ours with the same command line, and compare them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support.peers import WAIT, Peer, Peers

HERE = "geartrain.cli"
HANDLE = re.compile(rb"H:[^\s:]+:\d+")


class Told(NamedTuple):
    """What a tool did: the exit status and what it wrote."""

    status: int
    out: bytes
    err: bytes


def ours(tool: str) -> tuple[str, ...]:
    """Return the command that runs our own tool."""
    return (sys.executable, "-m", f"{HERE}.{tool}")


def where(peers: Peers) -> tuple[str, ...]:
    """Return the options that name the job server to either tool."""
    return ("-h", peers.server.host, "-p", str(peers.server.port))


def told(peer: Peer) -> Told:
    """Wait for the end of a tool and return what it did."""
    status = peer.process.wait(WAIT)
    return Told(status, plain(peer.output), plain(peer.err.read_bytes()))


def plain(output: bytes) -> bytes:
    """Leave out what differs from run to run, and where in libgearman an error is."""
    output = re.sub(rb" -> libgearman/\S+: pid\(\d+\)", b"", output)
    output = re.sub(rb" pid\(\d+\)", b"", output)
    return HANDLE.sub(b"HANDLE", output)


def both(
    peers: Peers,
    tool: str,
    *arguments: str | Path,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> tuple[Told, Told]:
    """Run Debian's tool, then ours, to the end; return what each did."""
    commands = ((f"/usr/bin/{tool}",), ours(tool))
    found = [
        told(peers.start(*each, *arguments, stdin=stdin, environment=environment))
        for each in commands
    ]
    # Debian's prints its name as it was called.
    name = f"/usr/bin/{tool}".encode()
    original = Told(
        found[0].status, *(o.replace(name, tool.encode()) for o in found[0][1:])
    )
    mine = found[1]
    return original, Told(
        mine.status,
        *(o.replace(f"{tool}.py".encode(), tool.encode()) for o in mine[1:]),
    )
