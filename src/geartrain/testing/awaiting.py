"""Run the coroutine functions of a worker inline."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any

from geartrain.errors import WorkerError
from geartrain.worker import asking
from geartrain.worker.functions import WorkerFunction
from geartrain.worker.jobs import AsyncWorkerJob, BaseJob

__all__ = ["InlineJob", "awaited"]


class InlineJob(AsyncWorkerJob):
    """One attempt of a job, for a coroutine in an event loop of its own."""

    __slots__ = ()

    @property
    def attempt(self) -> Coroutine[Any, Any, int]:
        """The number of this attempt, from 1: ``await job.attempt``."""
        return self._attempt()

    async def _attempt(self) -> int:
        # In this thread: no other may speak to the job server before the job ends.
        return asking.attempt(self.connector, self.handle)


def awaited(function: WorkerFunction) -> WorkerFunction:
    """Return a plain function that runs a coroutine function to its end."""

    def run(job: BaseJob) -> Any:
        if _has_loop():
            raise WorkerError(
                f"{function.name!r} is a coroutine function and cannot be run inline on"
                " an event loop: use LocalServer and an AsyncWorker"
            )
        return asyncio.run(_result(function, job))

    return WorkerFunction(function.name, run)


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _result(function: WorkerFunction, job: BaseJob) -> Any:
    """Await a handler, and send what it yields."""
    result = function.call(job)
    if not inspect.isasyncgen(result):
        return await asyncio.wait_for(result, function.timeout)
    async for piece in result:
        job.send_data(piece)
    return None
