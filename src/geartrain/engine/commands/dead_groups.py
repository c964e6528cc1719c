"""The text command that groups dead letters by what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.rows import calendar_time, row, text
from geartrain.engine.jobs.steering import is_dead
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import ListDead
from geartrain.engine.records import JobRecord
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error
from geartrain.texts import error_line

__all__ = ["dead_groups"]

# The latest dead letters, which are grouped: reading them takes the store 50 ms.
_LATEST: Final = 5_000
# Letters that a step looks at.
_SLICE: Final = 250
# Groups that are kept; what comes after them, which is older, is not told apart.
_MOST_GROUPS: Final = 1_000
# Characters of an error that tell groups apart.
_MOST_ERROR: Final = 200
# Units of work, as ``turns`` counts it: of a row, and of a letter that is looked at.
_ROW: Final = 15
_LOOK: Final = 10

# What the letters of a group have in common: function, reason, and line of the error.
_Key = tuple[bytes, bytes, str]


class _Group:
    """Dead letters of one kind."""

    def __init__(self, latest: JobRecord) -> None:
        self.latest = latest
        self.first = latest.died
        self.last = latest.died
        self.count = 0


def dead_groups(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List kinds of dead letters among the latest, the most frequent first.

    ``dead groups [function=F] [limit=N]`` answers a row for each function, reason, and
    line of an error that says what went wrong.
    """
    try:
        arguments = read_arguments(words, (b"function", b"limit"))
        limit = arguments.limit()
    except OptionError as refusal:
        return invalid(str(refusal))
    if not state.journal.is_on:
        return END_OF_LIST
    peer.rest = _list(state, peer, arguments.get(b"function") or None, limit)
    return b""


def _list(
    state: State, peer: Peer, function: bytes | None, limit: int
) -> Iterator[bytes]:
    groups: dict[_Key, _Group] = {}
    after, looked = 0, 0
    while looked < _LATEST:
        query = ListDead(after, _SLICE, function)
        query.is_backward = True
        state.ask(peer, [query])
        yield b""
        (answer,) = peer.take_answers()
        assert isinstance(answer, ListDead)
        if answer.error:
            yield error(b"STORE_ERROR", answer.error)
            return
        for record in answer.records:
            state.turns.work += _LOOK
            if is_dead(state, record, b"") and peer.may(SEE, record.function):
                _add(groups, record)
        looked += len(answer.records)
        if len(answer.records) < _SLICE:
            break
        after = answer.records[-1].number
    for key, group in sorted(groups.items(), key=_rank)[:limit]:
        state.turns.work += _ROW
        yield _row(state, key, group)
    yield END_OF_LIST


def _rank(item: tuple[_Key, _Group]) -> tuple[int, float]:
    return -item[1].count, -item[1].last


def _add(groups: dict[_Key, _Group], record: JobRecord) -> None:
    failures = record.failures
    reason, line = b"", ""
    if failures is not None:
        reason, line = failures.reason, error_line(failures.error)[:_MOST_ERROR]
    key = (record.function, reason, line)
    group = groups.get(key)
    if group is None:
        if len(groups) >= _MOST_GROUPS:
            return
        group = groups[key] = _Group(record)
    group.count += 1
    group.first = min(group.first, record.died)
    if record.died > group.last:
        group.last, group.latest = record.died, record


def _row(state: State, key: _Key, group: _Group) -> bytes:
    function, reason, line = key
    latest = group.latest
    worker = b"" if latest.failures is None else latest.failures.worker
    return row(
        {
            "function": text(function),
            "state": "dead",
            "error": line or None,
            "reason": text(reason) or None,
            "count": group.count,
            "first": calendar_time(state, group.first),
            "last": calendar_time(state, group.last),
            "handle": text(latest.handle),
            "worker": text(worker) or None,
        }
    )
