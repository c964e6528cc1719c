"""How jobs are found that a text command names: they wait, run, or have ended."""

from __future__ import annotations

from itertools import islice
from typing import Final

from geartrain.engine.commands.filters import Filter
from geartrain.engine.commands.history import store_query, stored_endings
from geartrain.engine.commands.permission import check_job
from geartrain.engine.endings import Ending, ListEndings
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindDead, FindJob, FindKey, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.results import DEAD, SUCCEEDED, FindResult, ResultRecord
from geartrain.engine.state.state import State

__all__ = ["Found", "find_job", "found_by_unique", "unique_queries"]

# Endings of one unique that are looked at for one of a function.
_MOST_ENDINGS: Final = 100


class Found:
    """What is known of a job: one of these, or nothing."""

    def __init__(self) -> None:
        self.job: Job | None = None
        """It is in memory, and has not ended."""
        self.waiting: JobRecord | None = None
        """Only the store has it, and it has not ended."""
        self.record: ResultRecord | None = None
        """It has ended, and that is kept."""
        self.error = ""
        """The store could not say."""
        self.is_asked = False
        """The store has been asked, and will answer."""

    def function(self) -> bytes:
        """Return the name of the job's function; empty where none was found."""
        if self.job is not None:
            return self.job.function.name
        kept = self.waiting or self.record
        return b"" if kept is None else kept.function


def find_job(
    state: State,
    peer: Peer,
    handle: bytes,
    answers: list[Query],
    name: bytes = b"",
    unique: bytes = b"",
) -> Found:
    """Look for a job in memory, and then in the store.

    It is named by its handle, or by its function and unique. ``answers`` are what the
    store answered when it was asked before for the same.

    Raises:
        PacketError: the peer may not ask this of the job that was found.
    """
    found = _find(state, peer, handle, answers, name, unique)
    function = found.function()
    if function:
        check_job(state, peer, function)
    return found


def _find(
    state: State,
    peer: Peer,
    handle: bytes,
    answers: list[Query],
    name: bytes,
    unique: bytes,
) -> Found:
    found = Found()
    if handle:
        found.job = state.jobs.get(handle)
    else:
        function = state.functions.get(name)
        found.job = None if function is None else function.keyed.get(unique)
    if found.job is not None:
        return found
    number = state.number(handle)
    if answers:
        _read_answers(state, found, handle, answers)
    elif state.journal.is_on and (unique or number):
        found.is_asked = True
        state.ask(peer, _queries(state, handle, name, unique))
    pending = state.journal.result_of(number) if number else None
    if pending is not None and pending.handle == handle and not found.waiting:
        found.record = pending
    if not (found.is_asked or found.waiting):
        _look_back(state, found, handle, name, unique, answers)
    return found


def _look_back(
    state: State,
    found: Found,
    handle: bytes,
    name: bytes,
    unique: bytes,
    answers: list[Query],
) -> None:
    """Look into the history, unless what was found is as new."""
    now = state.server_time()
    ending = state.history.find(handle, now) if handle else None
    if unique:
        for each in islice(state.history.with_unique(unique, now), _MOST_ENDINGS):
            if each.function == name:
                ending = each
                break
    stored = stored_endings(answers)
    if ending is None and stored:
        ending = stored[0]
    record = found.record
    if ending is not None and (record is None or record.ended < ending.ended):
        found.record = _ended_record(state, ending)


def _ended_record(state: State, ending: Ending) -> ResultRecord:
    """Return how a job ended whose policy keeps no results."""
    number = state.number(ending.handle)
    record = ResultRecord(number, ending.handle, ending.function)
    record.unique = ending.unique
    record.outcome = ending.outcome
    record.submitted = ending.submitted
    record.started = ending.started
    record.ended = ending.ended
    if ending.worker or ending.address:
        record.worker = ending.worker + b" " + ending.address
    failures = ending.failures
    if failures is not None and ending.outcome != SUCCEEDED:
        record.reason = failures.reason
        record.error = failures.error
    return record


def _queries(
    state: State, handle: bytes, function: bytes, unique: bytes
) -> list[Query]:
    """Return what to ask the store about a job."""
    now = state.server_time()
    number = state.number(handle)
    if number:
        return [
            FindResult(now, number),
            FindJob(number, False),
            FindDead(number, False),
            *store_query(state, handle, b""),
        ]
    past = store_query(state, b"", unique, function)
    return [FindResult(now, 0, function, unique), FindKey(unique, function), *past]


def _read_answers(
    state: State, found: Found, handle: bytes, answers: list[Query]
) -> None:
    """Take in what the store answered: that a job waits counts more than its past."""
    dead = None
    for answer in answers:
        found.error = answer.error or found.error
        if isinstance(answer, FindResult):
            record = answer.record
            if record is not None and _is_called(state, record, handle):
                found.record = record
            continue
        if isinstance(answer, ListEndings):
            continue
        assert isinstance(answer, FindDead | FindJob | FindKey)
        kept = answer.record
        if not state.is_waiting(kept, handle):
            continue
        if isinstance(answer, FindDead):
            dead = kept
        else:
            found.waiting = kept
    if found.waiting is not None:
        found.record = None
    elif found.record is None and dead is not None:
        found.record = _dead_record(dead)


def _is_called(state: State, record: ResultRecord, handle: bytes) -> bool:
    """Tell whether a record has this handle, if any, also by an earlier prefix."""
    return not handle or handle in (record.handle, state.handle(record.number))


def _dead_record(dead: JobRecord) -> ResultRecord:
    """Return how a dead letter ended whose policy keeps no results."""
    record = ResultRecord(dead.number, dead.handle, dead.function)
    record.unique = dead.unique
    record.outcome = DEAD
    record.submitted = dead.submitted
    record.ended = dead.died
    failures = dead.failures
    if failures is not None:
        record.reason = failures.reason
        record.error = failures.error
        record.worker = failures.worker
        record.started = failures.started
    return record


def unique_queries(state: State, unique: bytes) -> list[Query]:
    """Return what to ask for the jobs with a unique, of each function."""
    state.turns.work += len(state.functions) >> 3
    names = [each.name for each in state.functions.values() if each.paged_count()]
    # At least one question: its answer tells that the store was asked.
    return [FindKey(unique, name) for name in names or [b""]]


def found_by_unique(
    state: State, answers: list[Query], wanted: Filter
) -> list[Job | JobRecord]:
    """Return the jobs in memory with a unique, and those that only the store has."""
    jobs: list[Job | JobRecord] = []
    state.turns.work += len(state.functions) >> 3
    for function in state.functions.values():
        known = function.keyed.get(wanted.unique)
        if known is not None and wanted.takes(state, known):
            jobs.append(known)
    for answer in answers:
        record = None
        if isinstance(answer, FindKey | FindJob | FindDead):
            record = answer.record
        if record is None or not state.is_waiting(record, b""):
            continue
        known = state.jobs.get(record.handle)
        if known is not None and known.state is not PAGED:
            continue
        if wanted.takes_record(state, record):
            jobs.append(record)
    return jobs
