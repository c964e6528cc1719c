"""What became of a job that ends now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.endings import Ending

if TYPE_CHECKING:
    from geartrain.engine.model.jobs import Job

__all__ = ["ending_of"]


def ending_of(job: Job, outcome: bytes, ended: float) -> Ending:
    """Return what became of a job that is still where it ran or waited."""
    ending = Ending(
        job.handle,
        job.function.name,
        outcome,
        ended,
        job.unique,
        job.priority,
        job.background,
        job.submitted,
        job.size,
        job.failures,
    )
    worker = job.worker
    if worker is not None:
        ending.started = job.started
        ending.worker = worker.client_id
        ending.address = worker.address
    elif job.failures is not None:
        ending.started = job.failures.started
    return ending
