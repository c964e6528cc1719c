"""Looking up: the job that a submission joins may be one that only the store has."""

from __future__ import annotations

from geartrain.engine.commands.common import is_error, send_error
from geartrain.engine.jobs.paging import recall, restore
from geartrain.engine.jobs.placing import wait
from geartrain.engine.jobs.submissions import is_certain, joinable
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import AGAIN, FOLLOWING, REPLACE
from geartrain.engine.queries import FindJob, FindKey
from geartrain.engine.records import JobRecord
from geartrain.engine.state import reads
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode
from geartrain.protocol.room import FULL

__all__ = ["is_looked_up"]


def is_looked_up(
    state: State,
    peer: Peer,
    submitted: Job,
    key: bytes,
    background: bool,
    dedupe: str,
) -> bool:
    """Bring the job that a submission joins into memory, if that is needed.

    Returns False if the store has to be asked first, or could not say. A submission in
    the background that only joins is tentative instead, because thousands come at once.
    """
    if background and dedupe not in FOLLOWING:
        return True
    answers = peer.take_answers()
    if is_error(peer, answers):
        reads.end(state, peer)
        return False
    function = submitted.function
    is_told = bool(answers)
    for answer in answers:
        if isinstance(answer, FindKey):
            record = answer.record
            if record is not None and not _is_elsewhere(state, record):
                if background and dedupe == AGAIN and is_certain(submitted):
                    _join_stored(state, peer, function, record)
                else:
                    _read(state, peer, record)
                return False
        elif isinstance(answer, FindJob):
            reads.end(state, peer)
            # One that has ended since may have left its key to another.
            is_told = answer.record is not None
            if answer.record is not None:
                _take_in(state, answer.record, submitted, key, background, dedupe)
    return _is_known(state, peer, submitted, key, dedupe, is_told)


def _is_known(
    state: State, peer: Peer, submitted: Job, key: bytes, dedupe: str, is_told: bool
) -> bool:
    """Tell whether it is known which job a submission joins; ask the store if not."""
    function = submitted.function
    joined = joinable(function, key, submitted, dedupe)
    if joined is None:
        is_known = is_told or function.paged_count() == 0
    else:
        is_known = not _is_uncertain(state, joined, dedupe)
    if not is_known:
        # Of two with the key, the one in memory runs.
        known = function.keyed.get(key)
        other = known.number if known is not None and joined is None else 0
        state.ask(peer, [FindKey(key, function.name, other)])
    return is_known


def _take_in(
    state: State,
    record: JobRecord,
    submitted: Job,
    key: bytes,
    background: bool,
    dedupe: str,
) -> None:
    """Take a job into memory that somebody waits for, or that is to be replaced.

    After that it waits in the store again.
    """
    if not background:
        recall(state, record)
    elif not _is_elsewhere(state, record):
        found = restore(state, record)
        if joinable(submitted.function, key, submitted, dedupe) is not found:
            wait(state, found)


def _join_stored(
    state: State, peer: Peer, function: Function, record: JobRecord
) -> None:
    """Answer with the handle of a job that only the store has: that is all to do."""
    count(state, function, counts.JOINED)
    peer.submissions += 1
    peer.send(encode(PacketType.JOB_CREATED, record.handle))


def _is_elsewhere(state: State, record: JobRecord) -> bool:
    """Tell whether a job that the store found is in memory by now, or has ended."""
    return record.handle in state.jobs or state.journal.has_left(record.number)


def _is_uncertain(state: State, joined: Job, dedupe: str) -> bool:
    """Tell whether what the store is doing has to end before a job can be joined.

    One that is tentative may turn out to be another's twin; one that is being written
    cannot be replaced.
    """
    if joined.record is not None and joined.record.is_tentative:
        return True
    return dedupe == REPLACE and state.journal.is_committing(joined)


def _read(state: State, peer: Peer, found: JobRecord) -> None:
    """Ask for a job that the store found.

    Where there is no memory for it, the peer is told so.
    """
    if not reads.begin(state, peer, found.size):
        state.memory.room.refused += 1
        send_error(peer, b"QUEUE_ERROR", FULL)
        return
    state.ask(peer, [FindJob(found.number, True)])
