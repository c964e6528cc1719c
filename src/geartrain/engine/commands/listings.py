"""Listings: the jobs in memory that a list or a sweep looks at, and those of the store.

The jobs in memory come first, as they were when the listing began, then those that
only the store has.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from geartrain.engine.commands.filters import Filter
from geartrain.engine.commands.rows import job_row, record_row
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.model.listings import Listing
from geartrain.engine.queries import ListJobs, Query
from geartrain.engine.state.state import State

__all__ = [
    "RECORD_LOOKS",
    "ROW",
    "Slice",
    "complete",
    "first_listing",
    "new_listing",
    "place_after",
    "store_query",
    "store_rows",
]

# Units of work, as ``turns`` counts it, of the row of a job.
ROW: Final = 15

# Jobs that a slice looks at: a fifth of a second. Whoever wants more asks on.
_MOST_LOOKS: Final = 200_000
RECORD_LOOKS: Final = 10
"""Looks that a job or dead letter of the store costs: it has to be read."""

# Jobs in memory that the first look of a list is at: whoever wants one page of a
# million does not pay for a copy of a million names.
_FIRST: Final = 4096
# Ready jobs of one function that are walked in a step.
_FEW: Final = 4096
# How far before its old place a job is looked for: as many may have left since.
_BACK: Final = 100_000
# The same where it has left itself, and its number is all there is to go by.
_WALK: Final = 2_000


class Slice:
    """A slice of a list: what is wanted, and how much more is looked at for it."""

    def __init__(self, wanted: Filter, most: int) -> None:
        self.wanted = wanted
        """Which jobs to list."""
        self.left = most
        """How many more rows to give."""
        self.looks = _MOST_LOOKS
        """How many more jobs to look at, as far as it costs in memory."""
        self.following = b""
        """Where the next slice begins; empty if this is the last."""
        self.error = ""
        """Why the store could not say."""

    def goes_on(self) -> bool:
        """Tell whether more is to be looked at for this slice."""
        return self.left > 0 and self.looks > 0


def new_listing(state: State, wanted: Filter) -> Listing:
    """Begin to list the jobs in memory that may be wanted."""
    # Copies made at C speed: nothing here looks at every job.
    found = _indexed(state, wanted)
    order = list(state.jobs) if found is None else found
    state.turns.work += len(order) >> 6
    return Listing(order)


def first_listing(state: State, wanted: Filter) -> Listing:
    """Begin as ``new_listing`` does, with a first part that ``complete`` completes."""
    found = _indexed(state, wanted)
    if found is not None:
        state.turns.work += len(found) >> 6
        return Listing(found)
    listing = Listing(list(islice(state.jobs, _FIRST)))
    listing.is_partial = len(state.jobs) > _FIRST
    return listing


def complete(state: State, listing: Listing) -> None:
    """Give a listing of a first part what follows on its end."""
    last = listing.order[-1]
    order = list(state.jobs)
    state.turns.work += len(order) >> 6
    listing.order += order[place_after(order, last, len(listing.order)) :]
    listing.is_partial = False


def place_after(order: list[bytes], handle: bytes, place: int) -> int:
    """Return the place after a handle that was at ``place - 1``, or where it would be.

    Others before it may have left since; then it is nearer to the beginning.
    """
    place = min(place, len(order))
    try:
        return order.index(handle, max(0, place - _BACK), place) + 1
    except ValueError:
        # It has left itself. Where jobs stand by number, those behind it tell where.
        number = State.number(handle)
        least = max(0, place - _WALK)
        while place > least and State.number(order[place - 1]) > number:
            place -= 1
        return place


def _indexed(state: State, wanted: Filter) -> list[bytes] | None:
    """Return the jobs that an index names; None if all have to be looked at."""
    name = wanted.name()
    if name is not None:
        function = state.functions.get(name)
        return [] if function is None else _of_function(function, wanted)
    if wanted.state not in (b"running", b"scheduled"):
        return None
    state.turns.work += len(state.functions) >> 3
    found: list[bytes] = []
    for function in state.functions.values():
        found += _of_function(function, wanted) or []
    return found


def _of_function(function: Function, wanted: Filter) -> list[bytes] | None:
    """Return a function's jobs in memory; None if there are too many to walk."""
    if wanted.state == b"running":
        return _handles(function.running)
    if wanted.state == b"scheduled":
        return _handles(function.scheduled)
    if function.ready_count() + function.held_count() > _FEW:
        return None
    ready = [job.handle for queue in function.ready for job in queue.jobs()]
    keys = function.keys()
    if keys is not None:
        ready += [job.handle for job in keys.held_jobs()]
    # One that is due is ready, though its timer has not rung yet.
    return [*_handles(function.running), *ready, *_handles(function.scheduled)]


def _handles(jobs: dict[Job, None]) -> list[bytes]:
    return [job.handle for job in jobs]


def store_rows(
    state: State, listing: Listing | None, wanted: Filter, query: ListJobs
) -> Iterator[bytes]:
    """Give the rows of what the store answered that were not listed before.

    Without the ``listing`` of the jobs in memory, those that are there now were.
    """
    # What leaves later than this has left after the answer.
    has_left = state.journal.has_left
    records = [each for each in query.records if not has_left(each.number)]
    for record in records:
        job = state.jobs.get(record.handle)
        is_in_memory = job is not None and job.state is not PAGED
        is_listed = is_in_memory if listing is None else record.handle in listing.listed
        if is_listed:
            yield b""
        elif job is None or not is_in_memory:
            if wanted.takes_record(state, record):
                state.turns.work += ROW
                yield record_row(state, record)
        elif wanted.takes(state, job):
            state.turns.work += ROW
            yield job_row(state, job)


def store_query(state: State, wanted: Filter, after: bytes, most: int) -> Query | None:
    """Return what to ask the store for the next slice; None if it has none wanted."""
    if not state.journal.keeps_jobs or wanted.state == b"running":
        return None
    query = ListJobs(after, most, wanted.name())
    if wanted.state == b"scheduled":
        query.due_from = state.wall_time()
        query.steady_from = state.server_time()
    elif wanted.state == b"ready":
        query.due_until = state.wall_time()
        query.steady_until = state.server_time()
    return query
