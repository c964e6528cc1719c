"""The text commands that show a job, and end jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.filters import Filter
from geartrain.engine.commands.finding import found_by_unique, unique_queries
from geartrain.engine.commands.history import ended, ending_values, store_query
from geartrain.engine.commands.permission import check_job
from geartrain.engine.commands.rows import (
    Portion,
    row,
    tail_values,
    whole_job,
    whole_record,
)
from geartrain.engine.commands.sweeps import FILTERS, read_wanted, steer_all
from geartrain.engine.jobs import failures
from geartrain.engine.jobs.paging import recall
from geartrain.engine.jobs.schedules import remove
from geartrain.engine.jobs.steering import Cancel
from geartrain.engine.model.access import SEE
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.queries import FindDead, FindJob, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.results import DEAD
from geartrain.engine.state import reads
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["cancel", "job"]

_UNKNOWN_JOB: Final = error(b"UNKNOWN_JOB")


def _error(answers: list[Query]) -> bytes:
    for answer in answers:
        if answer.error:
            return error(b"STORE_ERROR", answer.error)
    return b""


def job(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell everything about a job or dead letter, by its handle or its unique.

    ``job H`` answers a row with the workload; several functions may have the unique.
    Of one that has ended it tells what became of it. ``job H workload=no`` leaves the
    workload out, ``workload=only`` all else: lines of base64. With ``first=N`` it is
    cut to its first bytes, and with ``tail=yes`` the last data that the job streams
    are told, from when they are first asked for.
    """
    if len(words) < 2:
        return invalid("job takes one handle or unique, and workload=, first=, tail=")
    try:
        arguments = read_arguments([b"name=" + words[1], *words[2:]], _JOB_ARGUMENTS)
        part = Portion(
            arguments.get(b"workload"),
            arguments.number(b"first", 0),
            arguments.get(b"tail"),
        )
    except OptionError as refusal:
        return invalid(str(refusal))
    name = arguments.get(b"name")
    known = state.jobs.get(name)
    if known is not None:
        check_job(state, peer, known.function.name)
        peer.rest = _whole(state, peer, [known], part)
        return b""
    past = state.history.find(name, state.server_time())
    if past is not None:
        check_job(state, peer, past.function)
    if past is not None and past.outcome != DEAD:
        return _past(state, peer, name, part, []) or _UNKNOWN_JOB
    return _stored_job(state, peer, name, part)


_JOB_ARGUMENTS: Final = (b"name", b"workload", b"first", b"tail")


def _stored_job(state: State, peer: Peer, name: bytes, part: Portion) -> bytes:
    """Tell about a job that is not in memory, or what became of it."""
    answers = peer.take_answers()
    if not answers and state.journal.is_on:
        state.ask(peer, _job_queries(state, name))
        return b""
    found = _found_by_handle(state, peer, answers, name)
    if not found:
        wanted = Filter(unique=name)
        wanted.access = peer.access
        found = found_by_unique(state, answers, wanted)
    failure = _error(answers)
    if failure or not found:
        reads.end(state, peer)
        return failure or _past(state, peer, name, part, answers) or _UNKNOWN_JOB
    kept = [each for each in found if isinstance(each, JobRecord)]
    if kept and part.has_workload and not _has_workloads(answers):
        return _ask_whole(state, peer, kept, part.first)
    peer.rest = _whole(state, peer, found, part)
    return b""


def _past(
    state: State, peer: Peer, name: bytes, part: Portion, answers: list[Query]
) -> bytes:
    """Return the rows of jobs that have ended; nothing if none is remembered."""
    if part.is_workload:
        return b""
    rows: list[bytes] = []
    for each in ended(state, name, answers):
        if not peer.may(SEE, each.function):
            continue
        values = ending_values(state, each)
        if part.has_tail:
            values.update(tail_values(state, each.handle, None))
        rows.append(row(values))
    return b"".join([*rows, END_OF_LIST]) if rows else b""


def _has_workloads(answers: list[Query]) -> bool:
    return any(
        isinstance(each, FindJob | FindDead) and each.with_workload for each in answers
    )


def _ask_whole(state: State, peer: Peer, kept: list[JobRecord], first: int) -> bytes:
    """Ask for jobs with their workloads, if there is memory for these."""
    sizes = [min(each.size, first) if first else each.size for each in kept]
    if not reads.begin(state, peer, sum(sizes)):
        return error(b"STORE_ERROR", reads.NO_MEMORY)
    queries: list[Query] = []
    for record in kept:
        kind = FindDead if record.died else FindJob
        queries.append(kind(record.number, True, first))
    state.ask(peer, queries)
    return b""


def _whole(
    state: State, peer: Peer, found: list[Job | JobRecord], part: Portion
) -> Iterator[bytes]:
    # One job's alone can be told from its lines.
    for each in found[:1] if part.is_workload else found:
        if isinstance(each, Job):
            yield from whole_job(state, each, part)
        else:
            yield from whole_record(state, each, part)
    reads.end(state, peer)
    yield END_OF_LIST


def _job_queries(state: State, name: bytes) -> list[Query]:
    queries = unique_queries(state, name)
    number = state.number(name)
    if number:
        queries += [FindJob(number, False), FindDead(number, False)]
        queries += store_query(state, name, b"")
    return queries + store_query(state, b"", name)


def _found_by_handle(
    state: State, peer: Peer, answers: list[Query], handle: bytes
) -> list[Job | JobRecord]:
    for answer in answers:
        record = None
        if isinstance(answer, FindJob | FindDead):
            record = answer.record
        if record is not None and state.is_waiting(record, handle):
            check_job(state, peer, record.function)
            return [record]
    return []


def cancel(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """End a job wherever it is, telling who waits for it, or a schedule.

    ``cancel job H`` answers ``OK``; ``cancel jobs function=F`` and other filters of
    ``jobs`` answer ``OK`` and how many these were.
    """
    if len(words) > 1 and words[1].lower() == b"jobs":
        return _cancel_all(state, peer, words[2:])
    if len(words) != 3 or words[1].lower() != b"job":
        return error(b"UNKNOWN_ERROR")
    schedule = state.schedules.get(words[2])
    if schedule is not None:
        return _remove(state, peer, schedule)
    return _cancel(state, peer, words[2])


def _cancel(state: State, peer: Peer, handle: bytes) -> bytes:
    known = state.jobs.get(handle)
    if known is None:
        answers = peer.take_answers()
        if not answers and state.may_have(handle):
            # To be ended it needs no workload.
            state.ask(peer, [FindJob(state.number(handle), False)])
            return b""
        if _error(answers):
            return _error(answers)
        known = _recalled(state, peer, answers, handle)
    if known is None:
        return _UNKNOWN_JOB
    check_job(state, peer, known.function.name)
    failures.cancel(state, known)
    state.journal.hold_change(peer, is_text=True)
    return OK


def _remove(state: State, peer: Peer, schedule: Schedule) -> bytes:
    check_job(state, peer, schedule.function.name)
    try:
        remove(state, schedule)
    except OptionError as refusal:
        return invalid(str(refusal))
    state.journal.hold_change(peer, is_text=True)
    return OK


def _cancel_all(state: State, peer: Peer, words: list[bytes]) -> bytes:
    try:
        arguments = read_arguments(words, FILTERS)
        wanted = read_wanted(state, arguments)
    except OptionError as refusal:
        return invalid(str(refusal))
    return steer_all(state, peer, arguments, wanted, Cancel())


def _recalled(
    state: State, peer: Peer, answers: list[Query], handle: bytes
) -> Job | None:
    for answer in answers:
        if isinstance(answer, FindJob) and state.is_waiting(answer.record, handle):
            assert answer.record is not None
            check_job(state, peer, answer.record.function)
            return recall(state, answer.record)
    return None
