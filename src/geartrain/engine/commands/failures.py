"""The text command that groups the jobs that failed lately by what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.rows import calendar_time, row, text
from geartrain.engine.endings import Ending, failures_of
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST
from geartrain.texts import error_line

__all__ = ["failures"]

_ARGUMENTS: Final = (b"function", b"limit")

# The latest jobs that ended, of which those that failed count.
_LATEST: Final = 20_000
# Groups that are kept; what comes after them, which is older, is not told apart.
_MOST_GROUPS: Final = 1_000
# Characters of an error that tell groups apart.
_MOST_ERROR: Final = 200

# Units of work, as ``turns`` counts it: of a row, of a failure that is looked at, and
# of endings that are passed by, as a shift.
_ROW: Final = 15
_FAILURE: Final = 10
_LOOKED_AT: Final = 256
_LOOK: Final = 3

# What failures of one group have in common: function, error, outcome.
_Key = tuple[bytes, str, bytes]


class _FailureKind:
    """Jobs that failed in the same way."""

    def __init__(self, latest: Ending) -> None:
        self.latest = latest
        self.first = latest.ended
        self.count = 0


def failures(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List kinds of failures among the latest ends of jobs, the most frequent first.

    ``failures [function=F] [limit=N]`` answers a row for each function, outcome, and
    line of an error that says what went wrong.
    """
    try:
        arguments = read_arguments(words[1:], _ARGUMENTS)
        limit = arguments.limit()
    except OptionError as refusal:
        return invalid(str(refusal))
    peer.rest = _list(state, peer, arguments.get(b"function"), limit)
    return b""


def _list(state: State, peer: Peer, function: bytes, limit: int) -> Iterator[bytes]:
    groups: dict[_Key, _FailureKind] = {}
    first, following = state.history.first(), state.history.following()
    now = state.server_time()
    for serial in range(following - 1, max(first, following - _LATEST) - 1, -1):
        ending = state.history.at(serial)
        is_wanted = ending is not None and ending.is_failure() and ending.until > now
        if ending is not None and is_wanted and function in (b"", ending.function):
            state.turns.work += _FAILURE
            if peer.may(SEE, ending.function):
                _add(groups, ending)
        if serial % _LOOKED_AT == 0:
            state.turns.work += _LOOKED_AT >> _LOOK
            yield b""
    ordered = sorted(groups.items(), key=_rank)
    for key, group in ordered[:limit]:
        state.turns.work += _ROW
        yield _row(state, key, group)
    yield END_OF_LIST


def _rank(item: tuple[_Key, _FailureKind]) -> tuple[int, float]:
    return -item[1].count, -item[1].latest.ended


def _add(groups: dict[_Key, _FailureKind], ending: Ending) -> None:
    error = error_line(ending.error())[:_MOST_ERROR]
    key = (ending.function, error, ending.outcome)
    group = groups.get(key)
    if group is None:
        if len(groups) >= _MOST_GROUPS:
            return
        group = groups[key] = _FailureKind(ending)
    group.count += 1
    group.first = ending.ended


def _row(state: State, key: _Key, group: _FailureKind) -> bytes:
    function, error, outcome = key
    latest = group.latest
    return row(
        {
            "function": text(function),
            "state": text(outcome),
            "error": error or None,
            "reason": text(failures_of(latest).reason) or None,
            "count": group.count,
            "first": calendar_time(state, group.first),
            "last": calendar_time(state, latest.ended),
            "handle": text(latest.handle),
            "worker": text(latest.who()) or None,
        }
    )
