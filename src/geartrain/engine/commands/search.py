"""The text command that lists and searches jobs, wherever they are.

A search goes through four places: the jobs in memory, those that only the store has,
the dead letters, and what is remembered of jobs that have ended. Each has its own kind
of cursor, so that a slice can be gone on with in another connection, too. A slice ends
with its last row, or after a bounded number of jobs has been looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.filters import (
    ALL,
    CONDITIONS,
    OUTCOMES,
    STATES,
    WAITING,
    Filter,
    read_filter,
)
from geartrain.engine.commands.finding import found_by_unique, unique_queries
from geartrain.engine.commands.history import ending_rows
from geartrain.engine.commands.listings import (
    RECORD_LOOKS,
    ROW,
    Slice,
    complete,
    first_listing,
    new_listing,
    place_after,
    store_query,
    store_rows,
)
from geartrain.engine.commands.rows import job_row, record_row, row, text
from geartrain.engine.jobs.steering import is_dead
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.listings import Listing
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import ListDead, ListJobs
from geartrain.engine.results import DEAD
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["jobs"]

_ARGUMENTS: Final = (*CONDITIONS, b"limit", b"after")
_STATES: Final = (*STATES, WAITING, *OUTCOMES, ALL)
# What jobs in memory and in the store are asked for by. mypyc takes no ``*`` in a tuple
# behind ``in``.
_UNENDED: Final = (b"", WAITING, ALL, *STATES)

# Units of work, as ``turns`` counts it, of looking at a job.
_LOOK: Final = 1
# Jobs in memory looked at in a step.
_STEP: Final = 32
# What a question to the store costs at least, as records that are looked at.
_QUESTION: Final = 100

_Rows = Callable[[State, Peer, Slice, bytes], Iterator[bytes]]


def jobs(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List jobs in slices: those that have not ended, or those in a state.

    ``jobs [limit=N] [after=T]`` and the conditions of a filter answer a row a job and,
    if there may be more, ``{"after": T}`` with what to ask them for.
    """
    try:
        arguments = read_arguments(words[1:], _ARGUMENTS)
        part = Slice(read_filter(state, arguments, _STATES), arguments.limit())
        part.wanted.access = peer.access
        part.wanted.is_part = peer.is_part
    except OptionError as refusal:
        return invalid(str(refusal))
    name, dash, place = arguments.get(b"after").partition(b"-")
    names = [each for each, _ in _PLACES]
    if name and not (dash and name in names and _is_place(name, place)):
        return invalid("after is no place in a list: take it from its last row")
    peer.rest = _search(state, peer, part, names.index(name) if name else 0, place)
    return b""


def _is_place(name: bytes, place: bytes) -> bool:
    """Tell whether a cursor is one of its kind; the store reads its own."""
    digits = place.partition(b"-")[0] if name == _MEMORY else place
    return name == _STORE or place == b"" or (digits.isdigit() and len(digits) <= 18)


def _search(
    state: State, peer: Peer, part: Slice, first: int, place: bytes
) -> Iterator[bytes]:
    has_rows = False
    following = b""
    for name, rows in _PLACES[first:]:
        if not _is_in(name, part.wanted):
            continue
        if not part.goes_on():
            following = name + b"-"
            break
        for each in rows(state, peer, part, place):
            has_rows = has_rows or bool(each)
            yield each
        place = b""
        if part.error and not has_rows:
            yield error(b"STORE_ERROR", part.error)
            return
        if part.following or part.error:
            # What follows rows is asked again, and refused then.
            following = name + b"-" + part.following
            break
    if following:
        yield row({"after": text(following)})
    else:
        state.end_listing(peer)
    yield END_OF_LIST


def _is_in(name: bytes, wanted: Filter) -> bool:
    """Tell whether a place may have what is wanted."""
    state = wanted.state
    if name in (_MEMORY, _STORE):
        return state in _UNENDED
    if name == _DEAD:
        return state in (DEAD, ALL)
    return state == ALL or (state in OUTCOMES and state != DEAD)


def _memory(state: State, peer: Peer, part: Slice, place: bytes) -> Iterator[bytes]:
    """Give the rows of jobs in memory."""
    if part.wanted.unique:
        yield from _by_unique(state, peer, part)
        return
    listing, start = _listing(state, peer, part.wanted, place)
    while start < len(listing.order) or listing.is_partial:
        if start == len(listing.order):
            complete(state, listing)
            state.begin_listing(peer, listing)
            continue
        if not part.goes_on() or peer.listing is not listing:
            part.following = b"%d-%s" % (start, listing.order[start - 1])
            return
        handle = listing.order[start]
        start += 1
        part.looks -= 1
        job = state.jobs.get(handle)
        if job is not None and part.wanted.takes(state, job):
            if job.batch:
                # The store has it, too.
                listing.listed.add(handle)
            part.left -= 1
            state.turns.work += ROW
            yield job_row(state, job)
        elif start % _STEP == 0:
            state.turns.work += _STEP * _LOOK
            yield b""


def _listing(
    state: State, peer: Peer, wanted: Filter, after: bytes
) -> tuple[Listing, int]:
    """Return the jobs in memory, and from where on they are to be looked at."""
    digits, _, handle = after.partition(b"-")
    start = int(digits or b"0")
    listing = peer.listing
    if not start:
        listing = first_listing(state, wanted)
    elif listing is not None and start <= len(listing.order):
        return listing, start
    else:
        # It was begun in another connection, or there were too many lists.
        listing = new_listing(state, wanted)
        listing.is_continued = True
        start = place_after(listing.order, handle, start)
    state.begin_listing(peer, listing)
    return listing, start


def _by_unique(state: State, peer: Peer, part: Slice) -> Iterator[bytes]:
    """Give the rows of jobs with a unique, in memory and in the store."""
    if state.journal.keeps_jobs:
        state.ask(peer, unique_queries(state, part.wanted.unique))
        yield b""
    answers = peer.take_answers()
    for answer in answers:
        part.error = answer.error or part.error
    if part.error:
        return
    for found in found_by_unique(state, answers, part.wanted):
        part.left -= 1
        if isinstance(found, Job):
            yield job_row(state, found)
        else:
            yield record_row(state, found)


def _store(state: State, peer: Peer, part: Slice, place: bytes) -> Iterator[bytes]:
    """Give the rows of jobs that only the store has."""
    listing = peer.listing
    if listing is not None and listing.is_continued:
        listing = None
    after = place
    while not part.wanted.unique:
        if not part.goes_on():
            part.following = after
            return
        query = store_query(state, part.wanted, after, part.left)
        if query is None:
            return
        state.ask(peer, [query])
        yield b""
        (answer,) = peer.take_answers()
        assert isinstance(answer, ListJobs)
        part.error = answer.error
        if answer.error:
            part.following = after
            return
        part.looks -= RECORD_LOOKS * max(len(answer.records), _QUESTION)
        for each in store_rows(state, listing, part.wanted, answer):
            part.left -= bool(each)
            yield each
        after = answer.following
        if not after:
            return


def _dead(state: State, peer: Peer, part: Slice, place: bytes) -> Iterator[bytes]:
    """Give the rows of dead letters."""
    after = int(place or b"0")
    while state.journal.is_on:
        if not part.goes_on():
            part.following = b"%d" % after
            return
        most = max(part.left, _QUESTION)
        query = ListDead(after, most, part.wanted.name())
        # The latest first, as they are of most interest.
        query.is_backward = True
        state.ask(peer, [query])
        yield b""
        (answer,) = peer.take_answers()
        assert isinstance(answer, ListDead)
        part.error = answer.error
        if answer.error:
            part.following = b"%d" % after
            return
        part.looks -= RECORD_LOOKS * max(len(answer.records), _QUESTION)
        for record in answer.records:
            if part.left == 0:
                part.following = b"%d" % after
                return
            after = record.number
            if is_dead(state, record, b"") and part.wanted.takes_letter(record):
                part.left -= 1
                state.turns.work += ROW
                yield record_row(state, record)
        if len(answer.records) < most:
            return


def _ended(state: State, peer: Peer, part: Slice, place: bytes) -> Iterator[bytes]:
    """Give the rows of jobs that have ended."""
    return ending_rows(state, peer, part, int(place) if place else -1)


_MEMORY: Final = b"memory"
_STORE: Final = b"store"
_DEAD: Final = b"dead"
_ENDED: Final = b"history"

_PLACES: Final[tuple[tuple[bytes, _Rows], ...]] = (
    (_MEMORY, _memory),
    (_STORE, _store),
    (_DEAD, _dead),
    (_ENDED, _ended),
)
