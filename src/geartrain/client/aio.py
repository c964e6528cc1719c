"""The client on an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from inspect import isawaitable
from types import TracebackType
from typing import Any, Self

from geartrain.client import requests
from geartrain.client.adding import Face
from geartrain.client.aio_jobs import AsyncSubmittedJob
from geartrain.client.aio_pool import AsyncPool, time_limit
from geartrain.client.batches import Batches, UniqueOf, handle_of, is_settled, lost
from geartrain.client.cancelling import cancel
from geartrain.client.progress import Progress
from geartrain.client.requests import ABSENT, Moment, Name, Priority
from geartrain.client.updates import JobStatus, job_status
from geartrain.client.waiting import Waiter, has_news, is_answered, is_done, outcome
from geartrain.codecs import Codec
from geartrain.errors import ClientError
from geartrain.seconds import Seconds

__all__ = ["AsyncClient"]


class AsyncClient(Face):
    """Submits jobs to Gearman job servers and awaits their results.

    The methods are those of ``Client``, and raise the same. Any number of tasks may
    await results at once, all over one connection to each job server. Cancelling one of
    them leaves its job to itself and the others alone; if nothing else is awaited on
    the connection, that is ended, and the job server drops a job that has not
    started.

    It may outlive its event loop: on the next one it connects anew, and what was
    awaited on the one before is lost with that.
    """

    def _prepare(self) -> None:
        self._pool = AsyncPool(self._servers, self._connect_timeout, self._heartbeat)
        # Of those who wait for something to be told of a task.
        self._news: list[asyncio.Future[None]] = []

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
        """End all connections; closing twice does nothing.

        Whoever waits in another task gets a ClientError at once.
        """
        await self._pool.close()

    async def do(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: Seconds | None = None,
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
        timeout: Seconds | None = None,
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
        timeout: Seconds | None = None,
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
        delay: Seconds | None = None,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
        chunked: bool = False,
        reduce_with: Name = "",
    ) -> str:
        """Queue a job of normal priority; return its handle.

        ``at`` is when it becomes ready, in seconds since 1970 or a datetime with a time
        zone; ``delay`` is in how many seconds, counted by the job server whatever this
        machine's clock says (a C job server goes by this machine's clock).
        ``reduce_with`` names the function that its worker hands partial results to.
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
        timeout: Seconds | None = None,
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
        timeout: Seconds | None = None,
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
        delay: Seconds | None = None,
        reduce_with: Name = "",
        timeout: Seconds | None = None,
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

    async def status(
        self, handle: Name, *, timeout: Seconds | None = None
    ) -> JobStatus:
        """Ask how far a job is; of several job servers, the first that knows it."""
        return await self._ask(handle, False, timeout)

    async def status_by_unique(
        self, unique: Name, *, timeout: Seconds | None = None
    ) -> JobStatus:
        """Ask how far the job with a unique is, and how many wait for it."""
        return await self._ask(unique, True, timeout)

    async def cancel(self, handle: Name, *, timeout: Seconds | None = None) -> None:
        """End a job that waits or runs, by the text command ``cancel job``.

        It is asked on a connection of its own, of each job server in turn.

        Raises:
            UnknownJobError: no job server has it.
            RefusedError: the job server does not know the command.
            AdminError: a job server cannot be asked.
        """
        servers, limit = self._servers.connectors, self._limit(timeout)
        await asyncio.to_thread(cancel, servers, handle, limit)

    async def ping(
        self, data: Name = b"ping", *, timeout: Seconds | None = None
    ) -> float:
        """Have a job server send some bytes back; return how many seconds it took."""
        waiter = requests.echo(data)
        async with time_limit(self._limit(timeout), waiter.name):
            await self._pool.link(b"")
            began = time.perf_counter()
            await self._answer(waiter)
            return time.perf_counter() - began

    def submit_many(  # noqa: PLR0913
        self,
        function: Name,
        workloads: Iterable[Any],
        *,
        unique: UniqueOf | None = None,
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        window: int = 1000,
        timeout: Seconds | None = None,
        progress: bool = False,
    ) -> AsyncIterator[str]:
        """Queue many background jobs; give their handles, in order.

        Jobs are submitted as the handles are asked for: iterate to the end. At most
        ``window`` are on their way at a time, so that a generator of a million
        workloads needs little memory. ``unique`` makes a job's unique of its workload.
        ``timeout`` is how many seconds each handle may be waited for. ``progress``
        shows a line on a terminal.

        What ends it early has ``submissions``, which say what has become of each job.

        Raises:
            CutOffError: the connection was lost, and jobs without a unique with it.
        """
        limit = self._limit(timeout)
        used = self._codec_of(codec)
        batches = Batches(function, workloads, used, unique, priority, True, window)
        return self._each(batches, is_answered, limit, handle_of, progress)

    def map(  # noqa: PLR0913
        self,
        function: Name,
        workloads: Iterable[Any],
        *,
        unique: UniqueOf | None = None,
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        window: int = 100,
        timeout: Seconds | None = None,
        progress: bool = False,
    ) -> AsyncIterator[Any]:
        """Run many jobs in the foreground; give their results, in order.

        Jobs are submitted as the results are asked for, at most ``window`` at a time.
        ``timeout`` is how many seconds each result may be waited for. The first job
        that fails raises what ``do`` raises, and the others are not waited for: the
        error's ``submissions`` say what has become of them.
        """
        limit = self._limit(timeout)
        used = self._codec_of(codec)
        batches = Batches(function, workloads, used, unique, priority, False, window)
        return self._each(
            batches, is_done, limit, lambda waiter: outcome(waiter, used), progress
        )

    async def _each(
        self,
        batches: Batches,
        is_enough: Callable[[Waiter], bool],
        limit: float | None,
        give: Callable[[Waiter], Any],
        progress: bool,
    ) -> AsyncIterator[Any]:
        """Send jobs as there is room for them; give what has become of each."""
        with Progress(batches.name, batches.source, progress) as shown:
            try:
                while not batches.is_over:
                    async with time_limit(limit, batches.name):
                        await self._advance(batches, is_enough)
                    while batches.waiting and is_enough(batches.waiting[0]):
                        given = give(batches.waiting[0])
                        batches.take()
                        shown.add()
                        yield given
            except ClientError as error:
                if batches.has_more_to_learn(error):
                    await self._settle(batches, limit)
                raise batches.told(error) from error.__cause__
            finally:
                self._pool.forget_all(batches.waiting)

    async def _settle(self, batches: Batches, limit: float | None) -> None:
        """Wait for the answers to the jobs that were sent; not longer than for one."""
        limit = self._heartbeat if limit is None else limit
        with suppress(ClientError):
            async with time_limit(limit, batches.name):
                for waiter in batches.waiting:
                    await self._pool.wait(waiter, is_settled)

    async def _advance(
        self, batches: Batches, is_enough: Callable[[Waiter], bool]
    ) -> None:
        """Send what there is room for, and wait for the first."""
        while batch := batches.next():
            await self._pool.send_all(batch)
        if not batches.waiting:
            return
        if losers := batches.lost():
            await self._pool.resend_all(losers)
        await self._pool.wait(batches.waiting[0], is_enough)

    async def run_tasks(self, *, timeout: Seconds | None = None) -> bool:
        """Run all tasks that were added; call their callbacks as things are told.

        Returns True when all are done, False if a callback stopped it by returning
        a true value: what is left goes on with the next ``run_tasks``. A task that
        fails does not end the others: see its ``error``. What a callback returns is
        awaited if it can be.

        A callback may add tasks, which then run, too.
        """
        async with time_limit(self._limit(timeout), "the tasks"):
            while True:
                self._pool.check()
                for batch in self._unsent():
                    await self._pool.send_all(batch)
                if not await self._call_back():
                    return False
                if not self._tasks:
                    return True
                await self._wait_for_news()

    def _told(self) -> None:
        for news in self._news:
            if not news.done() and not news.get_loop().is_closed():
                news.set_result(None)

    async def _wait_for_news(self) -> None:
        """Return once something is told of a task, or some have to be sent again."""
        if self._line:
            return
        losers = lost(task.waiter for task in self._tasks)
        if losers:
            await self._pool.resend_all(losers[:1])
            return
        news = asyncio.get_running_loop().create_future()
        self._news.append(news)
        try:
            await self._pool.wait_for_any(news)
        finally:
            self._news.remove(news)

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

    async def _result(
        self, waiter: Waiter, codec: Codec, timeout: Seconds | None
    ) -> Any:
        limit = self._limit(timeout)
        try:
            if limit is None and not waiter.before:
                await self._pool.wait(waiter, is_done)
            else:
                async with time_limit(limit, waiter.name):
                    for chunk in waiter.before:
                        await self._answer(chunk)
                    await self._pool.wait(waiter, is_done)
        except BaseException:
            self._pool.forget(waiter)
            raise
        return outcome(waiter, codec)

    async def _created(self, waiter: Waiter, timeout: Seconds | None) -> str:
        limit = self._limit(timeout)
        # A limit, of none too, takes a quarter of a short call.
        if limit is None and not waiter.before:
            await self._answer(waiter)
            return waiter.handle
        async with time_limit(limit, waiter.name):
            for chunk in waiter.before:
                await self._answer(chunk)
            await self._answer(waiter)
        return waiter.handle

    async def _answer(self, waiter: Waiter) -> None:
        try:
            await self._pool.wait(waiter, is_answered)
        except BaseException:
            self._pool.forget(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error

    async def _wait_for_update(self, waiter: Waiter) -> None:
        async with time_limit(self._timeout, waiter.name):
            await self._pool.wait(waiter, has_news)
        if waiter.error is not None and not waiter.updates:
            raise waiter.error

    async def _wait_for_end(self, waiter: Waiter, timeout: Seconds | None) -> None:
        async with time_limit(self._limit(timeout), waiter.name):
            await self._pool.wait(waiter, is_done)

    async def _ask(
        self, name: Name, by_unique: bool, timeout: Seconds | None
    ) -> JobStatus:
        first = requests.status(name, by_unique)
        async with time_limit(self._limit(timeout), first.name):
            for place in await self._pool.places():
                waiter = requests.status(name, by_unique)
                await self._pool.send_to(place, waiter)
                await self._answer(waiter)
                assert waiter.final is not None
                found = job_status(waiter.final)
                if found.known:
                    break
        return found
