"""Call a handler on an event loop, and send what comes of it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Final

from geartrain.worker import asking
from geartrain.worker.aio_links import AsyncLink
from geartrain.worker.calls import LOG, perform, raised, settle_retry
from geartrain.worker.functions import Function
from geartrain.worker.jobs import AsyncWorkerJob, BaseJob, WorkerJob
from geartrain.worker.outcomes import Retry

if TYPE_CHECKING:
    from geartrain.worker.chunked import Chunks

__all__ = ["perform_async", "perform_in_thread"]

# Seconds after a job's timeout in which the job server is to end the attempt itself.
_GRACE: Final = 2.0


async def perform_in_thread(function: Function, job: WorkerJob) -> None:
    """Call a plain handler in a thread and end the job as it says."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def resolve() -> None:
        if not done.done():
            done.set_result(None)

    def work() -> None:
        try:
            perform(function, job, BaseException)
        finally:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(resolve)

    # No executor's: the interpreter would wait for a handler that does not end.
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run, args=(work,), name=f"geartrain {job}", daemon=True
    ).start()
    await done


async def perform_async(
    link: AsyncLink, function: Function, job: AsyncWorkerJob
) -> None:
    """Await a handler and end the job as it says."""
    if job.workload.startswith(b"\0"):
        await _perform_chunked(link, function, job)
    else:
        await _perform(link, function, job)


async def _perform_chunked(
    link: AsyncLink, function: Function, job: AsyncWorkerJob
) -> None:
    """Join the chunks of the workload first, if it came so; remove them afterwards."""
    from geartrain.worker.chunked import chunks_of

    chunks = chunks_of(job)
    if chunks is None:
        await _perform(link, function, job)
        return
    try:
        await _perform(link, function, job, chunks)
    finally:
        await asyncio.to_thread(chunks.settle)


async def _perform(
    link: AsyncLink,
    function: Function,
    job: AsyncWorkerJob,
    chunks: Chunks | None = None,
) -> None:
    limit: asyncio.Timeout | None = None
    try:
        if function.timeout is None:
            result = await _result(link, function, job, chunks)
        else:
            async with asyncio.timeout(function.timeout) as limit:
                result = await _result(link, function, job, chunks)
        if job.outcome is None:
            job.send_complete(result)
    except Retry as retry:
        answer = await asyncio.to_thread(
            asking.retry, job.connector, job.handle, retry.delay, retry.error
        )
        settle_retry(job, answer)
    except Exception as error:
        if limit is not None and limit.expired() and isinstance(error, TimeoutError):
            await _overdue(job)
        else:
            raised(job, error)


async def _result(
    link: AsyncLink, function: Function, job: AsyncWorkerJob, chunks: Chunks | None
) -> Any:
    if chunks is not None:
        await asyncio.to_thread(chunks.join)
    result = function.call(job)
    if isinstance(result, AsyncGeneratorType):
        return await _stream(link, job, result)
    return await result


async def _stream(
    link: AsyncLink, job: BaseJob, pieces: AsyncGenerator[Any, Any]
) -> None:
    """Send what an asynchronous generator yields, no faster than it is taken."""
    try:
        async for piece in pieces:
            job.send_data(piece)
            await link.drain()
    finally:
        await pieces.aclose()


async def _overdue(job: BaseJob) -> None:
    """Leave it to the job server to end the attempt; see that it does."""
    LOG.warning("%r took longer than %s seconds: cancelled", job, job.timeout)
    await asyncio.sleep(_GRACE)
    if job.outcome is None:
        job.send_fail()
