"""The text command that lists moments: starts and ends, workers that left and came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.rows import row
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["marks"]

# Units of work, as ``turns`` counts it, of a row, and of finding all marks.
_ROW: Final = 10
_FIND: Final = 200


def marks(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List when the job server started and ended, and functions had no worker.

    ``marks [function=F] [limit=N] [after=T]`` answers a row each, the latest first,
    and, if there may be earlier ones, ``{"after": T}`` with what to ask them for.
    """
    try:
        arguments = read_arguments(words[1:], (b"function", b"limit", b"after"))
        most = arguments.limit()
        before = arguments.number(b"after", 0)
    except OptionError as refusal:
        return invalid(str(refusal))
    peer.rest = _rows(state, peer, arguments.get(b"function"), most, before)
    return b""


def _rows(
    state: State, peer: Peer, function: bytes, most: int, before: int
) -> Iterator[bytes]:
    state.turns.work += _FIND
    listed, last = 0, 0
    for mark in state.marks.before(before, function):
        if mark.function and not peer.may(SEE, mark.function):
            continue
        if listed == most:
            yield row({"after": str(last)})
            break
        state.turns.work += _ROW
        listed += 1
        last = mark.number
        yield row({**mark.values()})
    yield END_OF_LIST
