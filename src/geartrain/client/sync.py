"""The blocking client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from geartrain.client import requests
from geartrain.client.adding import Face
from geartrain.client.batches import Batches, UniqueOf, handle_of, is_settled
from geartrain.client.bells import Turn
from geartrain.client.cancelling import cancel
from geartrain.client.connections import Connections
from geartrain.client.jobs import SubmittedJob
from geartrain.client.pool import Lease, Pool, deadline_after
from geartrain.client.progress import Progress
from geartrain.client.requests import ABSENT, Moment, Name, Priority
from geartrain.client.updates import JobStatus, job_status
from geartrain.client.waiting import Waiter, has_news, is_answered, is_done, outcome
from geartrain.codecs import Codec
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.seconds import Seconds

__all__ = ["Client"]


class Client(Face):
    """Submits jobs to Gearman job servers and waits for their results.

    It connects when it is first used, and again whenever it has to. Any number of
    threads may share one, and signal handlers may use it: each call has a connection of
    its own, of at most ``max_connections``, which the next call uses again. A process
    that forks may go on using it on both sides: the child connects anew, and what was
    awaited before the fork is the parent's.

    A job whose connection is lost is submitted again if it has a unique, by which the
    job server knows it; one without raises AmbiguousError before, and LostError after
    it was acknowledged.

    Names are text or bytes. A ``timeout`` is seconds or a timedelta, None what the
    client was made with, and covers all of a call: looking up names, connecting,
    waiting for a connection, sending, and the answer. A foreground job that takes
    longer is left to itself, and if nothing else is awaited on the connection, that is
    ended, and the job server drops a job that has not started.

    All methods that speak to a job server raise:
        ConnectError: none can be reached.
        LostError, AmbiguousError: the connection was lost, as above.
        JobTimeoutError: it took too long.
        ServerError: the job server answered with an error.
        OptionError, CodecError: what was given is wrong; nothing was sent.
    """

    def _prepare(self) -> None:
        self._pool = Pool(
            self._servers, self._connect_timeout, self._heartbeat, self._max_connections
        )
        # Where tasks have been sent that are not done.
        self._tasks_on: Lease | None = None
        # The calls that run them: one, and those of its callbacks.
        self._tasks_runs: dict[int, None] = {}
        self._tasks_turn = Turn()

    def _told(self) -> None:
        """Do nothing: the thread that runs the tasks reads, and looks by itself."""

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
        """End all connections; closing twice does nothing.

        Whoever waits in another thread gets a ClientError at once.
        """
        self._pool.close()
        if self._tasks_on is None:
            return
        turn: list[bool] = []
        try:
            if self._tasks_turn.begin(turn, 0):
                self._end_tasks()
        finally:
            self._tasks_turn.end(turn)

    def do(
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
        return self._result(waiter, used, timeout)

    def do_high(
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
        return self._result(waiter, used, timeout)

    def do_low(
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
        return self._result(waiter, used, timeout)

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
        return self._created(waiter, timeout)

    def do_high_background(
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
        return self._created(waiter, timeout)

    def do_low_background(
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
        delay: Seconds | None = None,
        reduce_with: Name = "",
        timeout: Seconds | None = None,
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
        self._created(waiter, timeout, not background)
        return SubmittedJob(self, waiter, used)

    def status(self, handle: Name, *, timeout: Seconds | None = None) -> JobStatus:
        """Ask how far a job is; of several job servers, the first that knows it."""
        return self._ask(handle, False, timeout)

    def status_by_unique(
        self, unique: Name, *, timeout: Seconds | None = None
    ) -> JobStatus:
        """Ask how far the job with a unique is, and how many wait for it."""
        return self._ask(unique, True, timeout)

    def cancel(self, handle: Name, *, timeout: Seconds | None = None) -> None:
        """End a job that waits or runs, by the text command ``cancel job``.

        It is asked on a connection of its own, of each job server in turn.

        Raises:
            UnknownJobError: no job server has it.
            RefusedError: the job server does not know the command.
            AdminError: a job server cannot be asked.
        """
        cancel(self._servers.connectors, handle, self._limit(timeout))

    def ping(self, data: Name = b"ping", *, timeout: Seconds | None = None) -> float:
        """Have a job server send some bytes back; return how many seconds it took."""
        waiter = requests.echo(data)
        deadline = self._deadline(timeout)

        def asked(connections: Connections) -> float:
            connections.link(b"", deadline)
            began = time.perf_counter()
            self._answer(connections, waiter, deadline)
            return time.perf_counter() - began

        return self._pool.use(asked, deadline, waiter.name)

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
    ) -> Iterator[str]:
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
    ) -> Iterator[Any]:
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

    def _each(
        self,
        batches: Batches,
        is_enough: Callable[[Waiter], bool],
        limit: float | None,
        give: Callable[[Waiter], Any],
        progress: bool,
    ) -> Iterator[Any]:
        """Send jobs as there is room for them; give what has become of each."""
        with Progress(batches.name, batches.source, progress) as shown:
            try:
                while not batches.is_over:
                    self._advance(batches, is_enough, deadline_after(limit))
                    while batches.waiting and is_enough(batches.waiting[0]):
                        given = give(batches.waiting[0])
                        batches.take()
                        shown.add()
                        yield given
            except ClientError as error:
                if batches.has_more_to_learn(error):
                    self._settle(batches, limit)
                raise batches.told(error) from error.__cause__
            finally:
                self._pool.forget(batches.waiting)

    def _settle(self, batches: Batches, limit: float | None) -> None:
        """Wait for the answers to the jobs that were sent; not longer than for one."""
        deadline = deadline_after(self._heartbeat if limit is None else limit)
        with suppress(ClientError):
            for waiter in batches.waiting:
                self._pool.wait(waiter, is_settled, deadline)

    def _advance(
        self,
        batches: Batches,
        is_enough: Callable[[Waiter], bool],
        deadline: float | None,
    ) -> None:
        """Send what there is room for, and wait for the first."""

        def advance(connections: Connections) -> None:
            while batch := batches.next():
                connections.send_all(batch, deadline)
            if not batches.waiting:
                return
            if losers := batches.lost():
                connections.resend_all(losers, deadline)
            connections.bring(batches.waiting[0], is_enough, deadline)

        self._pool.use(advance, deadline, batches.name, True)
        if batches.waiting:
            self._pool.wait(batches.waiting[0], is_enough, deadline)

    def run_tasks(self, *, timeout: Seconds | None = None) -> bool:
        """Run all tasks that were added; call their callbacks as things are told.

        Returns True when all are done, False if a callback stopped it by returning
        a true value: what is left goes on with the next ``run_tasks``. A task that
        fails does not end the others: see its ``error``. One thread at a time runs
        them.

        A callback may add tasks, which then run, too.
        """
        deadline = self._deadline(timeout)
        left = None if deadline is None else deadline - time.monotonic()
        turn: list[bool] = []
        try:
            try:
                if not self._tasks_turn.begin(turn, left):
                    raise JobTimeoutError("another thread runs the tasks, and goes on")
                self._tasks_runs[id(turn)] = None
                return self._run_tasks(self._tasks_connections(deadline), deadline)
            finally:
                self._end_run(turn)
        finally:
            # An exception from elsewhere may have come amid the first time.
            if turn:
                self._end_run(turn)

    def _tasks_connections(self, deadline: float | None) -> Connections:
        """Return where the tasks are, or are to be sent."""
        lease = self._tasks_on
        if lease is None or not lease.is_held:
            lease = self._tasks_on = Lease()
            self._pool.take(lease, deadline, "the tasks", True)
        lease.thread = threading.get_ident()
        assert lease.connections is not None
        return lease.connections

    def _end_run(self, turn: list[bool]) -> None:
        """Let other threads run the tasks, if there are any left."""
        if not turn:
            return
        self._tasks_runs.pop(id(turn), None)
        lease = self._tasks_on
        is_needed = self._tasks and not self._pool.is_closed
        is_kept = is_needed and lease is not None and lease.is_held
        if not (is_kept or self._tasks_runs):
            self._end_tasks()
        self._tasks_turn.end(turn)

    def _end_tasks(self) -> None:
        """Give back the connections of the tasks."""
        if self._tasks_on is not None:
            self._pool.give(self._tasks_on)
            self._tasks_on = None

    def _run_tasks(self, connections: Connections, deadline: float | None) -> bool:
        while True:
            connections.check()
            for batch in self._unsent():
                connections.send_all(batch, deadline)
            if not self._call_back():
                return False
            if not self._tasks:
                return True
            if not any(task.waiter.link is None for task in self._tasks):
                while not self._line:
                    waiters = (task.waiter for task in self._tasks)
                    connections.pump(waiters, deadline)

    def _call_back(self) -> bool:
        """Tell the callbacks what has been told; False if one of them stops."""
        while self._line:
            task, event = self._line[0]
            callback = task.next(event)
            if task.done:
                self._tasks.pop(task, None)
            # Only then: what interrupts it leaves the event to be told.
            self._line.popleft()
            if callback is not None and callback(task, task.context):
                return False
        return True

    def _deadline(self, timeout: Seconds | None) -> float | None:
        """Return when a call has to be over."""
        return deadline_after(self._limit(timeout))

    def _result(self, waiter: Waiter, codec: Codec, timeout: Seconds | None) -> Any:
        deadline = self._deadline(timeout)

        def finish(connections: Connections) -> None:
            try:
                for chunk in waiter.before:
                    self._answer(connections, chunk, deadline)
                connections.finish(waiter, deadline)
            except BaseException:
                connections.forget(waiter)
                raise

        self._pool.use(finish, deadline, waiter.name)
        return outcome(waiter, codec)

    def _created(
        self, waiter: Waiter, timeout: Seconds | None, follows: bool = False
    ) -> str:
        deadline = self._deadline(timeout)

        def create(connections: Connections) -> None:
            for chunk in waiter.before:
                self._answer(connections, chunk, deadline)
            self._answer(connections, waiter, deadline)

        self._pool.use(create, deadline, waiter.name, follows)
        return waiter.handle

    def _answer(
        self, connections: Connections, waiter: Waiter, deadline: float | None
    ) -> None:
        try:
            connections.answer(waiter, deadline)
        except BaseException:
            connections.forget(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error

    def _wait_for_update(self, waiter: Waiter) -> None:
        self._pool.wait(waiter, has_news, deadline_after(self._timeout))
        if waiter.error is not None and not waiter.updates:
            raise waiter.error

    def _wait_for_end(self, waiter: Waiter, timeout: Seconds | None) -> None:
        self._pool.wait(waiter, is_done, self._deadline(timeout))

    def _ask(self, name: Name, by_unique: bool, timeout: Seconds | None) -> JobStatus:
        deadline = self._deadline(timeout)
        first = requests.status(name, by_unique)

        def asked(connections: Connections) -> JobStatus:
            for place in connections.places(deadline):
                waiter = requests.status(name, by_unique)
                connections.send_to(place, waiter, deadline)
                self._answer(connections, waiter, deadline)
                assert waiter.final is not None
                found = job_status(waiter.final)
                if found.known:
                    break
            return found

        return self._pool.use(asked, deadline, first.name)
