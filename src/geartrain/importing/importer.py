"""Import an old queue: submit every job, and count them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from geartrain.importing.records import (
    CHUNK,
    QueuedJob,
    Source,
    Unreadable,
    made_unique,
)
from geartrain.importing.submitter import SubmissionOutcome, Submitter
from geartrain.protocol.constants import Priority

__all__ = ["QueueImporter", "Tally"]


@dataclass(slots=True)
class Tally:
    """The counts of an import.

    Attributes:
        rows: rows read.
        submitted: jobs that the job server accepted as new.
        coalesced: jobs that coalesced with one it had.
        skipped: rows that were not submitted, or that it refused.
        deleted: rows deleted from the old queue.
        leveled: jobs with a due time whose high or low priority became normal.
    """

    rows: int = 0
    submitted: int = 0
    coalesced: int = 0
    skipped: int = 0
    deleted: int = 0
    leveled: int = 0


class QueueImporter:
    """Moves jobs from a source to a job server.

    ``note`` is called with a sentence about each row that was changed or not
    submitted, ``advance`` after each row.
    """

    def __init__(
        self,
        source: Source,
        submitter: Submitter | None,
        delete: bool,
        note: Callable[[str], None],
        advance: Callable[[Tally], None],
    ) -> None:
        """Only read and count the rows if there is no submitter."""
        self.tally = Tally()
        self._source = source
        self._submitter = submitter
        self._delete = delete
        self._note = note
        self._advance = advance
        self._taken: list[QueuedJob] = []

    def run(self) -> None:
        """Import all jobs.

        Raises:
            StoreError: the source fails.
            ConnectionError: the job server is lost. The jobs that it accepted are
                still deleted from the source, if that was asked for.
        """
        try:
            for row in self._source.jobs():
                self._take(row)
                self._advance(self.tally)
            if self._submitter is not None:
                self._settle(self._submitter.finish())
        finally:
            self._delete_taken()

    def _take(self, row: QueuedJob | Unreadable) -> None:
        self.tally.rows += 1
        if isinstance(row, Unreadable):
            self._skip(row.origin, row.reason)
            return
        replaced = made_unique(row)[1]
        if replaced:
            self._note(f"{row.origin}: {replaced}")
        if self._submitter is not None:
            self._settle(self._submitter.submit(row))

    def _settle(self, outcomes: Iterable[SubmissionOutcome]) -> None:
        for outcome in outcomes:
            if outcome.refusal:
                self._skip(outcome.job.origin, f"refused: {outcome.refusal}")
                continue
            if outcome.coalesced:
                self.tally.coalesced += 1
            else:
                self.tally.submitted += 1
            if outcome.timed and outcome.job.priority is not Priority.NORMAL:
                self.tally.leveled += 1
            if self._delete:
                self._taken.append(outcome.job)
                if len(self._taken) >= CHUNK:
                    self._delete_taken()

    def _skip(self, origin: str, reason: str) -> None:
        self.tally.skipped += 1
        self._note(f"{origin}: skipped: {reason}")

    def _delete_taken(self) -> None:
        taken = self._taken
        self._taken = []
        if taken:
            self._source.delete(taken)
            self.tally.deleted += len(taken)
