"""An executor whose functions are those of a job server's workers."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent import futures
from contextlib import suppress
from typing import Any, Final, cast
from weakref import WeakSet

from geartrain.client.aio import AsyncClient
from geartrain.client.requests import ABSENT
from geartrain.errors import ClientError, LostError
from geartrain.seconds import Seconds, limit

__all__ = ["Executor"]


class _Future(futures.Future[Any]):
    """A future of this process: a child that is forked cannot wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._process = os.getpid()

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the job's end; return its result."""
        self._check()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the job's end; return what it failed with."""
        self._check()
        return super().exception(timeout)

    def _check(self) -> None:
        # Not done() for itself: it takes a lock that a thread of the parent may hold.
        if self._process != os.getpid() and self._state != "FINISHED":
            raise LostError(
                "the job was submitted before the process was forked: its result is the"
                " parent's"
            )


class _Side:
    """What an executor has in one process: an event loop in a thread."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.running: set[_Future] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(
            target=self._run, name="geartrain-executor", daemon=True
        )
        self.thread.start()
        _sides.add(self)

    def start(self, job: Coroutine[Any, Any, Any]) -> _Future:
        """Run a job; return its future."""
        future = _Future()
        with self.lock:
            self.running.add(future)
        self.loop.call_soon_threadsafe(self._start, future, job)
        return future

    def _start(self, future: _Future, job: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.create_task(self._perform(future, job))

        def stop(_: object) -> None:
            if future.cancelled():
                with suppress(RuntimeError):
                    self.loop.call_soon_threadsafe(task.cancel)

        future.add_done_callback(stop)

    async def _perform(self, future: _Future, job: Coroutine[Any, Any, Any]) -> None:
        try:
            result = await job
        except BaseException as error:
            with suppress(futures.InvalidStateError):
                if isinstance(error, asyncio.CancelledError):
                    future.cancel()
                else:
                    future.set_exception(error)
        else:
            with suppress(futures.InvalidStateError):
                future.set_result(result)
        finally:
            with self.lock:
                self.running.discard(future)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class Executor(futures.Executor):
    """Runs jobs in the foreground; gives a ``concurrent.futures.Future`` for each.

    It has a thread and a connection of its own; any number of jobs run at once, as many
    as there are workers. A future that is cancelled leaves its job to itself.

    Before the interpreter ends it waits for the jobs that were submitted, as other
    executors do. In a child that was forked it begins anew with the next job: the
    futures of those before are the parent's.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what ``Client`` takes, and connect when the first job is submitted."""
        self._client = AsyncClient(*arguments, **options)
        self._is_shut = False
        self._side = _Side()

    def submit(  # type: ignore[override]
        self, function: str | bytes, workload: Any = ABSENT, /, **options: Any
    ) -> futures.Future[Any]:
        """Run a job of ``function``; the options are those of ``Client.do``.

        Raises:
            RuntimeError: the executor was shut down.
        """
        if self._side.process != os.getpid():
            # What the parent had stays as it was: its locks may be held for ever.
            _left.append(self._side)
            self._side = _Side()
        if self._is_shut:
            raise RuntimeError("the executor was shut down: it takes no more jobs")
        return self._side.start(self._client.do(function, workload, **options))

    def map(  # type: ignore[override]
        self,
        function: str | bytes,
        *workloads: Iterable[Any],
        timeout: Seconds | None = None,
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
        return super().map(jobs, *workloads, timeout=limit(timeout))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs, and end when those that run are done.

        ``wait`` returns then, else at once; ``cancel_futures`` cancels them first.
        """
        is_first = not self._is_shut
        self._is_shut = True
        side = self._side
        if side.process != os.getpid():
            return
        with side.lock:
            running = list(side.running)
        if cancel_futures:
            for future in running:
                future.cancel()
        if is_first:
            asyncio.run_coroutine_threadsafe(self._end(side, running), side.loop)
        if wait:
            side.thread.join()

    async def _end(self, side: _Side, running: list[_Future]) -> None:
        """Let the jobs end, then the connection and the thread."""
        left = [asyncio.wrap_future(future) for future in running]
        if left:
            await asyncio.wait(left)
        await self._client.close()
        side.loop.stop()


# Those whose threads run. An executor that nobody has any more may have jobs yet.
_sides: Final[WeakSet[_Side]] = WeakSet()
# What forks have left in this process, whose event loops are the parents'.
_left: Final[list[_Side]] = []


def _finish() -> None:
    """Wait for the jobs of all executors before the interpreter ends."""
    for side in list(_sides):
        if side.process == os.getpid():
            with side.lock:
                running = list(side.running)
            futures.wait(running)


# As concurrent.futures does: atexit comes too late, when no thread can be started.
threading._register_atexit(_finish)  # type: ignore[attr-defined]
