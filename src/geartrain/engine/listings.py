"""Listings: all jobs in slices, so that nobody waits while many are listed.

The jobs in memory come first, as they were when the listing began, then those that
only the store has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from geartrain.engine.jobs import FINISHED, PAGED, SUBMITTED, Job
from geartrain.engine.queries import ListJobs, Query
from geartrain.engine.rows import job_row, record_row, state_name

if TYPE_CHECKING:
    from geartrain.engine.state import State

__all__ = ["ROW", "STATES", "Filter", "Listing", "store_query"]

# Units of work, as ``turns`` counts it, of the row of a job.
ROW: Final = 15

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

    def takes(self, state: State, job: Job) -> bool:
        """Tell whether to list a job in memory."""
        if job.state in (FINISHED, PAGED, SUBMITTED):
            return False
        if self.function and job.function.name != self.function:
            return False
        if self.unique and job.unique != self.unique:
            return False
        return not self.state or state_name(state, job).encode() == self.state


class Listing:
    """The jobs in memory when a peer began to list them."""

    __slots__ = ("_listed", "_order")

    def __init__(self, state: State, wanted: Filter) -> None:
        # A copy made at C speed: nothing here looks at every job. It is of handles,
        # so that a job which ends meanwhile is not kept in memory for it.
        self._listed: set[bytes] = set()
        function = state.functions.get(wanted.function)
        if function is not None and wanted.state == b"running":
            self._order = [job.handle for job in function.running]
        elif function is not None and wanted.state == b"scheduled":
            self._order = [job.handle for job in function.scheduled]
        else:
            self._order = list(state.jobs)
        state.turns.work += len(self._order) >> 6

    def is_at_end(self, start: int) -> bool:
        """Tell whether there is nothing from this position on."""
        return start >= len(self._order)

    def size(self) -> int:
        """Return how many handles this holds."""
        return len(self._order) + len(self._listed)

    def slice(
        self, state: State, wanted: Filter, start: int, most: int
    ) -> Iterator[bytes]:
        """Give the rows of the next ``most`` jobs, but for those not wanted."""
        for handle in self._order[start : start + most]:
            job = state.jobs.get(handle)
            if job is None or not wanted.takes(state, job):
                yield b""
                continue
            if job.batch:
                # The store has it, too.
                self._listed.add(handle)
            state.turns.work += ROW
            yield job_row(state, job)

    def rows(self, state: State, wanted: Filter, query: ListJobs) -> Iterator[bytes]:
        """Give the rows of what the store answered that were not listed before.

        It was asked for jobs of the wanted function and state; those with a unique are
        never listed here.
        """
        # What leaves later than this has left after the answer.
        has_left = state.journal.has_left
        records = [each for each in query.records if not has_left(each.number)]
        for record in records:
            if record.handle in self._listed:
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
