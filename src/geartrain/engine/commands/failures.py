"""The text command that tells what made jobs fail lately."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.failure_kinds import Failed, FailureKinds
from geartrain.engine.endings import Ending, failures_of
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["failures"]

_ARGUMENTS: Final = (b"function", b"limit")

# The latest jobs that ended, of which those that failed count.
_LATEST: Final = 20_000
# Units of work, as ``turns`` counts it: of a failure that is looked at, and of endings
# that are passed by, as a shift.
_FAILURE: Final = 10
_LOOKED_AT: Final = 256
_LOOK: Final = 3


def failures(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List kinds of failures among the latest ends of jobs, the most frequent first.

    ``failures [function=F] [limit=N]`` answers a row for each function, outcome, reason
    and kind of error.
    """
    try:
        arguments = read_arguments(words[1:], _ARGUMENTS)
        limit = arguments.limit()
    except OptionError as refusal:
        return invalid(str(refusal))
    peer.rest = _list(state, peer, arguments.get(b"function"), limit)
    return b""


def _list(state: State, peer: Peer, function: bytes, limit: int) -> Iterator[bytes]:
    kinds = FailureKinds()
    first, following = state.history.first(), state.history.following()
    now = state.server_time()
    for serial in range(following - 1, max(first, following - _LATEST) - 1, -1):
        ending = state.history.at(serial)
        is_wanted = ending is not None and ending.is_failure() and ending.until > now
        if ending is not None and is_wanted and function in (b"", ending.function):
            state.turns.work += _FAILURE
            if peer.may(SEE, ending.function):
                kinds.add(state, _failed(ending))
        if serial % _LOOKED_AT == 0:
            state.turns.work += _LOOKED_AT >> _LOOK
            yield b""
    yield from kinds.rows(state, limit)
    yield END_OF_LIST


def _failed(ending: Ending) -> Failed:
    reason = failures_of(ending).reason
    failed = Failed(ending.function, ending.outcome, reason, ending.error())
    failed.time = ending.ended
    failed.handle = ending.handle
    failed.worker = ending.who()
    return failed
