"""Listings: all jobs in slices, so that nobody waits while many are listed.

The jobs in memory come first, as they were when the listing began, then those that
only the store has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.rows import job_row, record_row, state_name
from geartrain.engine.model.access import SEE, Access
from geartrain.engine.model.jobs import FINISHED, PAGED, SUBMITTED, TENTATIVE, Job
from geartrain.engine.model.listings import Listing
from geartrain.engine.queries import ListJobs, Query
from geartrain.engine.state.state import State

__all__ = [
    "ROW",
    "STATES",
    "Filter",
    "memory_rows",
    "new_listing",
    "store_query",
    "store_rows",
]

# Units of work, as ``turns`` counts it, of the row of a job.
ROW: Final = 15

STATES: Final = (b"ready", b"running", b"scheduled")


class Filter:
    """Which jobs to list; empty is any."""

    def __init__(self, function: bytes, state: bytes, unique: bytes) -> None:
        self.function = function
        """The name of their function."""
        self.state = state
        """``ready``, ``running``, ``scheduled``; ``waiting`` is all but ``running``."""
        self.unique = unique
        """Their unique."""
        self.access: Access | None = None
        """What the one who lists them may see; None for all."""

    def sees(self, function: bytes) -> bool:
        """Tell whether jobs of a function may be seen."""
        return self.access is None or self.access.may(SEE, function)

    def takes(self, state: State, job: Job) -> bool:
        """Tell whether to list a job in memory."""
        if job.state in (FINISHED, PAGED, SUBMITTED, TENTATIVE):
            return False
        if self.function and job.function.name != self.function:
            return False
        if not self.sees(job.function.name):
            return False
        if self.unique and job.unique != self.unique:
            return False
        if not self.state:
            return True
        name = state_name(state, job).encode()
        return name == self.state or (self.state == b"waiting" and name != b"running")


def new_listing(state: State, wanted: Filter) -> Listing:
    """Begin to list the jobs in memory."""
    # A copy made at C speed: nothing here looks at every job.
    function = state.functions.get(wanted.function)
    if function is not None and wanted.state == b"running":
        order = [job.handle for job in function.running]
    elif function is not None and wanted.state == b"scheduled":
        order = [job.handle for job in function.scheduled]
    else:
        order = list(state.jobs)
    state.turns.work += len(order) >> 6
    return Listing(order)


def memory_rows(
    state: State, listing: Listing, wanted: Filter, start: int, most: int
) -> Iterator[bytes]:
    """Give the rows of the next ``most`` jobs, but for those not wanted."""
    for handle in listing.order[start : start + most]:
        job = state.jobs.get(handle)
        if job is None or not wanted.takes(state, job):
            yield b""
            continue
        if job.batch:
            # The store has it, too.
            listing.listed.add(handle)
        state.turns.work += ROW
        yield job_row(state, job)


def store_rows(
    state: State, listing: Listing, wanted: Filter, query: ListJobs
) -> Iterator[bytes]:
    """Give the rows of what the store answered that were not listed before.

    It was asked for jobs of the wanted function and state; those with a unique are
    never listed here.
    """
    # What leaves later than this has left after the answer.
    has_left = state.journal.has_left
    records = [each for each in query.records if not has_left(each.number)]
    for record in records:
        if record.handle in listing.listed or not wanted.sees(record.function):
            yield b""
            continue
        job = state.jobs.get(record.handle)
        state.turns.work += ROW
        if job is None or job.state is PAGED:
            yield record_row(state, record)
        elif wanted.takes(state, job):
            yield job_row(state, job)


def store_query(state: State, wanted: Filter, after: bytes, most: int) -> Query | None:
    """Return what to ask the store for the next slice; None if it has none wanted."""
    if not state.journal.keeps_jobs or wanted.state == b"running":
        return None
    query = ListJobs(after, most, wanted.function or None)
    if wanted.state == b"scheduled":
        query.due_from = state.wall_time()
        query.steady_from = state.server_time()
    elif wanted.state == b"ready":
        query.due_until = state.wall_time()
        query.steady_until = state.server_time()
    return query
