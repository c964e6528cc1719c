"""The asyncio worker."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from geartrain.protocol.worker import Assignment, Slots, WorkerProtocol
from geartrain.transport.connect import connectors
from geartrain.worker import asking
from geartrain.worker.aio_calls import perform_async, perform_in_thread
from geartrain.worker.aio_links import AsyncLink, Hub
from geartrain.worker.base import BaseWorker
from geartrain.worker.calls import LOG, take_back
from geartrain.worker.functions import Function, key, text
from geartrain.worker.jobs import AsyncWorkerJob, BaseJob, WorkerJob

__all__ = ["AsyncWorker"]

# Seconds a grab may stay unanswered when its answer is not wanted any more.
_LATE: Final = 1.0
# Seconds between two looks at jobs taken ahead.
_TICK: Final = 1.0


class AsyncWorker(BaseWorker):
    """An asyncio worker: each job is a task; of plain functions, a thread.

    Handlers that are coroutine functions or asynchronous generators get an
    ``AsyncWorkerJob``, and are cancelled when their timeout has passed. Plain ones are
    called in a thread, with a ``WorkerJob``, and cannot be.
    """

    _hub: Hub | None = None
    _stopping = False
    _give_back_at: float | None = None

    _runs = False

    def _set_up(self) -> None:
        self._ready: deque[tuple[AsyncLink, Assignment]] = deque()
        self._keepers: list[asyncio.Task[None]] = []
        self._tasks: dict[Assignment, asyncio.Task[None]] = {}
        # Jobs taken ahead that were given back.
        self._held: list[tuple[AsyncLink, Assignment]] = []

    async def work(self, timeout: float | None = None) -> bool:
        """Wait for one job and do it; tell whether there was one.

        False means that none came within ``timeout`` seconds, or ``stop`` was called.
        A job that fails is a job done. None is taken between two calls.
        """
        hub = await self._opened(1)
        if not self._ready and not self._stopping:
            hub.resume()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._until(lambda: bool(self._ready) or self._stopping)
        hub.slots.rest()
        if not self._ready and not hub.slots.unused:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LATE):
                    await self._until(lambda: bool(self._ready) or hub.slots.unused)
        if not self._ready:
            return False
        link, assignment = self._ready.popleft()
        await self._do(link, assignment)
        return True

    async def run(self, *, signals: bool = True) -> None:
        """Work until ``stop``, then close the connections.

        With ``signals``, and in the main thread, SIGTERM and SIGINT stop the worker: it
        finishes the jobs at hand and takes no more; the second one gives them back.
        """
        handles = signals and threading.current_thread() is threading.main_thread()
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT) if handles else ()
        try:
            hub = await self._opened(self.concurrency + self.prefetch)
            for number in numbers:
                loop.add_signal_handler(number, self._on_signal)
            self._runs = True
            self._start_ready()
            if self.prefetch:
                self._keepers.append(asyncio.ensure_future(self._return_ahead()))
            if not self._stopping:
                hub.resume()
            await self._until(lambda: self._stopping)
            await self._finish(hub)
        finally:
            self._runs = False
            await self.close()
            for number in numbers:
                loop.remove_signal_handler(number)

    def stop(self, deadline: float | None = None) -> None:
        """Finish the jobs at hand and take no more; return at once.

        For any thread, signal handler, or handler of a job. Jobs that have not ended
        after ``deadline`` seconds are given back: to Geartrain without costing an
        attempt; to other job servers by closing the connection. Their tasks are
        cancelled, threads run on. A second call can bring the deadline forward. Before
        ``run``, it has ``run`` return at once.
        """
        if deadline is not None:
            at = time.monotonic() + deadline
            if self._give_back_at is None or at < self._give_back_at:
                self._give_back_at = at
        self._stopping = True
        hub = self._hub
        if hub is not None:
            hub.slots.resting = True
            with suppress(RuntimeError):
                hub.loop.call_soon_threadsafe(hub.changed.set)

    async def close(self) -> None:
        """Leave all job servers; jobs at hand go to other workers.

        The worker can be used again.
        """
        hub, self._hub = self._hub, None
        tasks = [*self._keepers, *self._tasks.values()]
        self._keepers = []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = {}
        if hub is not None:
            await hub.close()
        self._ready.clear()
        self._stopping = False
        self._give_back_at = None
        for job in self.jobs_at_hand:
            self._end(job)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _announce(self, function: Function) -> None:
        hub = self._hub
        if hub is not None:
            for link in hub.links:
                link.protocol.register(key(function.name), function.milliseconds)
            hub.flush()

    def _withdraw(self, name: bytes) -> None:
        hub = self._hub
        if hub is not None:
            for link in hub.links:
                link.protocol.unregister(name)
            hub.flush()

    async def _opened(self, concurrency: int) -> Hub:
        """Return what the connections share; begin to connect the first time."""
        if self._hub is not None:
            if self._hub.slots.total == concurrency:
                return self._hub
            stopping = self._stopping
            await self.close()
            self._stopping = stopping
        self._refuse()
        found = connectors(self.servers, self.tls)
        timeouts = (self.heartbeat, self.connect_timeout)
        hub = Hub(Slots(concurrency), self._take, self.observer, timeouts)
        hub.slots.resting = True
        for connector in found:
            protocol = WorkerProtocol(hub.slots, key(self.id))
            for name, timeout in self._each_function():
                protocol.register(name, timeout)
            hub.links.append(AsyncLink(hub, connector, protocol))
        self._hub = hub
        self._keepers = [hub.loop.create_task(link.keep()) for link in hub.links]
        return hub

    async def _until(self, condition: Any) -> None:
        """Return once ``condition`` holds."""
        hub = self._hub
        while hub is not None and not condition():
            hub.changed.clear()
            await hub.changed.wait()

    async def _finish(self, hub: Hub) -> None:
        """Wait for the jobs at hand, and give back those that miss the deadline."""
        given_back = False
        while not hub.slots.unused:
            at = self._give_back_at
            if at is not None and not given_back and time.monotonic() >= at:
                given_back = True
                await self._give_back(hub)
            if given_back and not self._at_hand:
                return
            hub.changed.clear()
            wait = None if at is None or given_back else at - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await hub.changed.wait()
        if self._tasks and not given_back:
            await asyncio.wait(self._tasks.values())

    async def _give_back(self, hub: Hub) -> None:
        """Give the jobs back whose handlers still run, and cancel these."""
        await self._return_ready()
        for job in self.jobs_at_hand:
            answer = await asyncio.to_thread(asking.release, job.connector, job.handle)
            if job.outcome is not None:
                continue
            if not take_back(job, answer):
                job.abandon("release")
                for link in hub.links:
                    if link.connector is job.connector:
                        link.hang_up(OSError("a job was not finished in time"))
            self._end(job)
        for task in self._tasks.values():
            task.cancel()

    def _on_signal(self) -> None:
        self.stop(0.0 if self._stopping else None)

    def _take(self, link: AsyncLink, assignment: Assignment) -> None:
        self._ready.append((link, assignment))
        if self._runs:
            self._start_ready()
        elif self._hub is not None:
            self._hub.changed.set()

    def _start_ready(self) -> None:
        """Start the jobs that have come, as many as may run at once."""
        loop = self._hub.loop if self._hub is not None else asyncio.get_running_loop()
        while self._ready and len(self._tasks) < self.concurrency:
            link, assignment = self._ready.popleft()
            task = loop.create_task(self._do_next(link, assignment))
            self._tasks[assignment] = task

    async def _do_next(self, link: AsyncLink, assignment: Assignment) -> None:
        """Do a job, then start the next; a callback would take a turn of the loop."""
        try:
            await self._do(link, assignment)
        except Exception:
            LOG.exception("a job ended in an unexpected way")
        finally:
            self._tasks.pop(assignment, None)
            while self._held:
                held, given_back = self._held.pop()
                held.drop(given_back)
            if self._runs and self._ready:
                self._start_ready()

    async def _return_ahead(self) -> None:
        """Give jobs back that wait behind handlers that take their time."""
        done = -1
        while True:
            if done == self.jobs_done and self._at_hand:
                await self._return_ready()
            done = self.jobs_done
            await asyncio.sleep(_TICK)

    async def _return_ready(self) -> None:
        refused: list[tuple[AsyncLink, Assignment]] = []
        while self._ready:
            link, assignment = self._ready.popleft()
            handle = text(assignment.handle)
            answer = await asyncio.to_thread(asking.release, link.connector, handle)
            if answer == "refused":
                refused.append((link, assignment))
            else:
                # Its slot is kept: another would be taken in its place.
                self._held.append((link, assignment))
        self._ready.extend(refused)

    async def _do(self, link: AsyncLink, assignment: Assignment) -> None:
        function = self._functions.get(assignment.function)
        if function is None or not link.protocol.owns(assignment):
            # It was withdrawn, or the connection lost: the job is another worker's.
            link.drop(assignment)
            return
        job: BaseJob
        try:
            if function.is_async:
                job = AsyncWorkerJob(link, assignment, function, self.context)
                self._begin(job)
                await perform_async(link, function, job)
            else:
                job = WorkerJob(link, assignment, function, self.context)
                self._begin(job)
                await perform_in_thread(function, job)
        finally:
            self._end(job)
