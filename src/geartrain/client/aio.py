"""The client on an event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from inspect import isawaitable
from itertools import chain
from types import TracebackType
from typing import Any, Self

from geartrain.client import requests
from geartrain.client.adding import Face
from geartrain.client.aio_jobs import AsyncSubmittedJob
from geartrain.client.aio_pool import AsyncPool, time_limit
from geartrain.client.batches import Batches, UniqueOf, forget_all, lost
from geartrain.client.cancelling import cancel
from geartrain.client.progress import Progress
from geartrain.client.requests import ABSENT, Moment, Name, Priority
from geartrain.client.updates import JobStatus, job_status
from geartrain.client.waiting import Waiter, outcome
from geartrain.codecs import Codec

__all__ = ["AsyncClient"]


class AsyncClient(Face):
    """Submits jobs to Gearman job servers and awaits their results.

    The methods are those of ``Client``, and raise the same. Any number of tasks may
    await results at once, all over one connection to each job server. Cancelling one of
    them leaves its job to itself and the others alone; if nothing else is awaited on
    the connection, that is ended, upon which the job server drops a job that has not
    started.

    Use it on one event loop at a time.
    """

    def _prepare(self) -> None:
        self._pool = AsyncPool(self._servers, self._connect_timeout, self._heartbeat)
        self._news: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections; closing twice does nothing."""
        await self._pool.close()

    async def do(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: float | None = None,
        codec: str | Codec | None = None,
        chunked: bool = False,
        reduce_with: Name = "",
    ) -> Any:
        """Run a job of normal priority in the foreground; return its result.

        Data that its worker sends before the result comes in front of it, as in the C
        and PHP libraries, if the codec is bytes or text. A workload too large for a
        packet is sent in pieces if it is ``chunked``; only workers of this library join
        them.

        Raises:
            JobFailedError: it failed; JobExceptionError if its worker said why.
        """
        used = self._codec_of(codec)
        waiter = requests.job(
            function,
            workload,
            used,
            unique,
            reduce_with=reduce_with,
            chunk_size=self._chunks(chunked),
        )
        return await self._result(waiter, used, timeout)

    async def do_high(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: float | None = None,
        codec: str | Codec | None = None,
    ) -> Any:
        """Run a job of high priority in the foreground, as ``do`` does."""
        used = self._codec_of(codec)
        waiter = requests.job(function, workload, used, unique, "high")
        return await self._result(waiter, used, timeout)

    async def do_low(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: float | None = None,
        codec: str | Codec | None = None,
    ) -> Any:
        """Run a job of low priority in the foreground, as ``do`` does."""
        used = self._codec_of(codec)
        waiter = requests.job(function, workload, used, unique, "low")
        return await self._result(waiter, used, timeout)

    async def do_background(  # noqa: PLR0913
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        at: Moment | None = None,
        delay: float | None = None,
        timeout: float | None = None,
        codec: str | Codec | None = None,
        chunked: bool = False,
        reduce_with: Name = "",
    ) -> str:
        """Queue a job of normal priority; return its handle.

        ``at`` is when it becomes ready, in seconds since 1970 or a datetime with a time
        zone; ``delay`` is in how many seconds. ``reduce_with`` names the function that
        its worker hands partial results to.
        """
        waiter = requests.job(
            function,
            workload,
            self._codec_of(codec),
            unique,
            background=True,
            at=at,
            delay=delay,
            reduce_with=reduce_with,
            chunk_size=self._chunks(chunked),
        )
        return await self._created(waiter, timeout)

    async def do_high_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: float | None = None,
        codec: str | Codec | None = None,
    ) -> str:
        """Queue a job of high priority; return its handle."""
        used = self._codec_of(codec)
        waiter = requests.job(function, workload, used, unique, "high", True)
        return await self._created(waiter, timeout)

    async def do_low_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: float | None = None,
        codec: str | Codec | None = None,
    ) -> str:
        """Queue a job of low priority; return its handle."""
        used = self._codec_of(codec)
        waiter = requests.job(function, workload, used, unique, "low", True)
        return await self._created(waiter, timeout)

    async def submit(  # noqa: PLR0913
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        priority: Priority = "normal",
        background: bool = False,
        at: Moment | None = None,
        delay: float | None = None,
        reduce_with: Name = "",
        timeout: float | None = None,
        codec: str | Codec | None = None,
        chunked: bool = False,
    ) -> AsyncSubmittedJob:
        """Submit a job and return once it is acknowledged, to follow it.

        The options are those of ``do`` and ``do_background``.
        """
        used = self._codec_of(codec)
        waiter = requests.job(
            function,
            workload,
            used,
            unique,
            priority,
            background,
            at=at,
            delay=delay,
            reduce_with=reduce_with,
            chunk_size=self._chunks(chunked),
            keeps=True,
        )
        await self._created(waiter, timeout)
        return AsyncSubmittedJob(self, waiter, used)

    async def status(self, handle: Name, *, timeout: float | None = None) -> JobStatus:
        """Ask how far a job is; of several job servers, the first that knows it."""
        return await self._ask(handle, False, timeout)

    async def status_by_unique(
        self, unique: Name, *, timeout: float | None = None
    ) -> JobStatus:
        """Ask how far the job with a unique is, and how many wait for it."""
        return await self._ask(unique, True, timeout)

    async def cancel(self, handle: Name) -> None:
        """End a job that waits or runs, by the text command ``cancel job``.

        It is asked on a connection of its own, of each job server in turn.

        Raises:
            UnknownJobError: no job server has it.
            RefusedError: the job server does not know the command.
            AdminError: a job server cannot be asked.
        """
        name = requests.shown(handle)
        servers = self._servers.connectors
        await asyncio.to_thread(cancel, servers, name, self._tls)

    async def ping(
        self, data: bytes = b"ping", *, timeout: float | None = None
    ) -> float:
        """Have a job server send some bytes back; return how many seconds it took."""
        waiter = requests.echo(data)
        async with time_limit(self._limit(timeout), waiter.name):
            await self._pool.link(b"")
            began = time.perf_counter()
            await self._answer(waiter)
            return time.perf_counter() - began

    async def submit_many(
        self,
        function: Name,
        workloads: Iterable[Any],
        *,
        unique: UniqueOf | None = None,
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        window: int = 1000,
        progress: bool = False,
    ) -> AsyncIterator[str]:
        """Queue many background jobs; give their handles, in order.

        Jobs are submitted as the handles are asked for: iterate to the end. At most
        ``window`` are on their way at a time, so that a generator of a million
        workloads needs little memory. ``unique`` makes a job's unique of its workload.
        ``progress`` shows a line on a terminal.
        """
        used = self._codec_of(codec)
        batches = Batches(function, workloads, used, unique, priority, True, window)
        waiting: deque[list[Waiter]] = deque()
        with Progress(requests.shown(function), workloads, progress) as shown:
            while not batches.is_over or waiting:
                while batch := batches.next(sum(map(len, waiting))):
                    await self._pool.send_all(batch)
                    waiting.append(batch)
                handles = await self._acknowledged(waiting) if waiting else []
                shown.add(len(handles))
                for handle in handles:
                    yield handle

    async def map(  # noqa: PLR0913
        self,
        function: Name,
        workloads: Iterable[Any],
        *,
        unique: UniqueOf | None = None,
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        window: int = 100,
        timeout: float | None = None,
        progress: bool = False,
    ) -> AsyncIterator[Any]:
        """Run many jobs in the foreground; give their results, in order.

        Jobs are submitted as the results are asked for, at most ``window`` at a time.
        ``timeout`` is how many seconds each result may be waited for. The first job
        that fails raises what ``do`` raises, and the others are not waited for.
        """
        used = self._codec_of(codec)
        batches = Batches(function, workloads, used, unique, priority, False, window)
        waiting: deque[Waiter] = deque()
        try:
            with Progress(requests.shown(function), workloads, progress) as shown:
                while not batches.is_over or waiting:
                    while batch := batches.next(len(waiting)):
                        await self._pool.send_all(batch)
                        waiting.extend(batch)
                    if not waiting:
                        return
                    if waiting[0].link is None and waiting[0].error is None:
                        await self._pool.send_all(lost(waiting))
                    async with time_limit(self._limit(timeout), waiting[0].name):
                        await self._pool.finish(waiting[0])
                    result = outcome(waiting.popleft(), used)
                    shown.add()
                    yield result
        finally:
            forget_all(waiting, self._pool.forget)

    async def run_tasks(self, *, timeout: float | None = None) -> bool:
        """Run all tasks that were added; call their callbacks as things are told.

        Returns True when all are done, False if a callback stopped it by returning
        a true value: what is left goes on with the next ``run_tasks``. A task that
        fails does not end the others: see its ``error``. What a callback returns is
        awaited if it can be.

        A callback may add tasks, which then run, too.
        """
        async with time_limit(self._limit(timeout), "the tasks"):
            while True:
                for batch in self._unsent():
                    await self._pool.send_all(batch)
                if not await self._call_back():
                    return False
                if not self._tasks:
                    return True
                await self._wait_for_news()

    def _told(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def _wait_for_news(self) -> None:
        """Return once something is told of a task, or some have to be sent again."""
        if self._line:
            return
        losers = lost(task.waiter for task in self._tasks)
        if losers:
            await self._pool.resend(losers[0])
            return
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    async def _call_back(self) -> bool:
        """Tell the callbacks what has been told; False if one of them stops."""
        while self._line:
            task, event = self._line.popleft()
            callback = task.next(event)
            if task.done:
                self._tasks.pop(task, None)
            if callback is None:
                continue
            said = callback(task, task.context)
            if isawaitable(said):
                said = await said
            if said:
                return False
        return True

    async def _result(self, waiter: Waiter, codec: Codec, timeout: float | None) -> Any:
        limit = self._limit(timeout)
        try:
            if limit is None and not waiter.before:
                await self._pool.finish(waiter)
            else:
                async with time_limit(limit, waiter.name):
                    for chunk in waiter.before:
                        await self._answer(chunk)
                    await self._pool.finish(waiter)
        except BaseException:
            self._pool.forget(waiter)
            raise
        return outcome(waiter, codec)

    async def _created(self, waiter: Waiter, timeout: float | None) -> str:
        async with time_limit(self._limit(timeout), waiter.name):
            for chunk in waiter.before:
                await self._answer(chunk)
            await self._answer(waiter)
        return waiter.handle

    async def _answer(self, waiter: Waiter) -> None:
        try:
            await self._pool.answer(waiter)
        except BaseException:
            self._pool.forget(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error

    async def _acknowledged(self, waiting: deque[list[Waiter]]) -> list[str]:
        """Return the handles of the batch that was sent first."""
        batch = waiting.popleft()
        handles = []
        for waiter in batch:
            if waiter.link is None and waiter.error is None:
                await self._pool.send_all(lost(chain(batch, *waiting)))
            await self._answer(waiter)
            handles.append(waiter.handle)
        return handles

    async def _wait_for_update(self, waiter: Waiter) -> None:
        async with time_limit(self._timeout, waiter.name):
            await self._pool.update(waiter)
        if waiter.error is not None and not waiter.updates:
            raise waiter.error

    async def _wait_for_end(self, waiter: Waiter, timeout: float | None) -> None:
        async with time_limit(self._limit(timeout), waiter.name):
            await self._pool.finish(waiter)

    async def _ask(
        self, name: Name, by_unique: bool, timeout: float | None
    ) -> JobStatus:
        async with time_limit(self._limit(timeout), f"the status of {name!r}"):
            for place in await self._pool.places():
                waiter = requests.status(name, by_unique)
                await self._pool.send_to(place, waiter)
                await self._answer(waiter)
                assert waiter.final is not None
                found = job_status(waiter.final)
                if found.known:
                    break
        return found
