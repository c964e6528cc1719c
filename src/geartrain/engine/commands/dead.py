"""The text commands that show dead letters, try them again, and drop them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.listings import ROW
from geartrain.engine.commands.rows import record_row, row, whole_record
from geartrain.engine.jobs.life import wait
from geartrain.engine.model import counts
from geartrain.engine.model.jobs import kept_job
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindDead, ListDead
from geartrain.engine.records import JobRecord
from geartrain.engine.state import functions, reads
from geartrain.engine.state.memory import record_cost
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["dead"]

_UNKNOWN_JOB: Final = error(b"UNKNOWN_JOB")


def dead(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Show and steer dead letters.

    ``dead list [function=F] [limit=N] [after=T]`` answers a row each, ``dead show H``
    one with the workload; ``dead retry H`` and ``dead drop H`` answer ``OK``.
    """
    what = words[1].lower() if len(words) > 1 else b""
    if what == b"list":
        return _list(state, peer, words[2:])
    if what not in (b"show", b"retry", b"drop") or len(words) != 3:
        return invalid("dead takes list, or show, retry or drop and a handle")
    return _steer(state, peer, what, words[2])


def _steer(state: State, peer: Peer, what: bytes, handle: bytes) -> bytes:
    """Show, retry or drop the dead letter of this handle."""
    number = state.number(handle)
    if not state.journal.is_on or not number:
        return _UNKNOWN_JOB
    answers = peer.take_answers()
    if not answers:
        return _ask(state, peer, what, number)
    answer = answers[0]
    assert isinstance(answer, FindDead)
    record = answer.record
    if answer.error or record is None or not _is_dead(state, record, handle):
        reads.end(state, peer)
        return error(b"STORE_ERROR", answer.error) if answer.error else _UNKNOWN_JOB
    if what == b"show" and not answer.with_workload:
        return _ask_whole(state, peer, record)
    if what == b"show":
        peer.rest = _whole(state, peer, record)
        return b""
    if what == b"retry":
        _retry(state, record)
    else:
        _drop(state, record)
    state.journal.hold_change(peer, is_text=True)
    return OK


def _whole(state: State, peer: Peer, record: JobRecord) -> Iterator[bytes]:
    yield from whole_record(state, record)
    reads.end(state, peer)
    yield END_OF_LIST


def _ask(state: State, peer: Peer, what: bytes, number: int) -> bytes:
    """Ask for a dead letter; to be tried again it needs its workload."""
    is_retried = what == b"retry"
    if is_retried and state.memory.room.is_full:
        return error(b"STORE_ERROR", reads.NO_MEMORY)
    state.ask(peer, [FindDead(number, is_retried)])
    return b""


def _ask_whole(state: State, peer: Peer, record: JobRecord) -> bytes:
    """Ask for a dead letter with its workload, if there is memory for it."""
    if not reads.begin(state, peer, record.size):
        return error(b"STORE_ERROR", reads.NO_MEMORY)
    state.ask(peer, [FindDead(record.number)])
    return b""


def _list(state: State, peer: Peer, words: list[bytes]) -> bytes:
    try:
        arguments = read_arguments(words, (b"function", b"limit", b"after"))
        most = arguments.limit()
        after = arguments.number(b"after", 0)
    except OptionError as refusal:
        return invalid(str(refusal))
    if not state.journal.is_on:
        return END_OF_LIST
    answers = peer.take_answers()
    if not answers:
        state.ask(peer, [ListDead(after, most, arguments.get(b"function") or None)])
        return b""
    answer = answers[0]
    assert isinstance(answer, ListDead)
    if answer.error:
        return error(b"STORE_ERROR", answer.error)
    peer.rest = _rows(state, answer.records, most)
    return b""


def _rows(state: State, records: list[JobRecord], most: int) -> Iterator[bytes]:
    # What leaves later than this has left after the answer.
    dead = [record for record in records if _is_dead(state, record, b"")]
    for record in dead:
        state.turns.work += ROW
        yield record_row(state, record)
    if len(records) == most:
        yield row({"after": str(records[-1].number)})
    yield END_OF_LIST


def _is_dead(state: State, record: JobRecord, handle: bytes) -> bool:
    """Tell whether a dead letter is one still, and has this handle if any."""
    return record.handle not in state.jobs and state.is_waiting(record, handle)


def _retry(state: State, record: JobRecord) -> None:
    """Make a job of a dead letter again, with all its attempts before it."""
    function = functions.find(state, record.function)
    job = kept_job(function, record)
    # It begins to wait anew, with all its attempts before it.
    job.failures = None
    job.due = state.server_time()
    job.is_steady = True
    state.remember(job)
    if job.key in function.keyed:
        job.key = b""
    elif job.key:
        function.keyed[job.key] = job
    function.dead -= 1
    count(state, function, counts.REVIVED)
    _let_go(state, record)
    if state.journal.keeps_jobs:
        job.batch = -1
        state.journal.revive(job)
    else:
        state.journal.end_dead(job.number)
    wait(state, job)


def _let_go(state: State, record: JobRecord) -> None:
    """Count a dead letter in memory no more."""
    if state.is_dead_in_memory():
        state.memory.jobs -= record_cost(record)


def _drop(state: State, record: JobRecord) -> None:
    function = functions.find(state, record.function)
    function.dead -= 1
    count(state, function, counts.DROPPED)
    _let_go(state, record)
    state.journal.end_dead(record.number)
    functions.retire(state, function)
