"""Give a job back from within its handler."""

from __future__ import annotations

from geartrain.worker.calls import ask_release, take_back
from geartrain.worker.jobs import WorkerJob

__all__ = ["give_back"]


def give_back(job: WorkerJob) -> None:
    """End an attempt as if it had never begun: the job goes back to its queue.

    To Geartrain, without costing an attempt. Of other job servers the connection is
    closed, which is the only way to have them give the job to another worker.
    """
    if not take_back(job, ask_release(job)):
        job.abandon("release")
        job.hang_up("a job was given back")
