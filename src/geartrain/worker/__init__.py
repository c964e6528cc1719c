"""Workers: register functions, take jobs, send what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.worker.aio import AsyncWorker
    from geartrain.worker.jobs import AsyncWorkerJob, WorkerJob
    from geartrain.worker.outcomes import Retry
    from geartrain.worker.ranges import line_ranges
    from geartrain.worker.sync import Worker

__all__ = [
    "AsyncWorker",
    "AsyncWorkerJob",
    "Retry",
    "Worker",
    "WorkerJob",
    "line_ranges",
]

# A blocking worker needs no asyncio.
_HOMES = {
    "AsyncWorker": "geartrain.worker.aio",
    "AsyncWorkerJob": "geartrain.worker.jobs",
    "Retry": "geartrain.worker.outcomes",
    "Worker": "geartrain.worker.sync",
    "WorkerJob": "geartrain.worker.jobs",
    "line_ranges": "geartrain.worker.ranges",
}


def __getattr__(name: str) -> object:
    from geartrain.lazy import lazy_export

    return lazy_export(__name__, _HOMES, name)
