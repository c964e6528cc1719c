"""Workers: register functions, take jobs, send what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.lazy import lazy_exports

if TYPE_CHECKING:
    from geartrain.worker.aio import AsyncWorker
    from geartrain.worker.jobs import AsyncWorkerJob, WorkerJob
    from geartrain.worker.outcomes import Retry
    from geartrain.worker.sync import Worker

__all__ = ["AsyncWorker", "AsyncWorkerJob", "Retry", "Worker", "WorkerJob"]

# A blocking worker needs no asyncio.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncWorker": "geartrain.worker.aio",
        "AsyncWorkerJob": "geartrain.worker.jobs",
        "Retry": "geartrain.worker.outcomes",
        "Worker": "geartrain.worker.sync",
        "WorkerJob": "geartrain.worker.jobs",
    },
)
