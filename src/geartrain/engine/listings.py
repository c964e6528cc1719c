"""Listings: all jobs in slices, so that nobody waits while many are listed.

The jobs in memory come first, as they were when the listing began, then those that
only the store has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geartrain.engine.jobs import FINISHED, PAGED, SUBMITTED, Job
from geartrain.engine.queries import ListJobs, Query
from geartrain.engine.rows import job_row, record_row, state_name

if TYPE_CHECKING:
    from geartrain.engine.state import State

__all__ = ["STATES", "Filter", "Listing", "store_query"]

STATES: Final = (b"ready", b"running", b"scheduled")


class Filter:
    """Which jobs to list; empty is any.

    Attributes:
        function: the name of their function.
        state: ``ready``, ``running`` or ``scheduled``.
        unique: their unique.
    """

    __slots__ = ("function", "state", "unique")

    def __init__(self, function: bytes, state: bytes, unique: bytes) -> None:
        self.function = function
        self.state = state
        self.unique = unique

    def takes(self, job: Job, wall_time: float) -> bool:
        """Tell whether to list a job in memory."""
        if job.state in (FINISHED, PAGED, SUBMITTED):
            return False
        if self.function and job.function.name != self.function:
            return False
        if self.unique and job.unique != self.unique:
            return False
        return not self.state or state_name(job, wall_time).encode() == self.state


class Listing:
    """The jobs in memory when a peer began to list them."""

    __slots__ = ("_listed", "_order")

    def __init__(self, state: State, wanted: Filter) -> None:
        # A copy made at C speed: nothing here looks at every job.
        self._listed: set[bytes] = set()
        function = state.functions.get(wanted.function)
        if function is not None and wanted.state == b"running":
            self._order = list(function.running)
        elif function is not None and wanted.state == b"scheduled":
            self._order = list(function.scheduled)
        else:
            self._order = list(state.jobs.values())

    def is_at_end(self, start: int) -> bool:
        """Tell whether there is nothing from this position on."""
        return start >= len(self._order)

    def slice(self, state: State, wanted: Filter, start: int, most: int) -> list[bytes]:
        """Return the rows of the next ``most`` jobs, but for those not wanted."""
        jobs = self._order[start : start + most]
        wall_time = state.wall_time()
        taken = [job for job in jobs if wanted.takes(job, wall_time)]
        self._listed.update([job.handle for job in taken])
        return [job_row(state, job) for job in taken]

    def rows(self, state: State, wanted: Filter, query: ListJobs) -> list[bytes]:
        """Return the rows of what the store answered that were not listed before.

        It was asked for jobs of the wanted function and state; those with a unique are
        never listed here.
        """
        wall_time = state.wall_time()
        found = []
        for record in query.records:
            if record.handle in self._listed or state.journal.has_left(record.number):
                continue
            job = state.jobs.get(record.handle)
            if job is not None and job.state is not PAGED:
                if wanted.takes(job, wall_time):
                    found.append(job_row(state, job))
            else:
                found.append(record_row(record, wall_time))
        return found


def store_query(state: State, wanted: Filter, after: bytes, most: int) -> Query | None:
    """Return what to ask the store for the next slice; None if it has none wanted."""
    if not state.journal.keeps_jobs or wanted.state == b"running":
        return None
    query = ListJobs(after, most, wanted.function or None)
    if wanted.state == b"scheduled":
        query.due_from = state.wall_time()
    elif wanted.state == b"ready":
        query.due_until = state.wall_time()
    return query
