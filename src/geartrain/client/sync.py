"""The blocking client."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import Any, Self

from geartrain.client import requests
from geartrain.client.adding import Face
from geartrain.client.batches import Batches, UniqueOf, forget_all, lost
from geartrain.client.cancelling import cancel
from geartrain.client.jobs import SubmittedJob
from geartrain.client.pool import Pool, deadline_after
from geartrain.client.progress import Progress
from geartrain.client.requests import ABSENT, Moment, Name, Priority
from geartrain.client.updates import JobStatus, job_status
from geartrain.client.waiting import Waiter, outcome
from geartrain.codecs import Codec

__all__ = ["Client"]


class Client(Face):
    """Submits jobs to Gearman job servers and waits for their results.

    It connects when it is first used, and again whenever it has to. Threads may share
    one, but take turns: for results side by side use ``submit``, ``map``, an
    ``Executor``, or a client for each. A process that forks may go on using it on both
    sides: the child connects anew.

    A job whose connection is lost is submitted again if it has a unique, by which the
    job server knows it; one without raises AmbiguousError before, and LostError after
    it was acknowledged.

    Names are text or bytes. A ``timeout`` is seconds, None what the client was made
    with; a foreground job that takes longer is left to itself, and if nothing else is
    awaited on the connection, that is ended, upon which the job server drops a job
    that has not started.

    All methods that speak to a job server raise:
        ConnectError: none can be reached.
        LostError, AmbiguousError: the connection was lost, as above.
        JobTimeoutError: it took too long.
        ServerError: the job server answered with an error.
        OptionError, CodecError: what was given is wrong; nothing was sent.
    """

    def _prepare(self) -> None:
        self._lock = threading.RLock()
        self._pool = Pool(self._servers, self._connect_timeout, self._heartbeat)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections; closing twice does nothing."""
        self._pool.close()

    def do(
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
        return self._result(waiter, used, timeout)

    def do_high(
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
        return self._result(waiter, used, timeout)

    def do_low(
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
        return self._result(waiter, used, timeout)

    def do_background(  # noqa: PLR0913
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
        return self._created(waiter, timeout)

    def do_high_background(
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
        return self._created(waiter, timeout)

    def do_low_background(
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
        return self._created(waiter, timeout)

    def submit(  # noqa: PLR0913
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
    ) -> SubmittedJob:
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
        self._created(waiter, timeout)
        return SubmittedJob(self, waiter, used)

    def status(self, handle: Name, *, timeout: float | None = None) -> JobStatus:
        """Ask how far a job is; of several job servers, the first that knows it."""
        return self._ask(handle, False, timeout)

    def status_by_unique(
        self, unique: Name, *, timeout: float | None = None
    ) -> JobStatus:
        """Ask how far the job with a unique is, and how many wait for it."""
        return self._ask(unique, True, timeout)

    def cancel(self, handle: Name) -> None:
        """End a job that waits or runs, by the text command ``cancel job``.

        It is asked on a connection of its own, of each job server in turn.

        Raises:
            UnknownJobError: no job server has it.
            RefusedError: the job server does not know the command.
            AdminError: a job server cannot be asked.
        """
        cancel(self._servers.connectors, requests.shown(handle), self._tls)

    def ping(self, data: bytes = b"ping", *, timeout: float | None = None) -> float:
        """Have a job server send some bytes back; return how many seconds it took."""
        waiter = requests.echo(data)
        with self._lock:
            deadline = deadline_after(self._limit(timeout))
            self._pool.link(b"", deadline)
            began = time.perf_counter()
            self._answer(waiter, deadline)
            return time.perf_counter() - began

    def submit_many(
        self,
        function: Name,
        workloads: Iterable[Any],
        *,
        unique: UniqueOf | None = None,
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        window: int = 1000,
        progress: bool = False,
    ) -> Iterator[str]:
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
                with self._lock:
                    while batch := batches.next(sum(map(len, waiting))):
                        self._pool.send_all(batch)
                        waiting.append(batch)
                    handles = self._acknowledged(waiting) if waiting else []
                shown.add(len(handles))
                yield from handles

    def map(  # noqa: PLR0913
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
    ) -> Iterator[Any]:
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
                    with self._lock:
                        while batch := batches.next(len(waiting)):
                            self._pool.send_all(batch)
                            waiting.extend(batch)
                        if not waiting:
                            return
                        if waiting[0].link is None and waiting[0].error is None:
                            self._pool.send_all(lost(waiting))
                        deadline = deadline_after(self._limit(timeout))
                        self._pool.finish(waiting[0], deadline)
                        result = outcome(waiting.popleft(), used)
                    shown.add()
                    yield result
        finally:
            with self._lock:
                forget_all(waiting, self._pool.forget)

    def run_tasks(self, *, timeout: float | None = None) -> bool:
        """Run all tasks that were added; call their callbacks as things are told.

        Returns True when all are done, False if a callback stopped it by returning
        a true value: what is left goes on with the next ``run_tasks``. A task that
        fails does not end the others: see its ``error``.

        A callback may add tasks, which then run, too.
        """
        deadline = deadline_after(self._limit(timeout))
        with self._lock:
            while True:
                for batch in self._unsent():
                    self._pool.send_all(batch)
                if not self._call_back():
                    return False
                if not self._tasks:
                    return True
                if not any(task.waiter.link is None for task in self._tasks):
                    self._pump_tasks(deadline)

    def _pump_tasks(self, deadline: float | None) -> None:
        while not self._line:
            self._pool.pump((task.waiter for task in self._tasks), deadline)

    def _call_back(self) -> bool:
        """Tell the callbacks what has been told; False if one of them stops."""
        while self._line:
            task, event = self._line.popleft()
            callback = task.next(event)
            if task.done:
                self._tasks.pop(task, None)
            if callback is not None and callback(task, task.context):
                return False
        return True

    def _result(self, waiter: Waiter, codec: Codec, timeout: float | None) -> Any:
        with self._lock:
            try:
                deadline = deadline_after(self._limit(timeout))
                for chunk in waiter.before:
                    self._answer(chunk, deadline)
                self._pool.finish(waiter, deadline)
            except BaseException:
                self._pool.forget(waiter)
                raise
        return outcome(waiter, codec)

    def _created(self, waiter: Waiter, timeout: float | None) -> str:
        with self._lock:
            deadline = deadline_after(self._limit(timeout))
            for chunk in waiter.before:
                self._answer(chunk, deadline)
            self._answer(waiter, deadline)
        return waiter.handle

    def _answer(self, waiter: Waiter, deadline: float | None) -> None:
        try:
            self._pool.answer(waiter, deadline)
        except BaseException:
            self._pool.forget(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error

    def _acknowledged(self, waiting: deque[list[Waiter]]) -> list[str]:
        """Return the handles of the slice that was sent first."""
        batch = waiting.popleft()
        handles = []
        for waiter in batch:
            if waiter.link is None and waiter.error is None:
                self._pool.send_all(lost(chain(batch, *waiting)))
            self._answer(waiter, None)
            handles.append(waiter.handle)
        return handles

    def _wait_for_update(self, waiter: Waiter) -> None:
        with self._lock:
            self._pool.update(waiter, deadline_after(self._timeout))
        if waiter.error is not None and not waiter.updates:
            raise waiter.error

    def _wait_for_end(self, waiter: Waiter, timeout: float | None) -> None:
        with self._lock:
            self._pool.finish(waiter, deadline_after(self._limit(timeout)))

    def _ask(self, name: Name, by_unique: bool, timeout: float | None) -> JobStatus:
        with self._lock:
            deadline = deadline_after(self._limit(timeout))
            for place in self._pool.places(deadline):
                waiter = requests.status(name, by_unique)
                self._pool.send_to(place, waiter)
                self._answer(waiter, deadline)
                assert waiter.final is not None
                found = job_status(waiter.final)
                if found.known:
                    break
        return found
