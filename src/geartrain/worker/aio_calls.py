"""Call a handler on an event loop and send its result."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from geartrain.worker import asking, returns, session
from geartrain.worker.aio_tasks import Tasks
from geartrain.worker.calls import Passing, perform, raised
from geartrain.worker.children import LINEAGE, end_if_forked
from geartrain.worker.jobs import AsyncWorkerJob, BaseJob, WorkerJob
from geartrain.worker.log import LOG
from geartrain.worker.outcomes import Retry
from geartrain.worker.returns import Questions

if TYPE_CHECKING:
    from geartrain.worker.aio_connection import AsyncWorkerConnection
    from geartrain.worker.chunked import Chunks

__all__ = ["Attempt", "ask_in_thread", "perform_in_thread"]

_Found = TypeVar("_Found")
_REFUSED: Final[asking.Answer] = "refused"


async def in_thread(question: Callable[[], _Found], otherwise: _Found) -> _Found:
    """Call it in a thread; return ``otherwise`` if the system has no thread."""
    try:
        return await asyncio.to_thread(question)
    except RuntimeError as error:
        LOG.warning(
            "no thread to ask a job server",
            exc_info=error,
            extra={"action": "server_unasked"},
        )
        return otherwise


async def ask_in_thread(questions: Questions[_Found]) -> _Found:
    """Ask one question after another, in threads; return the result."""
    try:
        question = next(questions)
        while True:
            question = questions.send(await in_thread(question, _REFUSED))
    except StopIteration as end:
        found: _Found = end.value
        return found


async def perform_in_thread(job: WorkerJob, tasks: Tasks) -> None:
    """Call a plain handler in a thread and end its job."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def resolve() -> None:
        if not done.done():
            done.set_result(None)

    def work() -> None:
        try:
            perform(job.definition, job)
        finally:
            # The event loop may have ended.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(resolve)

    # Not an executor, whose threads the interpreter waits for when it ends: a handler
    # may never return.
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=context.run, args=(work,), name=f"geartrain {job}", daemon=True
    )
    try:
        thread.start()
    except RuntimeError as error:
        raised(job, error)
        return
    while not done.done():
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError:
            if tasks.is_doomed():
                raise
            _forget_cancellation()


def _forget_cancellation() -> None:
    """Undo cancellations of this task that the worker has not made."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


class Attempt:
    """One attempt of a job whose handler is a coroutine or asynchronous generator."""

    __slots__ = ("_connection", "_job", "_let_stray", "_tasks", "_timeout")

    def __init__(
        self,
        connection: AsyncWorkerConnection,
        job: AsyncWorkerJob,
        tasks: Tasks,
        let_stray: Callable[[BaseJob], None],
    ) -> None:
        """Prepare it.

        ``let_stray`` is called with the job if the handler ignores its timeout.
        """
        self._connection = connection
        self._job = job
        self._tasks = tasks
        self._let_stray = let_stray
        self._timeout: asyncio.Timeout | None = None

    def perform(self, passing: Passing) -> Coroutine[Any, Any, None]:
        """Return a coroutine that runs the handler and ends its job.

        Exceptions of the classes ``passing`` are passed on, as is cancellation by the
        worker, and the job is left to the caller. A process that the handler has forked
        ends there.
        """
        # Not a coroutine itself, because each one that awaits another costs 800
        # instructions per job.
        if self._job.workload.startswith(b"\0"):
            return self._perform_chunked(passing)
        if self._job.timeout is None:
            return self._call(passing, None, None)
        return self._perform(passing)

    async def _perform_chunked(self, passing: Passing) -> None:
        """Join the chunks of the workload first; remove them afterwards."""
        from geartrain.worker.chunked import chunks_of

        chunks = chunks_of(self._job)
        if chunks is None:
            await self._perform(passing)
            return
        try:
            await self._perform(passing, chunks)
        finally:
            await in_thread(chunks.settle, None)

    async def _perform(self, passing: Passing, chunks: Chunks | None = None) -> None:
        limit = self._job.timeout
        watch: asyncio.TimerHandle | None = None
        if limit is not None:
            loop = asyncio.get_running_loop()
            watch = loop.call_later(limit + 2 * session.GRACE, self._insist)
        try:
            await self._call(passing, chunks, limit)
        finally:
            if watch is not None:
                watch.cancel()

    async def _call(
        self, passing: Passing, chunks: Chunks | None, limit: float | None
    ) -> None:
        job, born = self._job, LINEAGE.forks
        try:
            if limit is None and chunks is None:
                result = await self._called()
            elif limit is None:
                result = await self._result(chunks)
            else:
                result = await self._limited(chunks, limit)
            if born != LINEAGE.forks:
                end_if_forked(born)
            if job.outcome is None:
                job.send_complete(result)
        except passing as error:
            end_if_forked(born, error)
            raise
        except asyncio.CancelledError as error:
            end_if_forked(born, error)
            if await self._is_cancelled():
                raise
            raised(job, error)
        except Retry as how:
            end_if_forked(born, how)
            await self._retry(how)
        except BaseException as error:
            end_if_forked(born, error)
            await self._raised(error)

    async def _limited(self, chunks: Chunks | None, limit: float) -> Any:
        async with asyncio.timeout(limit) as self._timeout:
            return await self._result(chunks)

    async def _result(self, chunks: Chunks | None) -> Any:
        if chunks is not None:
            await asyncio.to_thread(chunks.join)
        return await self._called()

    def _called(self) -> Awaitable[Any]:
        """Call the handler; return what to await."""
        result: Awaitable[Any] | AsyncGeneratorType[Any, Any]
        result = self._job.definition.call(self._job)
        if isinstance(result, AsyncGeneratorType):
            return self._stream(result)
        return result

    async def _stream(self, pieces: AsyncGenerator[Any, Any]) -> None:
        """Send what an asynchronous generator yields, as fast as the server reads.

        It is closed early if the job server no longer wants the job.
        """
        try:
            async for piece in pieces:
                if not self._job.send_data(piece):
                    return
                await self._connection.drain()
        finally:
            await pieces.aclose()

    async def _is_cancelled(self) -> bool:
        """Return whether the worker has cancelled this task, and not its handler.

        The end of the event loop cancels all tasks at once: the worker's own task is
        then about to cancel this one, too.
        """
        if self._tasks.is_doomed():
            return True
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            return False
        _forget_cancellation()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        _forget_cancellation()
        return self._tasks.is_doomed()

    async def _retry(self, how: Retry) -> None:
        try:
            await ask_in_thread(returns.retry(self._job, how))
        except Exception as error:
            raised(self._job, error)

    async def _raised(self, error: BaseException) -> None:
        limit = self._timeout
        if isinstance(error, TimeoutError) and limit is not None and limit.expired():
            # The job server is about to end the attempt; make sure of it.
            LOG.warning(
                "%s: took longer than %s seconds, cancelled",
                self._job,
                self._job.timeout,
                extra={"action": "job_timed_out"},
            )
            await asyncio.sleep(session.GRACE)
            self._job.overdue()
        else:
            raised(self._job, error)

    def _insist(self) -> None:
        """End the attempt of a handler that has ignored its cancellation."""
        job: BaseJob = self._job
        if job.outcome is None:
            LOG.warning(
                "%s: the handler ignores its timeout, and is left running",
                job,
                extra={"action": "handler_left"},
            )
        job.overdue()
        self._let_stray(job)
