"""An executor whose functions are those of a job server's workers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from typing import Any, cast

from geartrain.client.aio import AsyncClient
from geartrain.client.requests import ABSENT
from geartrain.errors import ClientError

__all__ = ["Executor"]


class Executor(futures.Executor):
    """Runs jobs in the foreground; gives a ``concurrent.futures.Future`` for each.

    It has a thread and a connection of its own; any number of jobs run at once, as many
    as there are workers. A future that is cancelled leaves its job to itself.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what ``Client`` takes, and connect when the first job is submitted."""
        self._client = AsyncClient(*arguments, **options)
        self._loop = asyncio.new_event_loop()
        self._running: set[futures.Future[Any]] = set()
        self._lock = threading.Lock()
        self._is_shut = False
        self._thread = threading.Thread(
            target=self._run, name="geartrain-executor", daemon=True
        )
        self._thread.start()

    def submit(  # type: ignore[override]
        self, function: str | bytes, workload: Any = ABSENT, /, **options: Any
    ) -> futures.Future[Any]:
        """Run a job of ``function``; the options are those of ``Client.do``.

        Raises:
            RuntimeError: the executor was shut down.
        """
        with self._lock:
            if self._is_shut:
                raise RuntimeError("the executor was shut down: it takes no more jobs")
            job = self._client.do(function, workload, **options)
            future = asyncio.run_coroutine_threadsafe(job, self._loop)
            self._running.add(future)
        future.add_done_callback(self._forget)
        return future

    def map(  # type: ignore[override]
        self,
        function: str | bytes,
        *workloads: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        """Run a job for each workload, all at once; give the results in order.

        ``timeout`` is seconds for all of them. ``chunksize`` means nothing here. For
        many workloads use ``Client.map``, which bounds how many run at once.

        Raises:
            ClientError: there is not one iterable of workloads.
        """
        if len(workloads) != 1:
            raise ClientError("a job has one workload: give one iterable of them")
        jobs = cast("Callable[..., Any]", function)
        return super().map(jobs, *workloads, timeout=timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs, and end when those that run are done.

        ``wait`` returns then, else at once; ``cancel_futures`` cancels them first.
        """
        with self._lock:
            is_first = not self._is_shut
            self._is_shut = True
            running = list(self._running)
        if cancel_futures:
            for future in running:
                future.cancel()
        if is_first:
            asyncio.run_coroutine_threadsafe(self._end(running), self._loop)
        if wait:
            self._thread.join()

    def _forget(self, future: futures.Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _end(self, running: list[futures.Future[Any]]) -> None:
        """Let the jobs end, then the connection and the thread."""
        if running:
            await asyncio.wait([asyncio.wrap_future(future) for future in running])
        await self._client.close()
        self._loop.stop()
