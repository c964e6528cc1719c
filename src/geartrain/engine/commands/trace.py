"""The text command that shows the packets of a connection as they pass."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.traces import Trace
from geartrain.engine.state import tracing
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import OK, error

__all__ = ["trace"]

_ARGUMENTS: Final = (b"limit", b"seconds", b"first")
_UNKNOWN: Final = "no other connection has this number: see connections"

# Maximum number of traces at a time, of packets, of seconds, and of bytes of each; and
# what they are if nothing is said.
_MOST_TRACES: Final = 10
_MOST_PACKETS, _PACKETS = 10_000, 1_000
_MOST_SECONDS, _SECONDS = 3600.0, 60.0
_MOST_BYTES, _BYTES = 1024, 64


def trace(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell of each packet of a connection, or of all of an address, for a while.

    ``trace NUMBER|ADDRESS [limit=N] [seconds=S] [first=BYTES]`` answers ``OK`` and then
    a row a packet, until these are N, S seconds have passed, the connection ends, or
    something else is asked; then comes a dot.
    """
    if len(words) < 2 or b"=" in words[1]:
        return invalid("trace takes the number of a connection, or an address")
    try:
        arguments = read_arguments(words[2:], _ARGUMENTS)
        most = arguments.number(b"limit", _PACKETS)
        first = arguments.number(b"first", _BYTES)
        seconds = arguments.seconds(b"seconds") or _SECONDS
    except OptionError as refusal:
        return invalid(str(refusal))
    if not 0 < most <= _MOST_PACKETS:
        return invalid(f"limit is a number from 1 to {_MOST_PACKETS}")
    if len(state.traces) >= _MOST_TRACES:
        return error(b"TOO_MANY", f"there are {_MOST_TRACES} traces already")
    which = words[1]
    number = int(which) if which.isdigit() and len(which) <= 18 else 0
    if which.isdigit() and not _is_connected(state, number, peer):
        return error(b"UNKNOWN_CONNECTION", _UNKNOWN)
    wanted = Trace(peer, number, which, most, min(first, _MOST_BYTES))
    tracing.begin(state, wanted, min(seconds, _MOST_SECONDS))
    return OK


def _is_connected(state: State, number: int, peer: Peer) -> bool:
    """Tell whether a connection is there; ``peer`` cannot trace itself."""
    state.turns.work += len(state.peers) >> 6
    return number != peer.number and any(each.number == number for each in state.peers)
