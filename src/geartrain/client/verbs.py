"""What a client can do: the signature and documentation of each method, once.

``Client`` and ``AsyncClient`` derive from ``Verbs``. They differ in what their methods
return, a value or a coroutine that gives it, which their type arguments say, and in how
they wait, which the private abstract methods of ``Ways`` leave to them.

A job is handed to these as it was given, and not checked and encoded: a coroutine does
that when it is awaited, not when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Unpack

from geartrain.client import requests
from geartrain.client.batches import UniqueOf
from geartrain.client.delays import Moment
from geartrain.client.options import JobOptions
from geartrain.client.requests import ABSENT, Headers, Name, Priority
from geartrain.client.ways import (
    DoneT,
    HandlesT,
    HandleT,
    JobT,
    NothingT,
    ResultsT,
    ResultT,
    SecondsT,
    StatusT,
    Ways,
)
from geartrain.codecs import Codec
from geartrain.seconds import Seconds

__all__ = ["Verbs"]


class Verbs(
    Ways[
        ResultT,
        HandleT,
        JobT,
        StatusT,
        SecondsT,
        DoneT,
        NothingT,
        HandlesT,
        ResultsT,
    ],
    Generic[
        ResultT,
        HandleT,
        JobT,
        StatusT,
        SecondsT,
        DoneT,
        NothingT,
        HandlesT,
        ResultsT,
    ],
):
    """The methods of both clients that speak to job servers."""

    def do(  # noqa: PLR0913
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
        chunked: bool = False,
        reduce_with: Name = "",
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **options: Unpack[JobOptions],
    ) -> ResultT:
        """Run a job of normal priority in the foreground; return its result.

        Data that its worker sends before the result comes in front of it, as in the C
        and PHP libraries, if the codec is bytes or text. A workload too large for a
        packet is sent in pieces if it is ``chunked``; only workers of this library join
        them. ``headers`` are texts by name, which its worker finds in ``job.headers``
        if the job server is Geartrain; others are not told them. ``options`` are those
        of ``JobOptions``, such as ``ttl`` and ``key``: another job server refuses them.
        ``fail_without_worker`` says for this job alone what it says for the client.

        Raises:
            JobFailedError: it failed; JobExceptionError if its worker said why.
            NoWorkerError: no worker has the function, and the job is to fail then.
        """
        special = (
            None,
            None,
            reduce_with,
            chunked,
            options,
            fail_without_worker,
            headers,
        )
        job = function, workload, unique, codec, "normal", False, special
        return self._result(job, timeout)

    def do_high(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **options: Unpack[JobOptions],
    ) -> ResultT:
        """Run a job of high priority in the foreground, as ``do`` does."""
        special = requests.special(headers, fail_without_worker, options)
        job = function, workload, unique, codec, "high", False, special
        return self._result(job, timeout)

    def do_low(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **options: Unpack[JobOptions],
    ) -> ResultT:
        """Run a job of low priority in the foreground, as ``do`` does."""
        special = requests.special(headers, fail_without_worker, options)
        job = function, workload, unique, codec, "low", False, special
        return self._result(job, timeout)

    def do_background(  # noqa: PLR0913
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
        headers: Headers | None = None,
        **options: Unpack[JobOptions],
    ) -> HandleT:
        """Queue a job of normal priority; return its handle.

        ``at`` is when it becomes ready, in seconds since 1970 or a datetime with a time
        zone; ``delay`` is in how many seconds, counted by the job server whatever this
        machine's clock says (a C job server goes by this machine's clock).
        ``reduce_with`` names the function that its worker hands partial results to.
        """
        special = at, delay, reduce_with, chunked, options, None, headers
        job = function, workload, unique, codec, "normal", True, special
        return self._handle(job, timeout)

    def do_high_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        **options: Unpack[JobOptions],
    ) -> HandleT:
        """Queue a job of high priority; return its handle."""
        job = (
            function,
            workload,
            unique,
            codec,
            "high",
            True,
            requests.special(headers, None, options),
        )
        return self._handle(job, timeout)

    def do_low_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        **options: Unpack[JobOptions],
    ) -> HandleT:
        """Queue a job of low priority; return its handle."""
        job = (
            function,
            workload,
            unique,
            codec,
            "low",
            True,
            requests.special(headers, None, options),
        )
        return self._handle(job, timeout)

    def submit(  # noqa: PLR0913
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
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **options: Unpack[JobOptions],
    ) -> JobT:
        """Submit a job and return once it is acknowledged, to follow it.

        The options are those of ``do`` and ``do_background``.
        """
        special = at, delay, reduce_with, chunked, options, fail_without_worker, headers
        job = function, workload, unique, codec, priority, background, special
        return self._submitted(job, timeout)

    def status(self, handle: Name, *, timeout: Seconds | None = None) -> StatusT:
        """Ask how far a job is; of several job servers, the first that knows it."""
        return self._status(handle, False, timeout)

    def status_by_unique(
        self, unique: Name, *, timeout: Seconds | None = None
    ) -> StatusT:
        """Ask how far the job with a unique is, and how many wait for it."""
        return self._status(unique, True, timeout)

    def result(
        self,
        handle: Name,
        *,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> ResultT:
        """Return the result of a job that was submitted before; wait until it has one.

        It may have been submitted by another program, and have ended since: the job
        server keeps results of background jobs for as long as the policy setting
        ``result_ttl`` of their function says, also when it is restarted. Of several job
        servers, the first that knows the job is asked.

        Raises:
            JobFailedError: it failed, is a dead letter, waited too long, or was
                cancelled; JobExceptionError if it is known why.
            JobTimeoutError: it has not ended in time.
            NoResultError: it has ended, and its result is not kept, or was too large.
            UnknownJobError: no job server knows it, or not any more.
            RefusedError: the job server is no Geartrain.
        """
        return self._kept_result(handle, timeout, codec)

    def cancel(self, handle: Name, *, timeout: Seconds | None = None) -> NothingT:
        """End a job that waits or runs, by the text command ``cancel job``.

        It is asked on a connection of its own, of each job server in turn.

        Raises:
            UnknownJobError: no job server has it.
            RefusedError: the job server does not know the command.
            AdminError: a job server cannot be asked.
        """
        return self._cancel(handle, timeout)

    def ping(self, data: Name = b"ping", *, timeout: Seconds | None = None) -> SecondsT:
        """Have a job server send some bytes back; return how many seconds it took."""
        return self._ping(data, timeout)

    def submit_many(  # noqa: PLR0913
        self,
        function: Name,
        workloads: Iterable[Any],
        *,
        unique: UniqueOf | None = None,
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        window: int = 2000,
        timeout: Seconds | None = None,
        headers: Headers | None = None,
        progress: bool = False,
        **options: Unpack[JobOptions],
    ) -> HandlesT:
        """Queue many background jobs; give their handles, in order.

        Jobs are submitted as the handles are asked for: iterate to the end. At most
        ``window`` are on their way at a time, and 64 MiB of them, so that a generator
        of a million workloads needs little memory. ``unique`` makes a job's unique of
        its workload. ``timeout`` is how many seconds each handle may be waited for.
        ``progress`` shows a line on a terminal.

        An error that ends it early has ``submissions``, which say what has become of
        each job.

        Raises:
            CutOffError: the connection was lost, and jobs without a unique with it.
        """
        handles: HandlesT = self._many(
            function,
            workloads,
            unique,
            codec,
            priority,
            True,
            requests.special(headers, None, options),
            window=window,
            timeout=timeout,
            progress=progress,
        )
        return handles

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
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        progress: bool = False,
        **options: Unpack[JobOptions],
    ) -> ResultsT:
        """Run many jobs in the foreground; give their results, in order.

        Jobs are submitted as the results are asked for, at most ``window`` at a time.
        ``timeout`` is how many seconds each result may be waited for. The first job
        that fails raises what ``do`` raises, and the others are not waited for: the
        error's ``submissions`` say what has become of them.
        """
        results: ResultsT = self._many(
            function,
            workloads,
            unique,
            codec,
            priority,
            False,
            requests.special(headers, fail_without_worker, options),
            window=window,
            timeout=timeout,
            progress=progress,
        )
        return results

    def run_tasks(self, *, timeout: Seconds | None = None) -> DoneT:
        """Run all tasks that were added; call their callbacks as things are told.

        Returns True when all are done, False if a callback stopped it by returning
        a true value: what is left goes on with the next ``run_tasks``. A task that
        fails does not end the others: see its ``error``.

        A callback may add tasks, which then run, too. With a ``Client``, one thread at
        a time runs the tasks. An ``AsyncClient`` awaits what a callback returns if it
        can be awaited.
        """
        return self._run_tasks(timeout)

    def close(self) -> NothingT:
        """End all connections; closing twice does nothing.

        Whoever waits in another thread or task gets a ClientError at once.
        """
        return self._close()
