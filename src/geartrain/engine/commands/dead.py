"""The text commands that show dead letters, try them again, and drop them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.dead_groups import dead_groups
from geartrain.engine.commands.filters import LETTER_CONDITIONS, Filter, read_filter
from geartrain.engine.commands.listings import ROW
from geartrain.engine.commands.permission import check_job
from geartrain.engine.commands.rows import record_row, row, text, whole_record
from geartrain.engine.commands.sweeps import (
    UNKNOWN_JOB,
    steer_dead,
    steer_letter,
)
from geartrain.engine.jobs.steering import Drop, Order, Revive, is_dead
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindDead, ListDead
from geartrain.engine.records import JobRecord
from geartrain.engine.state import reads
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["dead"]


def dead(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Show and steer dead letters.

    ``dead list [function=F] [reason=R] [error=TEXT] [order=newest]`` with ``limit=N``
    and ``after=T`` answers a row each, ``dead groups [function=F]`` one for each kind
    of failure, ``dead show H`` one with the workload; ``dead retry H`` and ``dead drop
    H`` answer ``OK``, and ``dead retry all`` and ``dead drop all``, with
    ``function=F``, ``reason=R``, ``error=TEXT`` and ``count=yes`` if need be, answer
    ``OK`` and how many these were.
    """
    what = words[1].lower() if len(words) > 1 else b""
    if what == b"list":
        return _list(state, peer, words[2:])
    if what == b"groups":
        return dead_groups(state, peer, words[2:])
    if what == b"show" and len(words) == 3:
        return _show(state, peer, words[2])
    if what in _ORDERS and len(words) > 2 and words[2].lower() == b"all":
        return steer_dead(state, peer, words[3:], _ORDERS[what])
    if what in _ORDERS and len(words) == 3:
        return steer_letter(state, peer, words[2], _ORDERS[what])
    return invalid(
        "dead takes list or groups, or show, retry or drop and a handle, or all"
    )


# Letters that are looked at for one list.
_MOST_LOOKED_AT: Final = 10_000
# Units of work, as ``turns`` counts it, of a letter that is looked at.
_LOOK: Final = 2
_LIST: Final = (*LETTER_CONDITIONS, b"order", b"limit", b"after")

_ORDERS: Final[dict[bytes, Order]] = {b"retry": Revive(), b"drop": Drop()}


def _show(state: State, peer: Peer, handle: bytes) -> bytes:
    """Show the dead letter of this handle."""
    number = state.number(handle)
    if not state.journal.is_on or not number:
        return UNKNOWN_JOB
    answers = peer.take_answers()
    if not answers:
        state.ask(peer, [FindDead(number, False)])
        return b""
    answer = answers[0]
    assert isinstance(answer, FindDead)
    record = answer.record
    if answer.error or record is None or not is_dead(state, record, handle):
        reads.end(state, peer)
        return error(b"STORE_ERROR", answer.error) if answer.error else UNKNOWN_JOB
    check_job(state, peer, record.function)
    if not answer.with_workload:
        return _ask_whole(state, peer, record)
    peer.rest = _whole(state, peer, record)
    return b""


def _whole(state: State, peer: Peer, record: JobRecord) -> Iterator[bytes]:
    yield from whole_record(state, record)
    reads.end(state, peer)
    yield END_OF_LIST


def _ask_whole(state: State, peer: Peer, record: JobRecord) -> bytes:
    """Ask for a dead letter with its workload, if there is memory for it."""
    if not reads.begin(state, peer, record.size):
        return error(b"STORE_ERROR", reads.NO_MEMORY)
    state.ask(peer, [FindDead(record.number)])
    return b""


def _list(state: State, peer: Peer, words: list[bytes]) -> bytes:
    try:
        arguments = read_arguments(words, _LIST)
        wanted = read_filter(state, arguments)
        wanted.access = peer.access
        most = arguments.limit()
        after = arguments.number(b"after", 0)
        order = arguments.get(b"order") or b"oldest"
        if order not in (b"oldest", b"newest"):
            raise OptionError(f"order is oldest or newest, not {text(order)!r}")
    except OptionError as refusal:
        return invalid(str(refusal))
    if not state.journal.is_on:
        return END_OF_LIST
    peer.rest = _rows(state, peer, wanted, most, after, order == b"newest")
    return b""


def _rows(
    state: State,
    peer: Peer,
    wanted: Filter,
    most: int,
    after: int,
    is_backward: bool,
) -> Iterator[bytes]:
    """Give the rows of the next letters that are wanted, among some that are looked at.

    Where few are wanted there may be none among these; the last row says where to go
    on.
    """
    left, looked = most, 0
    while True:
        query = ListDead(after, left, wanted.name())
        query.is_backward = is_backward
        state.ask(peer, [query])
        yield b""
        (answer,) = peer.take_answers()
        assert isinstance(answer, ListDead)
        if answer.error:
            # Of a list that has begun only its end can tell: it has none.
            yield error(b"STORE_ERROR", answer.error) if left == most else b""
            return
        # What leaves later than this has left after the answer.
        dead = [each for each in answer.records if is_dead(state, each, b"")]
        for record in dead:
            state.turns.work += _LOOK
            if wanted.takes_letter(record):
                state.turns.work += ROW
                left -= 1
                yield record_row(state, record)
        looked += len(answer.records)
        if len(answer.records) < query.most:
            break
        after = answer.records[-1].number
        if left == 0 or looked >= _MOST_LOOKED_AT:
            yield row({"after": str(after)})
            break
    yield END_OF_LIST
