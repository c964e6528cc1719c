"""An executor whose functions are those of a job server's workers."""

from __future__ import annotations

import asyncio
import os
import sys
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


_SHUT: Final = "the executor was shut down: it takes no more jobs"
# Seconds between two looks whether the thread of an executor lives.
_STEP: Final = 0.1


class _Future(futures.Future[Any]):
    """A future of this process: a child that is forked cannot wait for it."""

    def __init__(self, job: Coroutine[Any, Any, Any]) -> None:
        super().__init__()
        self.job = job
        self._process = os.getpid()

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the job's end; return its result."""
        self._check()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the job's end; return what it failed with."""
        self._check()
        return super().exception(timeout)

    def refuse(self) -> None:
        """End without having begun."""
        self.job.close()
        with suppress(futures.InvalidStateError):
            self.set_exception(RuntimeError(_SHUT))

    def _check(self) -> None:
        # Not done() for itself: it takes a lock that a thread of the parent may hold.
        if self._process != os.getpid() and self._state != "FINISHED":
            raise LostError(
                "the job was submitted before the process was forked: its result is the"
                " parent's"
            )


class _Side:
    """What an executor has in one process: an event loop in a thread.

    Nothing here takes a lock: a signal handler may shut the executor down in the middle
    of a ``start`` that it interrupts, and wait for the thread.
    """

    def __init__(self) -> None:
        if sys.is_finalizing():
            # A thread that is started now never runs, and Python waits for it.
            raise RuntimeError("the interpreter ends: an executor cannot begin")
        self.process = os.getpid()
        # Futures whose jobs have not ended. Those that have a task have begun.
        self.running: set[_Future] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(
            target=self._run, name="geartrain-executor", daemon=True
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self.thread.start()
        _sides.add(self)

    def start(self, job: Coroutine[Any, Any, Any]) -> _Future:
        """Run a job; return its future.

        Raises:
            RuntimeError: it was shut down.
        """
        future = _Future(job)
        self.running.add(future)
        future.add_done_callback(_notify)
        try:
            self.loop.call_soon_threadsafe(self._begin, future)
        except RuntimeError:
            self.running.discard(future)
            future.refuse()
            raise RuntimeError(_SHUT) from None
        return future

    async def idle(self) -> None:
        """Wait until all jobs have ended, those that callbacks submit included."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def end(self, client: AsyncClient) -> None:
        """Let the jobs end, then the connection and the thread."""
        await self.idle()
        self._is_closing = True
        await client.close()
        self.loop.stop()

    def _begin(self, future: _Future) -> None:
        if self._is_closing or future.cancelled():
            self.running.discard(future)
            future.refuse()
            return
        task = self.loop.create_task(self._perform(future))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def stop(_: object) -> None:
            if future.cancelled():
                with suppress(RuntimeError):
                    self.loop.call_soon_threadsafe(task.cancel)

        future.add_done_callback(stop)

    async def _perform(self, future: _Future) -> None:
        try:
            result = await future.job
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
            self.running.discard(future)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        # What was submitted meanwhile has never begun.
        for future in list(self.running):
            self.running.discard(future)
            future.refuse()


def _notify(future: futures.Future[Any]) -> None:
    """Tell ``wait`` and ``as_completed`` of a future that was cancelled.

    ``cancel`` by itself does not: it leaves that to the executor.
    """
    if future.cancelled():
        future.set_running_or_notify_cancel()


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
            raise RuntimeError(_SHUT)
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

        A signal handler may call it amid a ``submit``. Amid a method of a future, which
        has that one's lock, it must not wait: the thread may need the lock to end.
        """
        is_first = not self._is_shut
        self._is_shut = True
        side = self._side
        if side.process != os.getpid():
            return
        if cancel_futures:
            for future in list(side.running):
                future.cancel()
        if is_first:
            asyncio.run_coroutine_threadsafe(side.end(self._client), side.loop)
        # A callback of a future runs in the thread itself.
        if wait and threading.current_thread() is not side.thread:
            side.thread.join()


# Those whose threads run. An executor that nobody has any more may have jobs yet.
_sides: Final[WeakSet[_Side]] = WeakSet()
# What forks have left in this process, whose event loops are the parents'.
_left: Final[list[_Side]] = []


def _finish() -> None:
    """Wait for the jobs of all executors before the interpreter ends."""
    for side in list(_sides):
        if side.process == os.getpid() and side.running:
            with suppress(RuntimeError):
                asked = asyncio.run_coroutine_threadsafe(side.idle(), side.loop)
                while side.thread.is_alive() and not asked.done():
                    futures.wait([asked], _STEP)


# As concurrent.futures does: atexit comes too late, when no thread can be started.
threading._register_atexit(_finish)  # type: ignore[attr-defined]
