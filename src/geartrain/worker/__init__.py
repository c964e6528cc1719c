"""Workers: register functions, take jobs, send what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.worker.aio import AsyncWorker
    from geartrain.worker.jobs import AsyncWorkerJob, WorkerJob
    from geartrain.worker.outcomes import Retry
    from geartrain.worker.sync import Worker

__all__ = ["AsyncWorker", "AsyncWorkerJob", "Retry", "Worker", "WorkerJob"]

_HOMES = {
    "AsyncWorker": "aio",
    "AsyncWorkerJob": "jobs",
    "Retry": "outcomes",
    "Worker": "sync",
    "WorkerJob": "jobs",
}


def __getattr__(name: str) -> object:
    """Import a name when it is asked for: a blocking worker needs no asyncio."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
