"""Run a blocking or an asyncio worker, and stop it from any thread."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from geartrain.supervisor.command import Stops
from geartrain.supervisor.targets import Runnable

if TYPE_CHECKING:
    import asyncio

__all__ = ["WorkerRunner"]


class WorkerRunner:
    """Runs a worker on this thread; an asyncio worker in an event loop of its own."""

    def __init__(self, worker: Runnable) -> None:
        """Take a worker that is not running."""
        self._worker = worker
        self._is_async = inspect.iscoroutinefunction(worker.run)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopped = False
        self._deadline: float | None = None
        self._stopping: set[asyncio.Future[None]] = set()

    def run(self) -> None:
        """Return once the worker has stopped."""
        if self._is_async:
            import asyncio

            asyncio.run(self._run_async())
        else:
            self._worker.run(signals=False)

    def stop(self, deadline: float | None = None, *, signalled: bool = False) -> None:
        """Call the worker's ``stop``, from any thread; return at once.

        ``signalled`` says that the commands it runs may have got a signal, too.
        """
        stops = getattr(self._worker, "stops", None)
        if signalled and isinstance(stops, Stops):
            stops.is_signalled = True
        if not self._is_async:
            self._worker.stop(deadline)
            return
        self._deadline = deadline
        self._is_stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop_in_loop)

    async def _run_async(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        if self._is_stopped:
            self._stop_in_loop()
        await self._worker.run(signals=False)

    def _stop_in_loop(self) -> None:
        """Call ``stop``, in a task if it is a coroutine function."""
        import asyncio

        stopping = self._worker.stop(self._deadline)
        if inspect.iscoroutine(stopping):
            task = asyncio.ensure_future(stopping)
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
