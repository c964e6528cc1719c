"""Sweeps: an order carried out on one job, or on all jobs or dead letters of a filter.

A sweep is the answer of its command, produced over as many turns as it takes. It looks
at the jobs in memory first, one a step, then at those that the store has, a slice after
the commit of what it did to the slice before. Its line is ``OK`` and how many jobs it
changed. If its peer leaves, it ends there. With ``limit=N`` it ends when it has looked
at about N jobs of the store; its line then says from where ``after=`` goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_from_bytes

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.filters import (
    CONDITIONS,
    LETTER_CONDITIONS,
    Filter,
    read_filter,
)
from geartrain.engine.commands.listings import new_listing, store_query
from geartrain.engine.commands.permission import check_job
from geartrain.engine.commands.rows import text
from geartrain.engine.jobs.steering import Order, is_dead
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.model.listings import Listing
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindDead, FindJob, ListDead, ListJobs, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.state import reads
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import OK, error, ok

__all__ = [
    "FILTERS",
    "UNKNOWN_JOB",
    "read_wanted",
    "steer_all",
    "steer_dead",
    "steer_job",
    "steer_letter",
]

UNKNOWN_JOB: Final = error(b"UNKNOWN_JOB")
"""The answer where no job or dead letter has the handle."""

FILTERS: Final = (*CONDITIONS, b"count", b"limit", b"after")
"""The arguments of a sweep over jobs."""

_DEAD_FILTERS: Final = (*LETTER_CONDITIONS, b"count", b"limit", b"after")

# Jobs of the store that a step looks at: it takes about 4 ms to change them.
_SLICE: Final = 400
# The same where they are only counted, which is ten times as fast. Each step waits for
# the store's thread: beside eight busy processes on two cores a count of 300,000 jobs
# in steps of 400 took 26 s, of which 2.8 s were work.
_COUNTED_SLICE: Final = 2_000
# Units of work, as ``turns`` counts it, to change a job, and to look at one.
_CHANGE: Final = 10
_LOOK: Final = 1
# Dead letters whose workloads are read at once, where memory is all that keeps them.
_WHOLE: Final = 50

_WAYS: Final = ", ".join(f"{each.decode()}=" for each in CONDITIONS[:-1])
_NO_FILTER: Final = (
    f"name {_WAYS} or {CONDITIONS[-1].decode()}=, or write function=%2A for all"
)


def read_wanted(state: State, arguments: Arguments) -> Filter:
    """Return which jobs are meant.

    Raises:
        OptionError: nothing says which, or a value is wrong.
    """
    if not any(arguments.get(name) for name in CONDITIONS):
        raise OptionError(_NO_FILTER)
    return read_filter(state, arguments)


def _is_counting(arguments: Arguments) -> bool:
    count = arguments.get(b"count")
    if count not in (b"", b"yes"):
        raise OptionError(f"count is yes, or left out, not {text(count)!r}")
    return bool(count)


def steer_all(
    state: State, peer: Peer, arguments: Arguments, wanted: Filter, order: Order
) -> bytes:
    """Carry out an order on all jobs of a filter, or with ``count=yes`` count them."""
    try:
        is_counting = _is_counting(arguments)
        most = arguments.number(b"limit", 2**62)
    except OptionError as refusal:
        return invalid(str(refusal))
    after = arguments.get(b"after")
    # Jobs that others have given are theirs to end: what their attempts here come to
    # would be a failure there.
    wanted.is_part = peer.is_part
    peer.rest = _sweep(state, peer, wanted, order, is_counting, after, most)
    return b""


def _sweep(
    state: State,
    peer: Peer,
    wanted: Filter,
    order: Order,
    is_counting: bool,
    after: bytes,
    most: int,
) -> Iterator[bytes]:
    done = 0
    last = state.last_number()
    listing = Listing([]) if after else new_listing(state, wanted)
    state.begin_listing(peer, listing)
    for handle in listing.order:
        state.turns.work += _LOOK
        job = state.jobs.get(handle)
        if job is not None and wanted.takes(state, job):
            done += _obey(state, job, order, is_counting)
        if peer.listing is not listing:
            yield error(b"TOO_MANY", f"too many lists at once; {done} jobs were done")
            return
        yield b""
    state.end_listing(peer)
    size = _COUNTED_SLICE if is_counting else _SLICE
    query = store_query(state, wanted, after, size)
    while query is not None:
        state.ask(peer, [query])
        yield b""
        answer = peer.take_answers()[0]
        assert isinstance(answer, ListJobs)
        if answer.error:
            yield error(b"STORE_ERROR", f"{answer.error}; {done} jobs were done")
            return
        for record in answer.records:
            if record.number <= last:
                done += _obey_listed(state, record, wanted, order, is_counting)
        state.turns.work += len(answer.records) * _LOOK
        after, query = answer.following, None
        most -= size
        if after and most > 0:
            query = store_query(state, wanted, after, size)
    yield _done(state, peer, done, after)


def _done(state: State, peer: Peer, done: int, after: bytes) -> bytes:
    """Return the answer: how many jobs were done, and where to go on if anywhere."""
    state.journal.hold_change(peer, is_text=True)
    following = b" " + quote_from_bytes(after).encode() if after else b""
    return ok(b"%d%s" % (done, following))


def _obey(state: State, job: Job, order: Order, is_counting: bool) -> int:
    if is_counting:
        return 1
    state.turns.work += _CHANGE
    return int(order.obey(state, job))


def _obey_listed(
    state: State, record: JobRecord, wanted: Filter, order: Order, is_counting: bool
) -> int:
    """Carry out an order on a job that the store has."""
    job = state.jobs.get(record.handle)
    if job is not None and job.state is not PAGED:
        # It was counted with those in memory.
        is_wanted = not is_counting and wanted.takes(state, job)
        return _obey(state, job, order, is_counting) if is_wanted else 0
    if not state.is_waiting(record, b""):
        return 0
    state.journal.update(record)
    if not wanted.takes_record(state, record):
        return 0
    if job is not None or is_counting:
        return 1 if job is None else _obey(state, job, order, is_counting)
    state.turns.work += _CHANGE
    return int(order.obey_kept(state, record))


def steer_job(
    state: State, peer: Peer, handle: bytes, order: Order, *, is_dead_too: bool
) -> bytes:
    """Carry out an order on the job of this handle, or the dead letter if it may."""
    known = state.jobs.get(handle)
    if known is not None and known.state is not PAGED:
        check_job(state, peer, known.function.name)
        if not order.obey(state, known) and known.worker is not None:
            return error(b"JOB_RUNNING", "only a job that waits can be put elsewhere")
        state.journal.hold_change(peer, is_text=True)
        return OK
    answers = peer.take_answers()
    number = state.number(handle)
    if not answers and number and state.journal.is_on:
        queries: list[Query] = [FindJob(number, False)]
        if is_dead_too:
            queries.append(FindDead(number, False))
        state.ask(peer, queries)
        return b""
    for answer in answers:
        if answer.error:
            return error(b"STORE_ERROR", answer.error)
        assert isinstance(answer, FindJob | FindDead)
        record = answer.record
        if record is None or not state.is_waiting(record, handle):
            continue
        check_job(state, peer, record.function)
        if known is not None:
            order.obey(state, known)
        else:
            order.obey_kept(state, record)
        state.journal.hold_change(peer, is_text=True)
        return OK
    return UNKNOWN_JOB


def steer_letter(state: State, peer: Peer, handle: bytes, order: Order) -> bytes:
    """Carry out an order on the dead letter of this handle."""
    number = state.number(handle)
    if not state.journal.is_on or not number:
        return UNKNOWN_JOB
    answers = peer.take_answers()
    if not answers:
        # Where the store keeps no jobs, one that is tried again comes into memory.
        with_workload = not state.journal.keeps_jobs
        if with_workload and state.memory.room.is_full:
            return error(b"STORE_ERROR", reads.NO_MEMORY)
        state.ask(peer, [FindDead(number, with_workload)])
        return b""
    answer = answers[0]
    assert isinstance(answer, FindDead)
    if answer.error:
        return error(b"STORE_ERROR", answer.error)
    if answer.record is None or not is_dead(state, answer.record, handle):
        return UNKNOWN_JOB
    check_job(state, peer, answer.record.function)
    order.obey_kept(state, answer.record)
    state.journal.hold_change(peer, is_text=True)
    return OK


def steer_dead(state: State, peer: Peer, words: list[bytes], order: Order) -> bytes:
    """Carry out an order on all dead letters of a filter, or count them."""
    try:
        arguments = read_arguments(words, _DEAD_FILTERS)
        wanted = read_filter(state, arguments)
        is_counting = _is_counting(arguments)
        most = arguments.number(b"limit", 2**62)
        after = arguments.number(b"after", 0)
    except OptionError as refusal:
        return invalid(str(refusal))
    if not state.journal.is_on:
        return ok(b"0")
    peer.rest = _sweep_dead(state, peer, wanted, order, is_counting, after, most)
    return b""


def _sweep_dead(
    state: State,
    peer: Peer,
    wanted: Filter,
    order: Order,
    is_counting: bool,
    after: int,
    most: int,
) -> Iterator[bytes]:
    done, last = 0, state.last_number()
    size = _SLICE if state.journal.keeps_jobs else _WHOLE
    following = b""
    while most > 0:
        state.ask(peer, [ListDead(after, size, wanted.name())])
        yield b""
        answer = peer.take_answers()[0]
        assert isinstance(answer, ListDead)
        reason = answer.error
        records = [each for each in answer.records if wanted.takes_letter(each)]
        if records and not (reason or is_counting or state.journal.keeps_jobs):
            # What is tried again comes into memory with its workload.
            reason = reads.NO_MEMORY if state.memory.room.is_full else ""
            state.ask(peer, [FindDead(each.number) for each in records])
            yield b""
            records = _found(peer.take_answers())
        if reason:
            yield error(b"STORE_ERROR", f"{reason}; {done} were done")
            return
        for record in records:
            if is_dead(state, record, b"") and wanted.takes_letter(record):
                state.turns.work += _LOOK if is_counting else _CHANGE
                done += is_counting or order.obey_kept(state, record)
        most -= size
        following = b""
        if len(answer.records) < size or after >= last:
            break
        after = answer.records[-1].number
        following = b"%d" % after
    yield _done(state, peer, done, following)


def _found(answers: list[Query]) -> list[JobRecord]:
    """Return the dead letters that were found, workloads included."""
    found: list[JobRecord] = []
    for answer in answers:
        if isinstance(answer, FindDead) and answer.record is not None:
            found.append(answer.record)
    return found
