"""The text commands that show jobs and end them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.history import ended, ending_row
from geartrain.engine.commands.listings import (
    STATES,
    Filter,
    memory_rows,
    new_listing,
    store_query,
    store_rows,
)
from geartrain.engine.commands.permission import check_job
from geartrain.engine.commands.rows import (
    NO_WORKLOAD,
    WORKLOAD_ONLY,
    job_row,
    record_row,
    row,
    text,
    waiting_name,
    whole_job,
    whole_record,
)
from geartrain.engine.commands.sweeps import FILTERS, read_filter, steer_all
from geartrain.engine.jobs import failures
from geartrain.engine.jobs.paging import recall
from geartrain.engine.jobs.recurring import end_schedule
from geartrain.engine.jobs.steering import Cancel
from geartrain.engine.model.access import SEE
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindDead, FindJob, FindKey, ListJobs, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.results import DEAD
from geartrain.engine.state import reads
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["cancel", "job", "jobs"]

_UNKNOWN_JOB: Final = error(b"UNKNOWN_JOB")
_STORE: Final = b"store-"
_MEMORY: Final = b"memory-"


def jobs(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List jobs in slices, those in memory before those that only the store has.

    ``jobs [function=F] [state=S] [unique=U] [limit=N] [after=T]`` answers a row a job
    and, if there may be more, ``{"after": T}`` with what to ask them for.
    """
    try:
        arguments = read_arguments(words[1:], _JOBS_ARGUMENTS)
        wanted = _filter(arguments)
        wanted.access = peer.access
        most = arguments.limit()
    except OptionError as refusal:
        return invalid(str(refusal))
    after = arguments.get(b"after")
    if wanted.unique:
        return _jobs_by_unique(state, peer, wanted)
    if not after:
        state.begin_listing(peer, new_listing(state, wanted))
        after = _MEMORY + b"0"
    if after.startswith(_STORE):
        return _store_slice(state, peer, wanted, after.removeprefix(_STORE), most)
    position = after.removeprefix(_MEMORY)
    listing = peer.listing
    if listing is None or not position.isdigit() or len(position) > 18:
        return invalid("after: begin again without it, or go on in the same connection")
    start = int(position)
    if listing.is_at_end(start) and state.journal.keeps_jobs:
        return _store_slice(state, peer, wanted, b"", most)
    rows = memory_rows(state, listing, wanted, start, most)
    start += most
    following = b""
    if not listing.is_at_end(start):
        following = b"%s%d" % (_MEMORY, start)
    elif store_query(state, wanted, b"", most) is not None:
        following = _STORE
    peer.rest = _slice(state, peer, rows, following)
    return b""


_JOBS_ARGUMENTS: Final = (b"function", b"state", b"unique", b"limit", b"after")


def _filter(arguments: Arguments) -> Filter:
    wanted = arguments.get(b"state")
    if wanted and wanted not in STATES:
        raise OptionError(f"state is ready, running or scheduled, not {text(wanted)!r}")
    return Filter(arguments.get(b"function"), wanted, arguments.get(b"unique"))


def _slice(
    state: State, peer: Peer, rows: Iterator[bytes], following: bytes
) -> Iterator[bytes]:
    yield from rows
    if following:
        yield row({"after": text(following)})
    else:
        state.end_listing(peer)
    yield END_OF_LIST


def _store_slice(
    state: State, peer: Peer, wanted: Filter, after: bytes, most: int
) -> bytes:
    answers = peer.take_answers()
    if not answers:
        query = store_query(state, wanted, after, most)
        if query is None:
            return END_OF_LIST
        state.ask(peer, [query])
        return b""
    answer = answers[0]
    assert isinstance(answer, ListJobs)
    if answer.error:
        return error(b"STORE_ERROR", answer.error)
    listing = peer.listing or new_listing(state, wanted)
    rows = store_rows(state, listing, wanted, answer)
    following = _STORE + answer.following if answer.following else b""
    peer.rest = _slice(state, peer, rows, following)
    return b""


def _jobs_by_unique(state: State, peer: Peer, wanted: Filter) -> bytes:
    answers = peer.take_answers()
    if not answers and state.journal.keeps_jobs:
        state.ask(peer, _key_queries(state, wanted.unique))
        return b""
    failure = _error(answers)
    if failure:
        return failure
    rows = []
    for found in _found_by_unique(state, answers, wanted):
        if isinstance(found, Job):
            rows.append(job_row(state, found))
        else:
            rows.append(record_row(state, found))
    return b"".join(rows) + END_OF_LIST


def _key_queries(state: State, unique: bytes) -> list[Query]:
    """Return what to ask for the jobs with this unique, of each function."""
    state.turns.work += len(state.functions) >> 3
    names = [each.name for each in state.functions.values() if each.paged_count()]
    # At least one question: its answer tells that the store was asked.
    return [FindKey(unique, name) for name in names or [b""]]


def _found_by_unique(
    state: State, answers: list[Query], wanted: Filter
) -> list[Job | JobRecord]:
    """Return the jobs in memory with this unique, and those that only the store has."""
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
        if record is None or record.unique != wanted.unique:
            continue
        if not (state.is_waiting(record, b"") and wanted.sees(record.function)):
            continue
        known = state.jobs.get(record.handle)
        if known is not None and known.state is not PAGED:
            continue
        if not _is_wanted(wanted, record.function):
            continue
        if wanted.state in (b"", waiting_name(state, record).encode()):
            jobs.append(record)
    return jobs


def _is_wanted(wanted: Filter, function: bytes) -> bool:
    return not wanted.function or wanted.function == function


def _error(answers: list[Query]) -> bytes:
    for answer in answers:
        if answer.error:
            return error(b"STORE_ERROR", answer.error)
    return b""


def job(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell everything about a job or dead letter, by its handle or its unique.

    ``job H`` answers a row with the workload; several functions may have the unique.
    Of one that has ended it tells what became of it. ``job H workload=no`` leaves the
    workload out, and ``workload=only`` all else: lines of base64.
    """
    if len(words) not in (2, 3):
        return invalid("job takes one handle or unique, and workload=")
    given = [b"name=" + words[1], *words[2:]]
    try:
        arguments = read_arguments(given, (b"name", b"workload"))
    except OptionError as refusal:
        return invalid(str(refusal))
    name, workload = arguments.get(b"name"), arguments.get(b"workload")
    if workload not in (b"", NO_WORKLOAD, WORKLOAD_ONLY):
        return invalid("workload is no, or only, or left out")
    known = state.jobs.get(name)
    if known is not None:
        check_job(state, peer, known.function.name)
        peer.rest = _whole(state, peer, [known], workload)
        return b""
    past = state.history.find(name, state.server_time())
    if past is not None:
        check_job(state, peer, past.function)
    if past is not None and past.outcome != DEAD:
        return _past(state, peer, name, workload) or _UNKNOWN_JOB
    return _stored_job(state, peer, name, workload)


def _stored_job(state: State, peer: Peer, name: bytes, workload: bytes) -> bytes:
    """Tell about a job that is not in memory, or what became of it."""
    answers = peer.take_answers()
    if not answers and state.journal.is_on:
        state.ask(peer, _job_queries(state, name))
        return b""
    found = _found_by_handle(state, peer, answers, name)
    if not found:
        wanted = Filter(b"", b"", name)
        wanted.access = peer.access
        found = _found_by_unique(state, answers, wanted)
    failure = _error(answers)
    if failure or not found:
        reads.end(state, peer)
        return failure or _past(state, peer, name, workload) or _UNKNOWN_JOB
    kept = [each for each in found if isinstance(each, JobRecord)]
    if kept and workload != NO_WORKLOAD and not _has_workloads(answers):
        return _ask_whole(state, peer, kept)
    peer.rest = _whole(state, peer, found, workload)
    return b""


def _past(state: State, peer: Peer, name: bytes, workload: bytes) -> bytes:
    """Return the rows of jobs that have ended; nothing if none is remembered."""
    if workload == WORKLOAD_ONLY:
        return b""
    seen = [each for each in ended(state, name) if peer.may(SEE, each.function)]
    rows = [ending_row(state, each) for each in seen]
    return b"".join([*rows, END_OF_LIST]) if rows else b""


def _has_workloads(answers: list[Query]) -> bool:
    return any(
        isinstance(each, FindJob | FindDead) and each.with_workload for each in answers
    )


def _ask_whole(state: State, peer: Peer, kept: list[JobRecord]) -> bytes:
    """Ask for jobs with their workloads, if there is memory for these."""
    if not reads.begin(state, peer, sum(record.size for record in kept)):
        return error(b"STORE_ERROR", reads.NO_MEMORY)
    queries: list[Query] = []
    for record in kept:
        kind = FindDead if record.died else FindJob
        queries.append(kind(record.number, True))
    state.ask(peer, queries)
    return b""


def _whole(
    state: State, peer: Peer, found: list[Job | JobRecord], workload: bytes
) -> Iterator[bytes]:
    # One job's alone can be told from its lines.
    for each in found[:1] if workload == WORKLOAD_ONLY else found:
        if isinstance(each, Job):
            yield from whole_job(state, each, workload)
        else:
            yield from whole_record(state, each, workload)
    reads.end(state, peer)
    yield END_OF_LIST


def _job_queries(state: State, name: bytes) -> list[Query]:
    queries = _key_queries(state, name)
    number = state.number(name)
    if number:
        queries += [FindJob(number, False), FindDead(number, False)]
    return queries


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
    handle = words[2]
    known = state.jobs.get(handle)
    schedule = state.schedules.get(handle)
    if known is None and schedule is None:
        answers = peer.take_answers()
        if not answers and state.may_have(handle):
            # To be ended it needs no workload.
            state.ask(peer, [FindJob(state.number(handle), False)])
            return b""
        if _error(answers):
            return _error(answers)
        known = _recalled(state, peer, answers, handle)
    if schedule is not None:
        check_job(state, peer, schedule.function.name)
        end_schedule(state, schedule)
    elif known is not None:
        check_job(state, peer, known.function.name)
        failures.cancel(state, known)
    else:
        return _UNKNOWN_JOB
    state.journal.hold_change(peer, is_text=True)
    return OK


def _cancel_all(state: State, peer: Peer, words: list[bytes]) -> bytes:
    try:
        arguments = read_arguments(words, FILTERS)
        wanted = read_filter(arguments)
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
