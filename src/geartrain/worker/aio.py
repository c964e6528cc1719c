"""The asyncio worker."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

from geartrain.errors import WorkerError
from geartrain.protocol.worker import Assignment, Slots, WorkerProtocol
from geartrain.seconds import Seconds
from geartrain.transport.connect import connectors
from geartrain.worker.aio_calls import Attempt, in_thread, perform_in_thread
from geartrain.worker.aio_links import AsyncLink, Hub
from geartrain.worker.aio_signals import LoopSignals
from geartrain.worker.aio_tasks import Tasks
from geartrain.worker.asking import Answer
from geartrain.worker.base import BaseWorker, in_seconds
from geartrain.worker.calls import (
    NOTHING,
    Passing,
    ask_release,
    release_ahead,
    take_back,
)
from geartrain.worker.functions import Function, key
from geartrain.worker.jobs import AsyncWorkerJob, BaseJob, WorkerJob

__all__ = ["AsyncWorker"]

# Seconds a grab may stay unanswered when its answer is not wanted any more.
_LATE: Final = 1.0
# Seconds between two looks at jobs taken ahead.
_TICK: Final = 1.0
_REFUSED: Final[Answer] = "refused"


class AsyncWorker(BaseWorker):
    """An asyncio worker: each job is a task; of plain functions, a thread.

    Handlers that are coroutine functions or asynchronous generators get an
    ``AsyncWorkerJob``, and are cancelled when their timeout has passed. Plain ones are
    called in a thread, with a ``WorkerJob``, and cannot be.

    Whatever a handler raises ends its attempt, CancelledError too, and the worker goes
    on. It may be used in one event loop after another, in one at a time.
    """

    _hub: Hub | None
    _stopping: bool
    _runs: bool

    def _set_up(self) -> None:
        self._hub = self._give_back_at = None
        self._stopping = self._runs = False
        self._ready: deque[tuple[AsyncLink, Assignment]] = deque()
        self._keepers: list[asyncio.Task[None]] = []
        self._tasks = Tasks()
        # Jobs taken ahead that were given back.
        self._held: list[tuple[AsyncLink, Assignment]] = []
        self._passing: Passing = NOTHING
        self._signals = LoopSignals()

    def in_child(self) -> None:
        """Begin anew in a process that was forked; called there by itself."""
        hub, is_at_work = self._hub, bool(self._at_hand)
        self._signals.leave()
        super().in_child()
        if hub is not None:
            hub.in_child(is_at_work)

    async def work(self, timeout: Seconds | None = None) -> bool:
        """Wait for one job and do it; tell whether there was one.

        False means that none came within ``timeout`` seconds, or ``stop`` was called.
        A job that fails is a job done. None is taken between two calls.

        Raises:
            WorkerError: it serves no function, or is at work already, or the timeout
                is no number.
        """
        seconds = in_seconds("timeout", timeout)
        self._check_idle(handles_signals=False)
        hub = await self._opened(1)
        if not self._ready and not self._stopping:
            hub.resume()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._until(hub, lambda: bool(self._ready) or self._stopping)
        hub.slots.rest()
        if not self._ready and not hub.slots.unused:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LATE):
                    await self._until(
                        hub, lambda: bool(self._ready) or hub.slots.unused
                    )
        if not self._ready:
            return False
        link, assignment = self._ready.popleft()
        # A task of its own: a handler may cancel itself, and who waits here, too.
        task = self._tasks.start(assignment, self._do_next(link, assignment))
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            link.hang_up(OSError("the worker was cancelled"))
            await self._tasks.finish()
            raise
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
        return True

    async def run(self, *, signals: bool = True) -> None:
        """Work until ``stop``, then close the connections.

        With ``signals``, and in the main thread, SIGTERM and SIGINT stop the worker: it
        finishes the jobs at hand and takes no more; the second one gives them back.

        Raises:
            WorkerError: it serves no function, or is at work already.
        """
        handles = signals and threading.current_thread() is threading.main_thread()
        self._check_idle(handles)
        try:
            self._runs = True
            hub = await self._opened(self.concurrency + self.prefetch)
            if handles:
                self._signals.handle(self._on_signal)
                self._keepers.append(asyncio.ensure_future(self._look_at_signals()))
            self._start_ready()
            if self.prefetch:
                self._keepers.append(asyncio.ensure_future(self._return_ahead()))
            if not self._stopping:
                hub.resume()
            await self._until(hub, lambda: self._stopping)
            await self._finish(hub)
        finally:
            self._runs = False
            await self.close()
            self._signals.undo()

    def _check_idle(self, handles_signals: bool) -> None:
        """Raise WorkerError if this worker runs, or its handler asks for more work."""
        if self._runs or self._tasks.holds_current():
            raise WorkerError(
                "this worker is at work already: a handler cannot have it work"
            )
        if not self._stopping:
            self._check_work()
        self._passing = self._ending(handles_signals)

    async def _look_at_signals(self) -> None:
        """Set signals back that a handler has changed."""
        done = 0
        while True:
            await asyncio.sleep(_TICK)
            if self.jobs_done != done or self._at_hand:
                done = self.jobs_done
                self._signals.check()

    def stop(self, deadline: Seconds | None = None) -> None:
        """Finish the jobs at hand and take no more; return at once.

        For any thread, signal handler, or handler of a job. Jobs that have not ended
        after ``deadline`` seconds are given back: to Geartrain without costing an
        attempt; to other job servers by closing the connection. Their tasks are
        cancelled, threads run on. A second call can bring the deadline forward. Before
        ``run``, it has ``run`` return at once.

        Raises:
            WorkerError: the deadline is no number.
        """
        self._by(deadline)
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
        keepers, self._keepers = self._keepers, []
        if hub is not None:
            hub.changed.set()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await self._tasks.finish()
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
        if self._hub is not None and self._hub.loop is not asyncio.get_running_loop():
            self._leave_loop()
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
            protocol = WorkerProtocol(hub.slots, key(self.id), wants_handles=True)
            for name, timeout in self._each_function():
                protocol.register(name, timeout)
            hub.links.append(AsyncLink(hub, connector, protocol))
        self._hub = hub
        self._keepers = [hub.loop.create_task(link.keep()) for link in hub.links]
        return hub

    def _leave_loop(self) -> None:
        """Part from an event loop that has ended, and all that was in it."""
        hub, self._hub = self._hub, None
        if hub is not None:
            hub.leave_loop()
        self._keepers = []
        self._tasks = Tasks()
        self._ready.clear()
        self._held.clear()
        for job in self.jobs_at_hand:
            self._end(job)

    async def _until(self, hub: Hub, condition: Callable[[], bool]) -> None:
        """Return once ``condition`` holds, or the worker has left its job servers."""
        while self._hub is hub and not condition():
            hub.changed.clear()
            await hub.changed.wait()

    async def _finish(self, hub: Hub) -> None:
        """Wait for the jobs at hand, and give back those that miss the deadline."""
        while self._hub is hub and not (hub.slots.unused and not self._tasks):
            at = self._give_back_at
            if at is not None and time.monotonic() >= at:
                await self._give_back(hub)
                return
            hub.changed.clear()
            wait = None if at is None else at - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await hub.changed.wait()

    async def _give_back(self, hub: Hub) -> None:
        """Give the jobs back whose handlers still run, and cancel these."""
        await self._return_ready()
        for job in self.jobs_at_hand:
            answer = await in_thread(partial(ask_release, job), _REFUSED)
            if job.outcome is not None:
                continue
            if not take_back(job, answer):
                job.abandon("release")
                job.hang_up("a job was not finished in time")
            self._end(job)
        self._tasks.cancel()

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
        running = self._tasks.running
        while self._ready and len(running) < self.concurrency:
            link, assignment = self._ready.popleft()
            self._tasks.start(assignment, self._do_next(link, assignment))

    async def _do_next(self, link: AsyncLink, assignment: Assignment) -> None:
        """Do a job, then start the next; a callback would take a turn of the loop."""
        tasks = self._tasks
        try:
            await self._do(link, assignment)
        finally:
            tasks.end(assignment)
            if self._ready or self._held or self._stopping:
                self._begin_next()

    def _begin_next(self) -> None:
        """Start what a handler's end, or its job's, has made room for."""
        while self._held:
            held, given_back = self._held.pop()
            held.drop(given_back)
        if self._runs and self._ready:
            self._start_ready()
        if self._stopping and self._hub is not None:
            self._hub.changed.set()

    def _let_stray(self, job: BaseJob) -> None:
        """Go on without a handler whose job has ended."""
        self._end(job)
        self._tasks.let_stray(job.assignment)
        self._begin_next()

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
            answer = await in_thread(partial(release_ahead, link, assignment), _REFUSED)
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
        if not function.is_async:
            await self._call_in_thread(function, link, assignment)
            return
        job = AsyncWorkerJob(link, assignment, function, self.context)
        self._begin(job)
        attempt = Attempt(link, function, job, self._tasks, self._let_stray)
        try:
            await attempt.perform(self._passing)
        finally:
            # It may end the process, if that is how the handler ended.
            self._end(job)
            if job.outcome is None:
                job.give_up(OSError("its handler was interrupted"))
            if not assignment.ended:
                job.let_go()

    async def _call_in_thread(
        self, function: Function, link: AsyncLink, assignment: Assignment
    ) -> None:
        job = WorkerJob(link, assignment, function, self.context)
        self._begin(job)
        try:
            await perform_in_thread(function, job, self._tasks)
        finally:
            self._end(job)
            job.let_go()
