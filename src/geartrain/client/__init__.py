"""The client: submit jobs, follow them, and wait for their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.client.jobs import SubmittedJob
from geartrain.client.planning import PlannedJob
from geartrain.client.sync import Client
from geartrain.client.tasks import Callbacks, Task
from geartrain.client.updates import JobStatus, Update

if TYPE_CHECKING:
    from geartrain.client.aio import AsyncClient
    from geartrain.client.aio_jobs import AsyncSubmittedJob
    from geartrain.client.executor import Executor

__all__ = [
    "AsyncClient",
    "AsyncSubmittedJob",
    "Callbacks",
    "Client",
    "Executor",
    "JobStatus",
    "PlannedJob",
    "SubmittedJob",
    "Task",
    "Update",
]

# They need asyncio or concurrent.futures, which the blocking client does without.
_HOMES = {
    "AsyncClient": "geartrain.client.aio",
    "AsyncSubmittedJob": "geartrain.client.aio_jobs",
    "Executor": "geartrain.client.executor",
}


def __getattr__(name: str) -> object:
    from geartrain.lazy import lazy_export

    return lazy_export(__name__, _HOMES, name)
