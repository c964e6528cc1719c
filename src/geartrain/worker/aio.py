"""The asyncio worker: how it waits, and the tasks and threads of its handlers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from geartrain.protocol.worker import Assignment
from geartrain.seconds import Seconds
from geartrain.worker.aio_calls import Attempt, ask_in_thread, perform_in_thread
from geartrain.worker.aio_connection import AsyncWorkerConnection
from geartrain.worker.aio_pump import AsyncPump
from geartrain.worker.aio_signals import LoopSignals
from geartrain.worker.aio_tasks import Tasks
from geartrain.worker.base import BaseWorker, in_seconds
from geartrain.worker.jobs import BaseJob, WorkerJob
from geartrain.worker.log import LOG
from geartrain.worker.session import Given, Session

__all__ = ["AsyncWorker"]


class AsyncWorker(BaseWorker):
    """An asyncio worker: each job is a task; of plain functions, a thread.

    Handlers that are coroutine functions or asynchronous generators get an
    ``AsyncWorkerJob``, and are cancelled when their timeout has passed. Plain ones are
    called in a thread, with a ``WorkerJob``, and cannot be.

    Whatever a handler raises ends its attempt, CancelledError too, and the worker goes
    on. It may be used in one event loop after another, in one at a time.
    """

    _pump: AsyncPump | None
    _keeper: asyncio.Task[None] | None
    _runs: bool

    def _set_up(self) -> None:
        super()._set_up()
        self._pump = self._keeper = None
        self._runs = False
        self._tasks = Tasks()
        self._signals = LoopSignals()

    def in_child(self) -> None:
        """Begin anew in a process that was forked; called there by itself."""
        pump, is_at_work = self._pump, bool(self._session.at_hand)
        self._signals.leave()
        super().in_child()
        if pump is not None:
            pump.in_child(is_at_work)

    async def work(self, timeout: Seconds | None = None) -> bool:
        """Wait for one job and do it; return whether there was one.

        False means that none came within ``timeout`` seconds, or ``stop`` was called.
        A job that fails is a job done. None is taken between two calls.

        If it is cancelled, the worker leaves its job servers, which give a job at hand
        to another worker, and can be used again.

        Raises:
            WorkerError: it serves no function, or is at work already, or the timeout
                is no number.
        """
        seconds = in_seconds("timeout", timeout)
        self._check_idle(self._is_at_work(), handles_signals=False)
        given = await self._given(seconds)
        if given is None:
            return False
        # A task of its own: a handler may cancel itself, and who waits here, too.
        task = self._tasks.start(given[1], self._do_next(given))
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            given[0].hang_up(OSError("the worker was cancelled"))
            await self._tasks.finish()
            raise
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
        return True

    async def _given(self, seconds: float | None) -> Given | None:
        """Wait for one job."""
        try:
            pump, session = await self._opened(1), self._session
            until = float("inf") if seconds is None else time.monotonic() + seconds
            pump.tell(lambda: session.seek_one(until))
            while self._pump is pump:
                wait = session.patience(time.monotonic())
                if wait <= 0:
                    break
                await pump.wait(wait)
            return session.next()
        except asyncio.CancelledError:
            # A job may be on its way here, and nobody would do it.
            self._abandon()
            raise

    async def run(self, *, signals: bool = True) -> None:
        """Work until ``stop``, then close the connections.

        With ``signals``, and in the main thread, SIGTERM and SIGINT stop the worker: it
        finishes the jobs at hand and takes no more; the second one gives them back.

        Raises:
            WorkerError: it serves no function, or is at work already.
        """
        handles = self._handles(signals)
        self._check_idle(self._is_at_work(), handles)
        try:
            self._runs = True
            pump = await self._opened(self.concurrency + self.prefetch)
            if handles:
                self._signals.handle(self._stop_by_signal)
            await self._run_to_end(pump)
        finally:
            self._runs = False
            try:
                await self.close()
            finally:
                self._signals.undo()

    def _is_at_work(self) -> bool:
        """Return whether this worker runs, or its handler asks for more work."""
        return self._runs or self._tasks.holds_current()

    async def _run_to_end(self, pump: AsyncPump) -> None:
        session = self._session
        self._start_ready()
        pump.tell(session.resume)
        while self._pump is pump:
            if session.is_stopping and session.is_over(time.monotonic()):
                return
            await pump.wait()

    async def close(self) -> None:
        """Leave all job servers; jobs at hand go to other workers.

        The worker can be used again.
        """
        try:
            await self._leave()
        finally:
            self._session = Session(self._end)

    async def _leave(self) -> None:
        pump, self._pump = self._pump, None
        keeper, self._keeper = self._keeper, None
        try:
            if keeper is not None:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
            if pump is not None:
                await pump.stop_connecting()
            await self._tasks.finish()
            if pump is not None:
                await pump.close()
        except BaseException:
            # Cancelled meanwhile. A connection that stayed would take jobs for nobody.
            self._cut(pump, keeper)
            raise
        self._lose_jobs()

    def _abandon(self) -> None:
        """Leave all job servers at once; the worker can be used again."""
        pump, self._pump = self._pump, None
        keeper, self._keeper = self._keeper, None
        self._cut(pump, keeper)
        self._session = self._session.successor()

    def _cut(self, pump: AsyncPump | None, keeper: asyncio.Task[None] | None) -> None:
        if keeper is not None:
            keeper.cancel()
        if pump is not None:
            pump.abandon()
        self._tasks.cancel()
        self._lose_jobs()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _tell(self, change: Callable[[], None]) -> None:
        pump = self._pump
        if pump is not None:
            pump.tell(change)

    def _wake(self) -> None:
        pump = self._pump
        if pump is not None:
            pump.wake()

    async def _opened(self, total: int) -> AsyncPump:
        """Return what moves the bytes; begin to connect the first time."""
        if self._pump is not None and self._pump.loop is not asyncio.get_running_loop():
            self._leave_loop()
        session = self._session
        if self._pump is not None:
            if session.slots.total == total:
                return self._pump
            await self._leave()
        found = self._job_servers()
        session.open(total)
        timeouts = (self.heartbeat, self.connect_timeout)
        self._pump = pump = AsyncPump(session, self._take, self.observer, timeouts)
        for connector in found:
            pump.open(connector, self._protocol())
        self._register_all()
        self._keeper = pump.loop.create_task(self._keep(pump, session))
        return pump

    def _leave_loop(self) -> None:
        """Part from an event loop that has ended, and all that was in it."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.leave_loop()
        self._keeper = None
        self._tasks = Tasks()
        self._lose_jobs()

    async def _keep(self, pump: AsyncPump, session: Session) -> None:
        """Look round again and again, however long handlers take."""
        while True:
            await pump.pause(session.wait(time.monotonic()))
            try:
                await self._look_round(session)
            except Exception as error:
                # Nobody else would give jobs back.
                LOG.error(
                    "the worker's task goes on after an error",
                    exc_info=error,
                    extra={"action": "worker_error"},
                )
            pump.changed.set()

    async def _look_round(self, session: Session) -> None:
        if self._signals.is_doubtful:
            self._signals.check()
        self._tell(session.doubt)
        if await ask_in_thread(session.look_round(time.monotonic())):
            self._tasks.cancel()

    def _take(self, connection: AsyncWorkerConnection, assignment: Assignment) -> None:
        self._session.ready.put((connection, assignment))
        if self._runs:
            self._start_ready()
        elif self._pump is not None:
            self._pump.changed.set()

    def _start_ready(self) -> None:
        """Start the jobs that have come, as many as may run at once."""
        running, session = self._tasks.running, self._session
        ready = session.ready
        # Asked first: to catch the exception in next() takes ten times as long.
        while len(running) < self.concurrency and not ready.empty():
            given = session.next()
            if given is not None:
                self._tasks.start(given[1], self._do_next(given))

    async def _do_next(self, given: Given) -> None:
        """Do a job, then start the next; a callback would take a turn of the loop."""
        tasks = self._tasks
        try:
            await self._do(given)
        finally:
            tasks.end(given[1])
            session = self._session
            if session.is_stopping or not session.ready.empty():
                self._go_on()

    def _go_on(self) -> None:
        """Start what a handler's end, or its job's, has made room for."""
        session = self._session
        if self._runs and not session.ready.empty():
            self._start_ready()
        if session.is_stopping and self._pump is not None:
            self._pump.changed.set()

    def _let_stray(self, job: BaseJob) -> None:
        """Go on without a handler whose job has ended."""
        self._finish(job)
        self._tasks.let_stray(job.assignment)
        self._go_on()

    async def _do(self, given: Given) -> None:
        job = self._begin(given)
        if job is None:
            return
        self._signals.is_doubtful = True
        try:
            if isinstance(job, WorkerJob):
                await perform_in_thread(job, self._tasks)
            else:
                connection: Any = given[0]
                attempt = Attempt(connection, job, self._tasks, self._let_stray)
                await attempt.perform(self._passing)
        finally:
            self._finish(job)
