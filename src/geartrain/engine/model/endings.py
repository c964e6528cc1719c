"""Endings: what became of jobs that are no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geartrain._mypyc import mypyc_attr
from geartrain.engine.records import Failures
from geartrain.engine.results import DEAD, FAILED, OUTCOMES

if TYPE_CHECKING:
    from geartrain.engine.model.jobs import Job

__all__ = ["ABANDONED", "STATUSES", "Ending", "failures_of"]

ABANDONED: Final = b"abandoned"
"""Nobody waited for it any more; no store ever kept it."""

STATUSES: Final = [*OUTCOMES, ABANDONED]
"""All that can become of a job."""


@mypyc_attr(acyclic=True)
class Ending:
    """What became of one job."""

    def __init__(  # noqa: PLR0915 - as many attributes
        self, job: Job, outcome: bytes, ended: float
    ) -> None:
        self.handle = job.handle
        """The name the job server gave it."""
        self.function = job.function.name
        """The name of its function."""
        self.unique = job.unique
        """Its unique; empty for none."""
        self.priority = job.priority
        """``Priority`` as a number."""
        self.background = job.background
        """It was a background job."""
        self.outcome = outcome
        """One of ``STATUSES``."""
        self.submitted = job.submitted
        """When it was submitted, a server time."""
        self.started = 0.0
        """When its last attempt began, a server time; 0 if there was none."""
        self.ended = ended
        """When it ended, a server time."""
        self.until = 0.0
        """Until when this is kept, a server time."""
        self.worker = b""
        """The client id of the worker of the last attempt; empty for none."""
        self.address = b""
        """The address of that worker."""
        self.failures = job.failures
        """How attempts failed before; None for not at all."""
        self.size = job.size
        """The bytes of its workload."""
        self.result_size = 0
        """The bytes of its result, but for the pieces sent before its end."""
        self.older = -1
        """Where in its page of the history the one before with the same unique is; -1
        for none.
        """
        worker = job.worker
        if worker is not None:
            self.started = job.started
            self.worker = worker.client_id
            self.address = worker.address
        elif job.failures is not None:
            self.started = job.failures.started

    def who(self) -> bytes:
        """Return who ran the last attempt: client id, a space, address; or nothing."""
        if self.address:
            return self.worker + b" " + self.address
        return b"" if self.failures is None else self.failures.worker

    def error(self) -> bytes:
        """Return what was said of the last failure; empty for nothing."""
        return b"" if self.failures is None else self.failures.error

    def is_failure(self) -> bool:
        """Tell whether the last attempt failed."""
        return self.outcome in (FAILED, DEAD)


def failures_of(ending: Ending) -> Failures:
    """Return how attempts failed, as an object there always is."""
    return Failures() if ending.failures is None else ending.failures
