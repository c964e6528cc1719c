"""The client on an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from inspect import isawaitable
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from geartrain.client import requests
from geartrain.client.aio_jobs import AsyncSubmittedJob
from geartrain.client.aio_link import AsyncLink
from geartrain.client.aio_pool import AsyncPool, time_limit
from geartrain.client.batches import Batches, is_settled, lost
from geartrain.client.cancelling import cancel
from geartrain.client.planning import Plan, Planning
from geartrain.client.progress import Progress
from geartrain.client.requests import Job, Name
from geartrain.client.updates import JobStatus, job_status
from geartrain.client.verbs import Verbs
from geartrain.client.waiting import (
    Waiter,
    has_news,
    is_done,
    is_unknown,
    kept_outcome,
    outcome,
    text,
)
from geartrain.codecs import Codec, get_codec
from geartrain.errors import ClientError
from geartrain.seconds import Seconds

__all__ = ["AsyncClient"]

_T = TypeVar("_T")
_Awaited: TypeAlias = Coroutine[Any, Any, _T]


class AsyncClient(
    Verbs[
        _Awaited[Any],
        _Awaited[str],
        _Awaited[AsyncSubmittedJob],
        _Awaited[JobStatus],
        _Awaited[float],
        _Awaited[bool],
        _Awaited[None],
        AsyncIterator[str],
        AsyncIterator[Any],
    ],
    Planning[_Awaited[list[str]]],
):
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
        super()._prepare()
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

    async def _close(self) -> None:
        await self._pool.close()

    async def _result(self, job: Job, timeout: Seconds | None) -> Any:
        waiter = requests.job(job, self._codec, self._chunk_size)
        limit = self._limit(timeout)
        await self._pool.use(AsyncPool.finish, waiter, limit, waiter.name)
        return outcome(waiter)

    async def _handle(self, job: Job, timeout: Seconds | None) -> str:
        waiter = requests.job(job, self._codec, self._chunk_size)
        limit = self._limit(timeout)
        await self._pool.use(AsyncPool.answer, waiter, limit, waiter.name)
        return text(waiter.call.handle)

    async def _planned(self, plan: Plan, timeout: Seconds | None) -> list[str]:
        try:
            job = next(plan)
            while True:
                job = plan.send(await self._handle(job, timeout))
        except StopIteration as end:
            handles: list[str] = end.value
            return handles

    async def _submitted(self, job: Job, timeout: Seconds | None) -> AsyncSubmittedJob:
        waiter = requests.job(job, self._codec, self._chunk_size)
        waiter.keeps = True
        limit = self._limit(timeout)
        await self._pool.use(AsyncPool.answer, waiter, limit, waiter.name)
        return AsyncSubmittedJob(self, waiter)

    async def _status(
        self, name: Name, by_unique: bool, timeout: Seconds | None
    ) -> JobStatus:
        limit = self._limit(timeout)
        first = requests.status(name, by_unique)
        return await self._pool.use(_ask, (name, by_unique), limit, first.name)

    async def _kept_result(
        self, handle: Name, timeout: Seconds | None, codec: str | Codec | None
    ) -> Any:
        used = self._codec if codec is None else get_codec(codec)
        first = requests.follow(handle, used)
        what = handle, used
        limit = self._limit(timeout)
        waiter = await self._pool.use(_follow, what, limit, first.name)
        return kept_outcome(waiter, requests.shown(handle))

    async def _ping(self, data: Name, timeout: Seconds | None) -> float:
        waiter = requests.echo(data)
        return await self._pool.use(_ping, waiter, self._limit(timeout), waiter.name)

    async def _cancel(self, handle: Name, timeout: Seconds | None) -> None:
        servers, limit = self._servers.connectors, self._limit(timeout)
        await asyncio.to_thread(cancel, servers, handle, limit)

    async def _each(
        self, batches: Batches, limit: float | None, progress: bool
    ) -> AsyncIterator[Any]:
        with Progress(batches.name, batches.source, progress) as shown:
            try:
                while not batches.is_over:
                    await self._pool.use(_advance, batches, limit, batches.name)
                    while batches.has_arrived():
                        given = batches.take()
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

    async def _run_tasks(self, timeout: Seconds | None) -> bool:
        async with time_limit(self._limit(timeout), "the tasks"):
            while True:
                self._pool.check()
                for batch in self._unsent():
                    for question in self._questions(batch):
                        await self._pool.answer(question)
                    await self._pool.send_all(batch)
                if not await self._call_back():
                    return False
                if not self._tasks:
                    return True
                await self._wait_for_news()

    async def _call_back(self) -> bool:
        """Call the callbacks that are due; return False if one of them stops."""
        for task, callback in self._due():
            said = callback(task, task.context)
            if isawaitable(said):
                said = await said
            if said:
                return False
        return True

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

    async def _wait_for_update(self, waiter: Waiter) -> None:
        async with time_limit(self._timeout, waiter.name):
            await self._pool.wait(waiter, has_news)
        if waiter.error is not None and not waiter.updates:
            raise waiter.error

    async def _wait_for_end(self, waiter: Waiter, timeout: Seconds | None) -> None:
        async with time_limit(self._limit(timeout), waiter.name):
            await self._pool.wait(waiter, is_done)


async def _ask(pool: AsyncPool, asked: tuple[Name, bool]) -> JobStatus:
    """Ask one job server after the other for the status of a job."""
    for place in await pool.places():
        waiter = requests.status(*asked)
        await pool.send_to(place, waiter)
        await pool.answer(waiter)
        assert waiter.final is not None
        found = job_status(waiter.final)
        if found.known:
            break
    return found


async def _follow(pool: AsyncPool, asked: tuple[Name, Codec]) -> Waiter:
    """Wait for the end of a job on the first job server that knows it."""
    for place in await pool.places():
        probe = requests.echo(b"")
        await pool.send_to(place, probe)
        link: AsyncLink = probe.link
        await pool.answer(probe)
        link.check_geartrain()
        waiter = requests.follow(*asked)
        await pool.send_to(place, waiter)
        await pool.finish(waiter)
        if not is_unknown(waiter):
            break
    return waiter


async def _ping(pool: AsyncPool, waiter: Waiter) -> float:
    """Return the seconds that an echo takes; to connect is not among them."""
    await pool.link(b"")
    began = time.perf_counter()
    await pool.answer(waiter)
    return time.perf_counter() - began


async def _advance(pool: AsyncPool, batches: Batches) -> None:
    """Send what there is room for, and wait for the first."""
    for waiter in batches.take_before():
        await pool.answer(waiter)
    while batch := batches.next():
        await pool.send_all(batch)
    if not batches.waiting:
        return
    if losers := batches.lost():
        await pool.resend_all(losers)
    await pool.wait(batches.waiting[0], batches.is_enough)
