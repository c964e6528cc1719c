"""Give a job back from within its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from geartrain.worker import asking
from geartrain.worker.calls import take_back
from geartrain.worker.jobs import WorkerJob

if TYPE_CHECKING:
    from geartrain.worker.links import Link

__all__ = ["give_back"]


def give_back(job: WorkerJob) -> None:
    """End an attempt as if it had never begun: the job goes back to its queue.

    To Geartrain, without costing an attempt. Of other job servers the connection is
    closed, which is the only way to have them give the job to another worker.
    """
    if take_back(job, asking.release(job.connector, job.handle)):
        return
    link = cast("Link", job._line)
    job.abandon("release")
    link.hang_up("a job was given back")
