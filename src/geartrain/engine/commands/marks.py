"""The text command that lists moments: starts and ends, workers that left and came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Latest, invalid, read_latest
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
        peer.rest = _rows(state, peer, read_latest(words[1:]))
    except OptionError as refusal:
        return invalid(str(refusal))
    return b""


def _rows(state: State, peer: Peer, wanted: Latest) -> Iterator[bytes]:
    state.turns.work += _FIND
    listed, last = 0, 0
    for mark in state.marks.before(wanted.before, wanted.function):
        if mark.function and not peer.may(SEE, mark.function):
            continue
        if listed == wanted.most:
            yield row({"after": str(last)})
            break
        state.turns.work += _ROW
        listed += 1
        last = mark.number
        yield row({**mark.values()})
    yield END_OF_LIST
